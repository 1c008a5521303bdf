/** What the result screen shows, from whatever was found out: one shape for the answer of this device and of the server. Pure. */
import {
  PLATE_KINDS, REASONS, STEPS, allowedOfPlate, chinaDay, isoDay, misreadOf,
  type DrivingClass, type OfflineAnswer, type Words,
} from '../../shared/live-code/index.ts'

/** Grey is for a status that was not checked: genuine, and no more than that. */
export type Colour = 'green' | 'red' | 'amber' | 'grey'
export type Icon = '✔' | '✖' | '!' | '?'

export interface Row { key: string; value: string }

export interface Shown {
  colour: Colour
  icon: Icon
  outcome: string
  words: Words
  reasons: Words[]
  /** What was read, when it was no code of this system. */
  misread: string | null
  name: string | null
  number: string | null
  sex: string | null
  classes: string[]
  validFrom: string | null
  /** null: long-term; undefined: not said. */
  validUntil?: string | null
  authority: string | null
  points: number | null
  status: Words | null
  /** Epoch seconds. */
  statusAsOf: number | null
  checkedAt: number
  by: 'server' | 'device'
  classAsked: string | null
  classHeld: boolean | null
  plateKind: string | null
  /** For the plate kind: which of its classes are held. */
  plateClasses: string[]
  listed: { listed: string; asOf: number } | null
  failedStep: string | null
  verification: string | null
  /** Grows with every change of standing; from the server only. */
  standingVersion: number | null
  /** Address of the portrait, for the next five minutes. */
  portrait: string | null
  /** WOFF2, base64url: the rare characters of the name. */
  font: string | null
}

/** A verdict of the API, as far as it is read here. */
export interface Verdict {
  outcome: string
  tone: string
  words: Words
  reasons: { code: string; words: Words }[]
  checked_at: string
  verification?: string | null
  step?: { name: string } | null
  holder?: {
    name?: string; number?: string; sex?: string; classes?: string; valid_from?: string; valid_until?: string | null; authority?: string
  } | null
  standing?: { as_of: string; points?: number | null; status_words?: Words | null; may_drive: boolean; standing_version?: number } | null
  class?: { asked: string; allowed: boolean | null } | null
  portrait?: string | null
  font?: string | null
}

const ICON: Record<Colour, Icon> = { green: '✔', red: '✖', amber: '!', grey: '?' }

/** The wanted thing of the select: nothing, a class (`C1`) or a kind of plate (`plate 02`). */
export function wantedOf(choice: string): { wantClass?: DrivingClass; plateKind?: string } {
  if (!choice) return {}
  return choice.startsWith('plate ') ? { plateKind: choice.slice(6) } : { wantClass: choice as DrivingClass }
}

/** Green is for a valid answer and nothing else, whatever tone came with it. */
export function colourOf(outcome: string, tone: string): Colour {
  if (outcome === 'status_not_checked' || outcome === 'status_superseded') return 'grey'
  if (outcome === 'valid') return tone === 'green' ? 'green' : 'amber'
  return tone === 'amber' ? 'amber' : 'red'
}

const nothing = {
  misread: null, name: null, number: null, sex: null, classes: [], validFrom: null, authority: null, points: null, status: null,
  statusAsOf: null, classAsked: null, classHeld: null, plateKind: null, plateClasses: [], listed: null, failedStep: null,
  verification: null, portrait: null, standingVersion: null, font: null,
} satisfies Partial<Shown>

/** What this device found out by itself. */
export function ofDevice(answer: OfflineAnswer, at: number, plateKind?: string): Shown {
  const { holder, standing } = answer
  const shown: Shown = {
    ...nothing,
    ...face(answer.decision.outcome, answer.tone),
    words: answer.headline,
    reasons: [...answer.reasons],
    name: holder?.name ?? null,
    number: holder?.maskedNumber ?? null,
    sex: holder?.sex ?? null,
    classes: [...(holder?.classes ?? [])],
    validFrom: holder ? isoDay(holder.validFrom) : null,
    validUntil: holder ? (holder.validUntil === null ? null : isoDay(holder.validUntil)) : undefined,
    authority: holder?.authority ?? null,
    points: standing?.points ?? null,
    statusAsOf: standing?.asOf ?? null,
    checkedAt: at,
    by: 'device',
    classAsked: answer.classAsked,
    classHeld: answer.classHeld,
    listed: answer.listed,
    failedStep: answer.step,
  }
  return withPlate(shown, at, plateKind)
}

/** What the server said. */
export function ofServer(verdict: Verdict, plateKind?: string): Shown {
  const { holder, standing } = verdict
  const at = Date.parse(verdict.checked_at) / 1000
  const shown: Shown = {
    ...nothing,
    ...face(verdict.outcome, verdict.tone),
    words: verdict.words,
    reasons: verdict.reasons.map((reason) => reason.words),
    name: holder?.name ?? null,
    number: holder?.number ?? null,
    sex: holder?.sex ?? null,
    classes: holder?.classes ? classesIn(holder.classes) : [],
    validFrom: holder?.valid_from ?? null,
    validUntil: holder?.valid_until,
    authority: holder?.authority ?? null,
    points: standing?.points ?? null,
    status: standing?.status_words ?? null,
    statusAsOf: standing ? Date.parse(standing.as_of) / 1000 : null,
    checkedAt: at,
    by: 'server',
    classAsked: verdict.class?.asked ?? null,
    classHeld: verdict.class?.allowed ?? null,
    failedStep: verdict.step?.name ?? null,
    verification: verdict.verification ?? null,
    standingVersion: standing?.standing_version ?? null,
    portrait: verdict.portrait ?? null,
    font: verdict.font ?? null,
  }
  return withPlate(shown, at, plateKind)
}

function face(outcome: string, tone: string): Pick<Shown, 'outcome' | 'colour' | 'icon'> {
  const colour = colourOf(outcome, tone)
  return { outcome, colour, icon: ICON[colour] }
}

function classesIn(text: string): string[] {
  return text.match(/[A-Z][0-9]?/g) ?? []
}

/** A plate allows any of several classes; when none of them is held, the answer is no, with its reason in its place. */
function withPlate(shown: Shown, at: number, kind: string | undefined): Shown {
  if (kind === undefined || !PLATE_KINDS.some(({ code }) => code === kind)) return shown
  if (shown.classes.length === 0) return { ...shown, plateKind: kind }
  const held = allowedOfPlate(shown.classes.join(''), kind, chinaDay(at)) ?? []
  const said = { ...shown, plateKind: kind, plateClasses: held }
  if (held.length > 0) return said
  const outcome = ['valid', 'status_not_checked'].includes(shown.outcome) ? 'may_not_drive' : shown.outcome
  const isNew = outcome !== shown.outcome
  return {
    ...said,
    ...(isNew ? { ...face(outcome, 'red'), words: { zh: '证件真实，但不得驾驶', en: 'Genuine, but may not drive' } } : {}),
    reasons: isNew ? [REASONS.class_not_held, ...shown.reasons] : [...shown.reasons, REASONS.class_not_held],
  }
}

/** What was read is no code of a driver: which sort of thing it is. `half`: it begins like one. null: it may be one. */
export function strange(text: string): string | null {
  if (/^LZR1:/.test(text)) return 'request'
  if (/^(mdoc:|openid4vp:|HC1:|vc\+)/i.test(text)) return 'other_system'
  if (/^(weixin:|wxp:|alipay)|\b(qr\.alipay\.com|payapp\.weixin|wx\.tenpay|95516\.com)/i.test(text)) return 'payment'
  const misread = misreadOf(text)
  if (misread === 'payment code') return 'payment'
  return misread === null ? null : misread.replace(/ /g, '_')
}

/** Nothing of ours was read: amber, and what it was. */
export function ofStrange(what: string, at: number): Shown {
  return {
    ...nothing, outcome: 'unreadable', colour: 'amber', icon: '!', misread: what,
    words: { zh: '不是驾驶证亮码', en: 'Not a driving licence code' }, reasons: [], checkedAt: at, by: 'device',
  }
}

/** The names of the steps that held, and the one that did not. */
export function stepsOf(shown: Shown): { name: string; held: boolean | null }[] {
  const failed = shown.failedStep === null ? -1 : (STEPS as readonly string[]).indexOf(shown.failedStep)
  return STEPS.filter((name) => name !== 'purpose').map((name, place) => ({
    name, held: failed < 0 ? true : place < failed ? true : place === failed ? false : null,
  }))
}

/** A name as the history keeps it: the first character, and a star for each other. */
export function masked(name: string): string {
  const characters = [...name]
  return characters[0] + '*'.repeat(Math.min(Math.max(characters.length - 1, 1), 3))
}
