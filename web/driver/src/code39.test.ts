import { expect, test } from 'vitest'
import { code39 } from './code39'

test('every letter has three wide of nine and takes fifteen narrow bars', () => {
  for (const letter of '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. ') {
    const found = code39(letter)!
    // Start, letter and stop: 3 × 15, two gaps, two quiet zones of ten.
    expect(found.width).toBe(3 * 15 + 2 + 20)
    expect(found.bars).toHaveLength(15)
  }
})

test('letters differ', () => {
  const all = [...'0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. '].map((letter) => JSON.stringify(code39(letter)))
  expect(new Set(all).size).toBe(39)
})

test('the start mark is narrow bar, wide gap', () => {
  const { bars } = code39('1')!
  expect(bars[0]).toEqual({ at: 10, width: 1 })
  expect(bars[1]).toEqual({ at: 14, width: 1 })
})

test('what Code 39 cannot say gives nothing', () => {
  expect(code39('ÄB')).toBeNull()
  expect(code39('1*2')).toBeNull()
})
