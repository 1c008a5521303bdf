import { expect, test } from 'vitest'
import { ago, standing } from './standing'

const claims = {
  licenceId: new Uint8Array(16), version: 1, status: 'A', points: 0, mayDrive: true, standingVersion: 1, asOf: 1_800_000_000, exp: 1_800_259_200,
}
const at = (seconds: number): number => (claims.asOf + seconds) * 1000

test('a status heard just now is well', () => {
  expect(standing(claims, 86_400, at(5))).toMatchObject({ mood: 'ok', first: null, ageS: 5, hoursLeft: 71 })
})

test('after the amber time it is old, after its end it is not known', () => {
  expect(standing(claims, 86_400, at(86_400)).mood).toBe('ok')
  expect(standing(claims, 86_400, at(86_401)).mood).toBe('old')
  expect(standing(claims, 86_400, at(259_200))).toMatchObject({ mood: 'unknown', expired: true })
})

test('who may not drive is told so however old the status is, the most severe first', () => {
  expect(standing({ ...claims, status: 'DH', mayDrive: false }, 86_400, at(300_000))).toMatchObject({ mood: 'bad', first: 'D', letters: ['D', 'H'] })
})

test('a pending violation is said beside a status that lets drive', () => {
  expect(standing({ ...claims, status: 'H' }, 86_400, at(1))).toMatchObject({ mood: 'ok', first: 'H' })
})

test('nothing heard is not known', () => {
  expect(standing(null, 86_400, at(0))).toMatchObject({ mood: 'unknown', letters: [] })
})

test('a phone behind the server shows no negative age', () => {
  expect(standing(claims, 86_400, at(-30)).ageS).toBe(0)
})

test('ages are words', () => {
  expect(ago(8, 'zh-CN')).toBe('8秒钟前')
  expect(ago(7200, 'en')).toBe('2 hours ago')
})
