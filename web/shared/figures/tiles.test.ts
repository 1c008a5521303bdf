import assert from 'node:assert/strict'
import { test } from 'node:test'
import { brief, daysBetween, shadeOf, tiles } from './tiles.ts'

test('every province-level unit has one tile of its own', () => {
  assert.equal(new Set(tiles.map((tile) => tile.code)).size, 34)
  assert.equal(new Set(tiles.map((tile) => `${tile.row},${tile.column}`)).size, 34)
  assert.deepEqual(tiles.filter((tile) => tile.outside).map((tile) => tile.short).sort(), ['台', '港', '澳'].sort())
})

test('shades are five steps of the largest, and none for nothing', () => {
  assert.deepEqual([0, 1, 20, 21, 100].map((value) => shadeOf(value, 100)), [0, 1, 1, 2, 5])
  assert.equal(shadeOf(0, 0), 0)
})

test('days are counted over the end of a month, both ends in', () => {
  assert.deepEqual(daysBetween('2028-02-28', '2028-03-01'), ['2028-02-28', '2028-02-29', '2028-03-01'])
  assert.deepEqual(daysBetween('2028-03-01', '2028-02-28'), [])
})

test('a number fits a tile', () => {
  assert.equal(brief(999, 'en'), '999')
  assert.equal(brief(12_345, 'zh-CN'), '1.2万')
})
