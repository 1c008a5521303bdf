/** What kinds of proposals, purposes and cases there are, as the register's tables have them (docs/rulebook.md). */
import { ref, shallowRef } from 'vue'
import type { components } from '@shared/openapi'

export type RegisterRecord = components['schemas']['RecordAnswer']

/** The record looked at last, for the proposal about it. In memory only: it is gone with the page. */
export const lastRecord = shallowRef<RegisterRecord | null>(null)

/** What is to be corrected of whom. It says something about a person, so it too is in memory only; a login that ends by itself leaves it. */
export const correction = ref({ driver: '', fields: {} as Record<string, string> })

export interface ProposalKind {
  kind: 'suspend' | 'restore' | 'correct' | 'give-duty' | 'new-enrolment'
  act: string
  reasons: string[]
  cases: string[]
}

export const kinds: ProposalKind[] = [
  { kind: 'suspend', act: 'suspend', reasons: ['drink-driving', 'drug-driving', 'accident-liability', 'court-order', 'other-by-law'], cases: ['V', 'A'] },
  { kind: 'restore', act: 'restore', reasons: ['period-over', 'study-passed', 'penalty-revoked', 'retained-in-error', 'court-order'], cases: ['V', 'A', 'P', 'R'] },
  { kind: 'correct', act: 'correct', reasons: ['clerical-error', 'document-changed', 'rare-character', 'court-order'], cases: ['C'] },
  { kind: 'give-duty', act: 'manage-staff', reasons: ['assigned', 'stand-in'], cases: ['S'] },
  { kind: 'new-enrolment', act: 'manage-staff', reasons: ['factor-lost', 'password-forgotten', 'code-expired'], cases: ['S'] },
]

/** 扣留, on the spot: it holds at once, and a second person confirms. */
export const retaining = {
  reasons: ['drink-driving', 'points-reached', 'class-not-held', 'speeding', 'accident-suspect', 'other-by-law'],
  cases: ['R', 'A'],
}

/** Which duty decides each kind, for what the menu and the buttons may offer. */
export const decidedBy: Record<string, string> = {
  suspend: 'suspend', restore: 'restore', correct: 'correct', retain: 'confirm-retention', 'rotate-key': 'change-keys', 'retire-key': 'change-keys',
  'open-wave': 'open-wave', 'give-duty': 'manage-staff', 'new-enrolment': 'manage-staff',
}

export interface LookUpPurpose {
  code: string
  duty: string
  caseKind: string
}

export const purposes: LookUpPurpose[] = [
  { code: 'roadside-check', duty: 'patrol', caseKind: 'R' },
  { code: 'accident-at-scene', duty: 'patrol', caseKind: 'A' },
  { code: 'violation-handling', duty: 'penalty', caseKind: 'V' },
  { code: 'accident-handling', duty: 'penalty', caseKind: 'A' },
  { code: 'complaint', duty: 'penalty', caseKind: 'P' },
  { code: 'licence-business', duty: 'counter', caseKind: 'B' },
  { code: 'register-correction', duty: 'register', caseKind: 'C' },
]

export const correctable = [
  'name', 'sex', 'nationality', 'resident_address', 'address_division', 'hearing_aid_condition', 'notes', 'accumulated_points',
] as const

export const dutiesThereAre = ['patrol', 'penalty', 'counter', 'photo-review', 'register', 'rollout', 'keys', 'audit', 'system'] as const

/** `B-320500-20261121-`: what of a case number is known before somebody types its serial. The day is China's. */
export function caseBeginning(kind: string, division: string, now: Date): string {
  const today = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Asia/Shanghai', dateStyle: 'short' }).format(now).replaceAll('-', '')
  return `${kind}-${division}-${today}-`
}

const form = /^[RVAPBCSO]-\d{6}-\d{8}-\d{4,8}$/

export function isCaseNumber(text: string): boolean {
  return form.test(text)
}
