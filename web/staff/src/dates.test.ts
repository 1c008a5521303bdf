import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isDay, isMinute } from './dates.ts'

test('a day is one of the calendar, in one form', () => {
  assert.ok(isDay('2028-02-29'))
  for (const text of ['', '2027-02-29', '2026-2-1', '11/22/2026', '2026-11-22 10:53', '2026-13-01']) assert.ok(!isDay(text), text)
})

test('a minute is a day and a time of it', () => {
  assert.ok(isMinute('2026-11-22 10:53'))
  for (const text of ['', '2026-11-22', '2026-11-22 24:60', '2026-11-31 10:53']) assert.ok(!isMinute(text), text)
})
