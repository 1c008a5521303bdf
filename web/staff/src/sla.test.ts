import assert from 'node:assert/strict'
import { test } from 'node:test'
import { indexOf, keyOf, left } from './sla.ts'

const at = (china: string): Date => new Date(`2026-11-24T${china}:00+08:00`)

test('the promised day ends at midnight in China', () => {
  assert.deepEqual(left('2026-11-24', at('23:59')), { hours: 0, urgency: 'soon' })
  assert.equal(left('2026-11-23', at('00:00')).hours, 0)
  assert.deepEqual(left('2026-11-23', at('00:01')), { hours: -1, urgency: 'late' })
})

test('the promised day is near in its last eight hours', () => {
  assert.equal(left('2026-11-24', at('16:00')).urgency, 'calm')
  assert.equal(left('2026-11-24', at('16:01')).urgency, 'soon')
})

test('the key of a reason leads back to it, and is none of the queue', () => {
  for (let index = 0; index < 14; index++) assert.equal(indexOf(keyOf(index)), index)
  for (const key of 'AJKPR') assert.equal(indexOf(key), -1)
  assert.equal(keyOf(14), '')
  assert.equal(indexOf('Enter'), -1)
})
