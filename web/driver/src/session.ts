/** Whether somebody is logged in on this phone, as last heard. The token itself is in a cookie no script can read. */
import { reactive } from 'vue'
import { ask, forgetLogin, type Problem } from '@shared/api'

export const session = reactive({
  /** `unknown` until the server was asked, and while it cannot be. */
  is: 'unknown' as 'unknown' | 'in' | 'out',
  level: 0,
})

export async function askSession(): Promise<void> {
  try {
    const found = await ask('get', '/holder/sessions/current')
    session.is = 'in'
    session.level = found.level
  } catch (problem) {
    if ((problem as Problem).status === 401) session.is = 'out'
  }
}

export async function logIn(mobile: string, password: string, proof?: string): Promise<void> {
  const found = await ask('post', '/holder/sessions', {
    body: { mobile, password, ...(proof ? { mobile_proof: proof } : {}) },
  })
  session.is = 'in'
  session.level = found.level
}

export async function logOut(): Promise<void> {
  await ask('delete', '/holder/sessions/current').catch(() => undefined)
  await forgetLogin()
  session.is = 'out'
}
