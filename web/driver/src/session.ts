/** Whether somebody is logged in on this phone, as last heard. The token itself is in a cookie no script can read. */
import { reactive } from 'vue'
import { ask, forgetLogin, type Problem } from '@shared/api'

export const session = reactive({
  /** `unknown` until the server was asked, and while it cannot be. */
  is: 'unknown' as 'unknown' | 'in' | 'out',
  level: 0,
})

/** A mark that a login was opened here, so that nobody is asked about one that never was. It opens nothing. */
const mark = 'logged-in'

export async function askSession(): Promise<void> {
  if (!localStorage.getItem(mark)) {
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

export async function logIn(mobile: string, password: string, proof?: string): Promise<void> {
  const found = await ask('post', '/holder/sessions', {
    body: { mobile, password, ...(proof ? { mobile_proof: proof } : {}) },
  })
  session.is = 'in'
  session.level = found.level
  localStorage.setItem(mark, 'yes')
}

/** The server no longer knows this login. */
export function loggedOut(): void {
  session.is = 'out'
  localStorage.removeItem(mark)
}

export async function logOut(): Promise<void> {
  await ask('delete', '/holder/sessions/current').catch(() => undefined)
  await forgetLogin()
  loggedOut()
}
