/** Who verifies on this device: anybody, an officer, or a company. The token is in a cookie no script can read. */
import { reactive } from 'vue'
import { ask, endLogin, type Problem } from '@shared/api'
import { getPasskey } from '@shared/passkeys'

export type Kind = 'public' | 'officer' | 'company'

export interface Purpose { purpose: string; words: string; fields: string[]; bulk: boolean; notices: boolean }

export const session = reactive({
  kind: 'public' as Kind,
  name: '',
  unit: '',
  number: '',
  /** A login that ended by itself: said on every screen until somebody logs in. */
  ended: false,
  acts: [] as string[],
  /** Six digits of the region an officer retains in; empty for others. */
  division: '',
  purposes: [] as Purpose[],
})

const mark = 'verifier-login'
/** Whose drafts this tab has. */
const owner = 'drafts-of'
/** What the last log-in left here lets the next one in, also while others fail on purpose with this number. */
const knownMark = 'known-mark'

interface Marked { kind: Kind; name: string; unit: string; number: string; acts: string[]; division: string; purposes: Purpose[] }

function remember(found: Marked): void {
  const before = sessionStorage.getItem(owner)
  // What one began is there for them after a login that ended by itself, and for nobody else.
  if (before !== null && before !== found.number) sessionStorage.clear()
  sessionStorage.setItem(owner, found.number)
  Object.assign(session, found, { ended: false })
  localStorage.setItem(mark, JSON.stringify(found))
}

/** Who was logged in when the app was last open, then whether the server still agrees. */
export async function load(): Promise<void> {
  const text = localStorage.getItem(mark)
  if (!text) return
  try {
    Object.assign(session, JSON.parse(text) as Marked)
  } catch {
    return
  }
  await asked().catch((problem: Problem) => {
    if (problem.status === 401) loggedOut()
  })
}

async function asked(): Promise<void> {
  if (session.kind === 'officer') {
    const found = await ask('get', '/staff/sessions/current')
    remember(officer(found))
  } else if (session.kind === 'company') await company(session.number)
}

interface Officer { name: string; unit: string; number: string; duties: { acts: string[]; region: string }[] }

function officer({ name, unit, number, duties }: Officer): Marked {
  const region = duties.find(({ acts }) => acts.includes('retain'))?.region ?? ''
  const division = /^\d+$/.test(region) ? region.padEnd(6, '0') : ''
  return { kind: 'officer', name, unit, number, acts: [...new Set(duties.flatMap(({ acts }) => acts))], division, purposes: [] }
}

export async function logInOfficer(number: string, password: string, proof: { totp: string } | { passkey: Record<string, unknown> }): Promise<void> {
  const found = await ask('post', '/staff/sessions', { knownMark: localStorage.getItem(knownMark) ?? undefined, body: { number, password, ...proof } })
  localStorage.setItem(knownMark, found.known_mark)
  remember(officer(found))
}

/** Options from the server, an answer from the security key or the device itself. Throws PasskeyNotUsed. */
export async function passkey(): Promise<Record<string, unknown>> {
  const { options } = await ask('post', '/staff/second-factors/passkey-challenges')
  return getPasskey(options)
}

export async function logInCompany(id: string, secret: string): Promise<void> {
  await ask('post', '/relying/token', { basic: { user: id, password: secret }, form: { grant_type: 'client_credentials' } })
  await company(id)
}

async function company(id: string): Promise<void> {
  const { name, purposes } = await ask('get', '/relying/registration')
  remember({ kind: 'company', name, unit: name, number: id, acts: [], division: '', purposes })
}

/** The server no longer knows this login. */
export function loggedOut(): void {
  const ended = session.ended || session.kind !== 'public'
  Object.assign(session, { kind: 'public', name: '', unit: '', number: '', acts: [], division: '', purposes: [], ended })
  localStorage.removeItem(mark)
}

export async function logOut(): Promise<void> {
  await endLogin(session.kind === 'officer' ? '/staff/sessions/current' : '')
  loggedOut()
  session.ended = false
}
