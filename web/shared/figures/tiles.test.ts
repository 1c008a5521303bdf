import { expect, test } from 'vitest'
import { daysBetween, shadeOf, tiles } from './tiles'

test('every province-level unit has one tile of its own', () => {
  expect(new Set(tiles.map((tile) => tile.code)).size).toBe(34)
  expect(new Set(tiles.map((tile) => `${tile.row},${tile.column}`)).size).toBe(34)
  expect(tiles.filter((tile) => tile.outside).map((tile) => tile.zh).sort()).toEqual(['台', '港', '澳'].sort())
})

test('shades are five steps of the largest, and none for nothing', () => {
  expect([0, 1, 20, 21, 100].map((value) => shadeOf(value, 100))).toEqual([0, 1, 1, 2, 5])
  expect(shadeOf(0, 0)).toBe(0)
})

test('days are counted over the end of a month, both ends in', () => {
  expect(daysBetween('2028-02-28', '2028-03-01')).toEqual(['2028-02-28', '2028-02-29', '2028-03-01'])
  expect(daysBetween('2028-03-01', '2028-02-28')).toEqual([])
})
