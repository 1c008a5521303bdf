import assert from 'node:assert/strict'
import { test } from 'node:test'
import { caseBeginning, isCaseNumber } from './casework.ts'

test('a case number begins with the day in China', () => {
  assert.equal(caseBeginning('B', '320500', new Date('2026-11-21T16:00:00Z')), 'B-320500-20261122-')
  assert.equal(caseBeginning('B', '320500', new Date('2026-11-21T15:59:59Z')), 'B-320500-20261121-')
})

test('a case number needs its kind and its serial', () => {
  const begun = caseBeginning('R', '000000', new Date())
  assert.equal(isCaseNumber(begun), false)
  assert.equal(isCaseNumber(`${begun}123`), false)
  assert.equal(isCaseNumber(`${begun}0001`), true)
  assert.equal(isCaseNumber(`${begun}123456789`), false)
  assert.equal(isCaseNumber(`X${begun.slice(1)}0001`), false)
})
