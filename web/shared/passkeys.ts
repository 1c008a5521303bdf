/** WebAuthn in its JSON form (Level 3, 5.1.8 to 5.1.10): what the server sends goes in, what it reads comes out. */

type Json = { [key: string]: unknown }

interface JsonPublicKeyCredential {
  parseCreationOptionsFromJSON?(options: unknown): PublicKeyCredentialCreationOptions
  parseRequestOptionsFromJSON?(options: unknown): PublicKeyCredentialRequestOptions
}

const known = (typeof PublicKeyCredential === 'undefined' ? {} : PublicKeyCredential) as unknown as JsonPublicKeyCredential

export const canUsePasskeys = typeof known.parseRequestOptionsFromJSON === 'function'

/** The person cancelled, or there is no passkey here: nothing went wrong. */
export class PasskeyNotUsed extends Error {}

export async function makePasskey(options: unknown): Promise<Json> {
  return json(() => navigator.credentials.create({ publicKey: known.parseCreationOptionsFromJSON!(options) }))
}

export async function getPasskey(options: unknown): Promise<Json> {
  return json(() => navigator.credentials.get({ publicKey: known.parseRequestOptionsFromJSON!(options) }))
}

async function json(act: () => Promise<Credential | null>): Promise<Json> {
  let made: Credential | null
  try {
    made = await act()
  } catch (problem) {
    throw new PasskeyNotUsed((problem as Error).name)
  }
  if (!made) throw new PasskeyNotUsed('none')
  return (made as unknown as { toJSON(): Json }).toJSON()
}
