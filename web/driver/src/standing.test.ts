import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ago, chinaDay, standing, statusWords } from './standing.ts'

const claims = {
  licenceId: new Uint8Array(16), version: 1, status: 'A', points: 0, mayDrive: true, standingVersion: 1, asOf: 1_800_000_000, exp: 1_800_259_200,
}
const at = (seconds: number): number => (claims.asOf + seconds) * 1000

test('a status heard just now is well', () => {
  assert.partialDeepStrictEqual(standing(claims, 86_400, at(5)), { mood: 'ok', first: null, ageS: 5, hoursLeft: 71 })
})

test('after the amber time it is old, after its end it is not known', () => {
  assert.equal(standing(claims, 86_400, at(86_400)).mood, 'ok')
  assert.equal(standing(claims, 86_400, at(86_401)).mood, 'old')
  assert.partialDeepStrictEqual(standing(claims, 86_400, at(259_200)), { mood: 'unknown', expired: true })
})

test('who may not drive is told so however old the status is, the most severe first', () => {
  assert.partialDeepStrictEqual(standing({ ...claims, status: 'DH', mayDrive: false }, 86_400, at(300_000)), { mood: 'bad', first: 'D', letters: ['D', 'H'] })
})

test('a pending violation is said beside a status that lets drive', () => {
  assert.partialDeepStrictEqual(standing({ ...claims, status: 'H' }, 86_400, at(1)), { mood: 'ok', first: 'H' })
})

test('a licence whose last day is over is red, whatever the last status said', () => {
  const today = chinaDay(at(5))
  assert.equal(standing(claims, 86_400, at(5), today).mood, 'ok')
  assert.equal(standing(claims, 86_400, at(5), null).mood, 'ok')
  const over = standing(claims, 86_400, at(5), today - 1)
  assert.partialDeepStrictEqual(over, { mood: 'bad', icon: '✖', over: true })
  assert.deepEqual(statusWords(over, false, (key) => key), ['status.over'])
  assert.equal(standing(null, 86_400, at(5), today - 1).mood, 'bad')
  const also = standing({ ...claims, status: 'H' }, 86_400, at(5), today - 1)
  assert.deepEqual(statusWords(also, false, (key) => key), ['status.over', '违法未处理'])
})

test('nothing heard is not known', () => {
  assert.partialDeepStrictEqual(standing(null, 86_400, at(0)), { mood: 'unknown', letters: [] })
})

test('a phone behind the server shows no negative age', () => {
  assert.equal(standing(claims, 86_400, at(-30)).ageS, 0)
})

test('ages are words', () => {
  assert.equal(ago(4, 'zh-CN'), '刚刚')
  assert.equal(ago(8, 'zh-CN'), '8秒钟前')
  assert.equal(ago(7200, 'en'), '2 hours ago')
})
