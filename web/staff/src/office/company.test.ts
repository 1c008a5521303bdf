import assert from 'node:assert/strict'
import { test } from 'node:test'
import { changeOf, grantsOf, registeredOf } from './company.ts'

const company = {
  purposes: [{ purpose: 'rental', fields: ['may_drive', 'valid_until'], bulk: false, notices: false }, { purpose: 'employment', fields: ['may_drive'], bulk: true, notices: true }],
  per_minute: 60, per_day: 900,
}

test('what a form was filled with comes out of it again', () => {
  assert.deepEqual(grantsOf(registeredOf(company)), company.purposes)
})

test('a mark taken away is gone, and only it', () => {
  const typed = registeredOf(company)
  typed.bulk = []
  assert.deepEqual(grantsOf(typed)[1], { purpose: 'employment', fields: ['may_drive'], bulk: false, notices: true })
})

test('changes of the history are read', () => {
  assert.deepEqual(changeOf('purpose rental removed'), { what: 'removed', purpose: 'rental' })
  assert.deepEqual(changeOf('quota 10 a minute, 200 a day'), { what: 'quota', per_minute: 10, per_day: 200 })
  assert.deepEqual(changeOf('secret renewed'), { what: 'secret' })
  assert.equal(changeOf('documents seen'), null)
})
