import { ask, Problem } from '@shared/api'
import { getPasskey, PasskeyNotUsed } from '@shared/passkeys'

/** A passkey proved, as log-in and proof take it. Throws Problem `passkey-not-used` when the person cancelled or has none here. */
export async function passkeyFactor(): Promise<{ passkey: Record<string, never> }> {
  const { options } = await ask('post', '/staff/second-factors/passkey-challenges')
  try {
    return { passkey: (await getPasskey(options)) as Record<string, never> }
  } catch (problem) {
    if (problem instanceof PasskeyNotUsed) throw new Problem('passkey-not-used', 0, { rule: 'passkey-not-used' })
    throw problem
  }
}
