import { describe, expect, it } from 'vitest'
import { caseBeginning, isCaseNumber } from './casework'

describe('a case number', () => {
  it('begins with the day in China', () => {
    expect(caseBeginning('B', '320500', new Date('2026-11-21T16:00:00Z'))).toBe('B-320500-20261122-')
    expect(caseBeginning('B', '320500', new Date('2026-11-21T15:59:59Z'))).toBe('B-320500-20261121-')
  })

  it('needs its serial', () => {
    const begun = caseBeginning('R', '000000', new Date())
    expect(isCaseNumber(begun)).toBe(false)
    expect(isCaseNumber(`${begun}123`)).toBe(false)
    expect(isCaseNumber(`${begun}0001`)).toBe(true)
    expect(isCaseNumber(`X${begun.slice(1)}0001`)).toBe(false)
  })
})
