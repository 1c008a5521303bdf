import assert from 'node:assert/strict'
import { test } from 'node:test'
import { code39 } from './code39.ts'

test('every letter has three wide of nine and takes fifteen narrow bars', () => {
  for (const letter of '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. ') {
    const found = code39(letter)!
    // Start, letter and stop: 3 × 15, two gaps, two quiet zones of ten.
    assert.equal(found.width, 3 * 15 + 2 + 20)
    assert.equal(found.bars.length, 15)
  }
})

test('letters differ', () => {
  const all = [...'0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-. '].map((letter) => JSON.stringify(code39(letter)))
  assert.equal(new Set(all).size, 39)
})

test('the start mark is narrow bar, wide gap', () => {
  const { bars } = code39('1')!
  assert.deepEqual(bars[0], { at: 10, width: 1 })
  assert.deepEqual(bars[1], { at: 14, width: 1 })
})

test('what Code 39 cannot say gives nothing', () => {
  assert.equal(code39('ÄB'), null)
  assert.equal(code39('1*2'), null)
})
