import assert from 'node:assert/strict'
import { test } from 'node:test'
import { csv } from './csv.ts'

test('what needs quotes has them', () => {
  assert.equal(csv([['a', 'b,c', 'say "no"', 'two\nlines', '例']]), 'a,"b,c","say ""no""","two\nlines",例\r\n')
})

test('what a spreadsheet would carry out is shown', () => {
  for (const text of ['=1+1', '+1', '-1', '@SUM(A1)', '\tx', '\0=1', '＝1+1', '＠SUM(A1)']) assert.equal(csv([[text]]), `'${text}\r\n`)
  assert.equal(csv([['1-1']]), '1-1\r\n')
})
