import { expect, test } from 'vitest'
import { changeOf, grantsOf, registeredOf } from './company'

const company = {
  purposes: [{ purpose: 'rental', fields: ['may_drive', 'valid_until'], bulk: false, notices: false }, { purpose: 'employment', fields: ['may_drive'], bulk: true, notices: true }],
  per_minute: 60, per_day: 900,
}

test('what a form was filled with comes out of it again', () => {
  expect(grantsOf(registeredOf(company))).toEqual(company.purposes)
})

test('a purpose left without marks stays without', () => {
  const typed = registeredOf(company)
  typed.bulk = []
  expect(grantsOf(typed)[1]).toEqual({ purpose: 'employment', fields: ['may_drive'], bulk: false, notices: true })
})

test('changes of the history are read', () => {
  expect(changeOf('purpose rental removed')).toEqual({ what: 'removed', purpose: 'rental' })
  expect(changeOf('quota 10 a minute, 200 a day')).toEqual({ what: 'quota', per_minute: 10, per_day: 200 })
  expect(changeOf('secret renewed')).toEqual({ what: 'secret' })
  expect(changeOf('documents seen')).toBeNull()
})
