/** Who is logged in, with which duties, as last heard. The token itself is in a cookie no script can read. */
import { computed, reactive } from 'vue'
import { ask, endLogin, type Problem } from '@shared/api'
import type { components } from '@shared/openapi'
import { forgetDrafts } from './drafts'
import { unusedMs, used } from './idle'

/** Nobody's hand for a while; ended by somebody else or by its age; logged out in another tab. */
export type Ended = 'idle' | 'over' | 'left'
export type Officer = components['schemas']['OfficerAnswer']

export const session = reactive({
  /** `unknown` until the server was asked. */
  is: 'unknown' as 'unknown' | 'in' | 'out',
  officer: null as Officer | null,
  /** Why a login ended that nobody here ended. */
  ended: '' as Ended | '',
})

/** Whose login was opened here, so that nobody is asked about one that never was, and every tab hears who came and went. It opens
 *  nothing. */
export const mark = 'logged-in'
export const left = 'left'
/** Whose drafts this tab has. */
const owner = 'number'
let idle = 900_000

/** So long without use, and the login ends. */
export const idleMs = (): number => idle

/** A file of the register is the whole country's: the server asks for the duty everywhere. */
const everywhereOnly = new Set(['import-register'])

export const acts = computed(
  () => new Set(session.officer?.duties.flatMap((held) => held.acts.filter((act) => held.region === 'nationwide' || !everywhereOnly.has(act))) ?? []),
)

/** Whether one of today's duties allows one of these acts. */
export function mayDo(...wanted: string[]): boolean {
  return wanted.some((act) => acts.value.has(act))
}

/** The first region one of these acts is held in, as six digits of a division: where most cases of the day are. */
export function divisionFor(...wanted: string[]): string {
  const held = session.officer?.duties.find((duty) => duty.acts.some((act) => wanted.includes(act)))
  const region = held?.region ?? ''
  return /^\d+$/.test(region) ? region.padEnd(6, '0') : '000000'
}

export function loggedIn(officer: Officer): void {
  const before = sessionStorage.getItem(owner)
  if (before && before !== officer.number) forgetDrafts()
  sessionStorage.setItem(owner, officer.number)
  idle = officer.idle_s * 1000
  session.is = 'in'
  session.officer = officer
  session.ended = ''
  localStorage.setItem(mark, officer.number)
}

export function loggedOut(why: Ended | '' = ''): void {
  session.is = 'out'
  session.officer = null
  session.ended = why
  localStorage.removeItem(mark)
}

export async function askSession(): Promise<void> {
  if (!localStorage.getItem(mark)) return loggedOut()
  try {
    const found = await ask('get', '/staff/sessions/current')
    // Who opens the page has a hand on it.
    if (session.is === 'unknown') used()
    loggedIn(found)
  } catch (problem) {
    if ((problem as Problem).status === 401) loggedOut(session.ended || (unusedMs() >= idle ? 'idle' : 'over'))
    else throw problem
  }
}

export type Factor = { totp: string } | { passkey: Record<string, never> }

/** What the last log-in left here lets the next one in also while others use the rate of this network up. */
const knownMark = 'known-mark'

export async function logIn(number: string, password: string, factor: Factor): Promise<void> {
  const found = await ask('post', '/staff/sessions', {
    knownMark: localStorage.getItem(knownMark) ?? undefined, body: { number, password, ...factor },
  })
  localStorage.setItem(knownMark, found.known_mark)
  used()
  loggedIn(found)
}

export async function logOut(): Promise<void> {
  await endLogin('/staff/sessions/current')
  localStorage.setItem(mark, left)
  loggedOut()
}
