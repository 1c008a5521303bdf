/** Whether somebody is logged in on this phone, as last heard. The token itself is in a cookie no script can read. */
import { reactive } from 'vue'
import { ask, endLogin, type Problem } from '@shared/api'
import * as kept from '@shared/kept'
import { tellTabs, whenTabSays } from './tabs'

export const session = reactive({
  /** `unknown` until the server was asked, and while it cannot be. */
  is: 'unknown' as 'unknown' | 'in' | 'out',
  level: 0,
  /** It was open and ended by itself, half-way through something. */
  ended: false,
  unread: 0,
})

/** A mark that a login was opened here, so that nobody is asked about one that never was. It opens nothing. */
const mark = 'logged-in'

export function wasLoggedIn(): boolean {
  return localStorage.getItem(mark) !== null
}

export async function askSession(): Promise<void> {
  if (!wasLoggedIn()) {
    session.is = 'out'
    return
  }
  try {
    const found = await ask('get', '/holder/sessions/current')
    session.is = 'in'
    session.level = found.level
  } catch (problem) {
    if ((problem as Problem).status === 401) loggedOut()
  }
}

const knownMark = 'known-mark'

/** What a log-in is sent with besides. */
export function known(): { knownMark?: string } {
  const mark = localStorage.getItem(knownMark)
  return mark ? { knownMark: mark } : {}
}

/** What makes this device the phone it is. The rest is what somebody has begun: pictures taken, forms half filled in. */
const ofPhone = /^(key|licence|snapshot|deployment|clock|trust [0-9a-f]+)$/
/** A check that waits at a counter: an id, good for the person alone. */
const ofPhoneOrCounter = new RegExp(`${ofPhone.source}|^face-check `)

async function forgetDrafts(but: RegExp): Promise<void> {
  sessionStorage.clear()
  await kept.forgetAllBut(but).catch(() => undefined)
}

/** A login was opened, by whichever means. */
export async function loggedIn({ level, known_mark }: { level: number; known_mark: string }): Promise<void> {
  // The mark is the same for a person each time: what another one began here and left is not theirs.
  if (localStorage.getItem(knownMark) !== known_mark) await forgetDrafts(ofPhone)
  localStorage.setItem(knownMark, known_mark)
  session.is = 'in'
  session.ended = false
  session.level = level
  localStorage.setItem(mark, 'yes')
  tellTabs('session')
}

export async function logIn(mobile: string, password: string, proof?: string): Promise<void> {
  const found = await ask('post', '/holder/sessions', {
    ...known(),
    body: { mobile, password, ...(proof ? { mobile_proof: proof } : {}) },
  })
  await loggedIn(found)
}

/** The server no longer knows this login. */
export function loggedOut(): void {
  session.ended ||= wasLoggedIn()
  session.is = 'out'
  session.unread = 0
  localStorage.removeItem(mark)
}

/** `forgetToo`: nothing here says any more who was logged in. */
export async function logOut(forgetToo = false): Promise<void> {
  if (forgetToo) localStorage.removeItem(knownMark)
  // Nothing this person began is left for the next, whatever becomes of the rest.
  await forgetDrafts(ofPhoneOrCounter)
  await endLogin('/holder/sessions/current')
  loggedOut()
  session.ended = false
  tellTabs('session')
}

whenTabSays('session', () => void askSession())
