/** What a company registered, as a form holds it. */
import type { components } from '@shared/openapi'

export type Purpose = components['schemas']['PurposeAnswer']
type Grant = components['schemas']['CompanyGrant']

export interface Registered {
  /** Fields by purpose; a purpose without any is not asked for. */
  chosen: Record<string, string[]>
  bulk: string[]
  notices: string[]
  per_minute: number
  per_day: number
}

export const nothingRegistered = (): Registered => ({ chosen: {}, bulk: [], notices: [], per_minute: 600, per_day: 20000 })

export function grantsOf(typed: Registered): Grant[] {
  return Object.entries(typed.chosen).map(([purpose, fields]) => ({ purpose, fields, bulk: typed.bulk.includes(purpose), notices: typed.notices.includes(purpose) }))
}

export function registeredOf(company: { purposes: Grant[]; per_minute: number; per_day: number }): Registered {
  const having = (mark: 'bulk' | 'notices') => company.purposes.filter((grant) => grant[mark]).map((grant) => grant.purpose)
  return {
    chosen: Object.fromEntries(company.purposes.map((grant) => [grant.purpose, [...grant.fields]])),
    bulk: having('bulk'), notices: having('notices'), per_minute: company.per_minute, per_day: company.per_day,
  }
}

/** What a change in a company's history was: the server's own words, taken apart to be said in any language. */
export function changeOf(reason: string): { what: 'set' | 'removed'; purpose: string } | { what: 'quota'; per_minute: number; per_day: number } | { what: 'secret' } | null {
  const purpose = /^purpose (\S+) (set|removed)$/.exec(reason)
  if (purpose) return { what: purpose[2] as 'set' | 'removed', purpose: purpose[1]! }
  const quota = /^quota (\d+) a minute, (\d+) a day$/.exec(reason)
  if (quota) return { what: 'quota', per_minute: Number(quota[1]), per_day: Number(quota[2]) }
  return reason === 'secret renewed' ? { what: 'secret' } : null
}
