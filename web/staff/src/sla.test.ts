import { describe, expect, it } from 'vitest'
import { indexOf, keyOf, left } from './sla'

const at = (china: string) => new Date(`2026-11-24T${china}:00+08:00`)

describe('the promised day', () => {
  it('ends at midnight in China', () => {
    expect(left('2026-11-24', at('23:59'))).toEqual({ hours: 0, urgency: 'soon' })
    expect(left('2026-11-23', at('00:00')).hours).toBe(0)
    expect(left('2026-11-23', at('00:01'))).toEqual({ hours: -1, urgency: 'late' })
  })

  it('is near in its last eight hours', () => {
    expect(left('2026-11-24', at('16:00')).urgency).toBe('calm')
    expect(left('2026-11-24', at('16:01')).urgency).toBe('soon')
  })
})

describe('the keys of reasons', () => {
  it('lead back to their reason, and are none of the queue', () => {
    for (let index = 0; index < 14; index++) expect(indexOf(keyOf(index))).toBe(index)
    for (const key of 'AJKPR') expect(indexOf(key)).toBe(-1)
    expect(keyOf(14)).toBe('')
    expect(indexOf('Enter')).toBe(-1)
  })
})
