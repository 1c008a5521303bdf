/** Who is logged in, with which duties, as last heard. The token itself is in a cookie no script can read. */
import { computed, reactive } from 'vue'
import { ask, endLogin, type Problem } from '@shared/api'
import type { components } from '@shared/openapi'

export type Officer = components['schemas']['OfficerAnswer']

export const session = reactive({
  /** `unknown` until the server was asked. */
  is: 'unknown' as 'unknown' | 'in' | 'out',
  officer: null as Officer | null,
})

/** A mark that a login was opened here, so that nobody is asked about one that never was. It opens nothing. */
const mark = 'logged-in'

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
  session.is = 'in'
  session.officer = officer
  localStorage.setItem(mark, 'yes')
}

export function loggedOut(): void {
  session.is = 'out'
  session.officer = null
  localStorage.removeItem(mark)
}

export async function askSession(): Promise<void> {
  if (!localStorage.getItem(mark)) return loggedOut()
  try {
    loggedIn(await ask('get', '/staff/sessions/current'))
  } catch (problem) {
    if ((problem as Problem).status === 401) loggedOut()
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
  loggedIn(found)
}

export async function logOut(): Promise<void> {
  await endLogin('/staff/sessions/current')
  loggedOut()
}
