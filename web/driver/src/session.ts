/** Whether somebody is logged in on this phone, as last heard. The token itself is in a cookie no script can read. */
import { reactive } from 'vue'
import { ask, forgetLogin, type Problem } from '@shared/api'
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
  const kept = localStorage.getItem(knownMark)
  return kept ? { knownMark: kept } : {}
}

/** A login was opened, by whichever means. */
export function loggedIn({ level, known_mark }: { level: number; known_mark: string }): void {
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
  loggedIn(found)
}

/** The server no longer knows this login. */
export function loggedOut(): void {
  session.ended ||= wasLoggedIn()
  session.is = 'out'
  session.unread = 0
  localStorage.removeItem(mark)
}

export async function logOut(): Promise<void> {
  await ask('delete', '/holder/sessions/current').catch(() => undefined)
  await forgetLogin()
  loggedOut()
  session.ended = false
  tellTabs('session')
}

whenTabSays('session', () => void askSession())
