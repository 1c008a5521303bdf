/** What makes this device the driver's phone: a key that cannot leave it, the licence, and the last status it heard. */
import { computed, reactive, shallowRef } from 'vue'
import { ask, base64url, clockAheadMs, fromBase64url, newKey, type Problem } from '@shared/api'
import { deployment, keptTrust, trust, type Deployment } from '@shared/deployment'
import * as kept from '@shared/kept'
import { openDocument, type DocumentClaims } from '@shared/live-code/document'
import { decodeSnapshot, type SnapshotClaims } from '@shared/live-code/claims'
import { parse } from '@shared/live-code/cose'
import { toHex, type Octets } from '@shared/live-code/octets'
import { useRareFont } from '@shared/rare'
import { makeKey, publicKeyOf, show, signerOf } from '@shared/live-code/phone'
import { tellTabs, whenTabSays } from './tabs'

interface KeptLicence {
  licenceId: string
  version: number
  issuedAt: string
  file: Octets
  credential: Octets
  credentialExpiresAt: string
}

interface KeptSnapshot {
  octets: Octets
  asOf: string
  expiresAt: string
  amberAfterS: number
}

interface KeptKey {
  pair: CryptoKeyPair
  phoneKeyId: string
}

/** A binding whose answer was not heard yet. */
interface Wish {
  pair: CryptoKeyPair
  key: string
  body: { public_key: string; label: string; nonce: string; signature: string; face_check: string; replaces?: string }
}

/** Where the licence is: on this phone, on its way to it, held but not on this phone, not held, or not asked yet. */
export type Held = 'here' | 'coming' | 'elsewhere' | 'none' | 'unknown'

const key = shallowRef<KeptKey | null>(null)
const licence = shallowRef<KeptLicence | null>(null)
const snapshot = shallowRef<KeptSnapshot | null>(null)
const page = shallowRef<{ claims: DocumentClaims; portrait: string; font: Octets | null } | null>(null)
const status = shallowRef<SnapshotClaims | null>(null)
const service = shallowRef<Deployment | null>(null)
const held = shallowRef<Held>('unknown')
const storageFailed = shallowRef(false)

/** Milliseconds by which the server's clock is ahead of this phone's, as last measured. */
const offsetMs = shallowRef(0)

export const phone = reactive({
  hasKey: computed(() => key.value !== null),
  phoneKeyId: computed(() => key.value?.phoneKeyId ?? null),
  licence: computed(() => licence.value),
  page: computed(() => page.value),
  snapshot: computed(() => snapshot.value),
  /** What the kept snapshot says. */
  status: computed(() => status.value),
  service: computed(() => service.value),
  held: computed(() => held.value),
  /** The browser refuses to keep anything (a private window, a full device). */
  storageFailed: computed(() => storageFailed.value),
  /** Seconds by which this phone's clock is ahead; 0 while it is right enough for nobody to notice. */
  clockAheadS: computed(() => (Math.abs(offsetMs.value) > 60_000 ? Math.round(-offsetMs.value / 1000) : 0)),

  /** The time by the server's clock, as far as it was heard. */
  now: () => new Date(Date.now() + offsetMs.value),

  /** What an earlier visit kept; nothing when the browser has thrown it away. Asks nobody. */
  async load(): Promise<void> {
    try {
      ;[key.value, licence.value, snapshot.value, service.value, offsetMs.value] = [
        (await kept.read<KeptKey>('key')) ?? null,
        (await kept.read<KeptLicence>('licence')) ?? null,
        (await kept.read<KeptSnapshot>('snapshot')) ?? null,
        (await kept.read<Deployment>('deployment')) ?? null,
        (await kept.read<number>('clock')) ?? 0,
      ]
      readSnapshot()
      await turnToPage(true)
    } catch {
      // Storage that cannot be read is storage that was lost: the screens say how to get the licence back.
      storageFailed.value = true
    }
  },

  /** Whose service this is and which keys it trusts, as far as the network lets us hear. */
  async meetService(): Promise<void> {
    service.value = (await deployment()) ?? service.value
    if (service.value) await trust(service.value.root).catch(() => null)
  },

  /** Binds a new key of this phone; `faceCheck` passed for it. `replaces`: a lost phone's key, whose place it takes. */
  async bind(faceCheck: string, label: string, replaces?: string): Promise<void> {
    // Kept before it is sent: a phone that did not hear the answer sends the same again, and no key is bound that nobody has.
    let wish = await kept.read<Wish>('binding')
    if (wish?.body.face_check !== faceCheck) {
      const pair = await makeKey()
      const challenge = await ask('post', '/holder/phone-keys/challenges', { key: newKey() })
      const signature = await signerOf(pair)(fromBase64url(challenge.to_be_signed) as Octets)
      wish = {
        pair, key: newKey(),
        body: {
          public_key: base64url(await publicKeyOf(pair)), label, nonce: challenge.nonce,
          signature: base64url(signature), face_check: faceCheck, ...(replaces ? { replaces } : {}),
        },
      }
      await kept.write('binding', wish)
    }
    const bound = await ask('post', '/holder/phone-keys', { key: wish.key, body: wish.body })
    await keepKey({ pair: wish.pair, phoneKeyId: bound.phone_key_id })
    await kept.forget('binding')
  },

  /** The signature of this phone over what the server wrote, base64url. */
  async sign(toBeSigned: string): Promise<string> {
    if (!key.value) throw new Error('this phone has no key')
    return base64url(await signerOf(key.value.pair)(fromBase64url(toBeSigned) as Octets))
  },

  /** Fetches the licence, its credential for this phone and a fresh status. Throws Problem. */
  async refresh(): Promise<Held> {
    try {
      if (!licence.value && !(await wasIssued())) {
        held.value = 'none'
        return held.value
      }
      const found = await ask('get', '/holder/licence')
      const own = found.credentials.find((one) => one.phone_key_id === key.value?.phoneKeyId)
      held.value = !own ? 'elsewhere' : own.credential ? 'here' : 'coming'
      if (own?.credential) {
        const credential = fromBase64url(own.credential) as Octets
        const fresh = {
          licenceId: found.licence_id, version: found.version, issuedAt: found.issued_at,
          file: fromBase64url(found.file) as Octets, credential, credentialExpiresAt: own.expires_at!,
        }
        const isNew = licence.value?.licenceId !== fresh.licenceId || licence.value.version !== fresh.version
        licence.value = fresh
        await kept.write('licence', fresh)
        if (isNew || !page.value || !service.value) {
          await phone.meetService()
          await turnToPage(false)
          tellTabs('phone')
        }
      } else if (held.value === 'elsewhere' && key.value) {
        // A key that was ended from another device, or is another person's, makes codes that are good for nothing.
        const keys = await ask('get', '/holder/phone-keys')
        if (!keys.phone_keys.some((one) => one.phone_key_id === key.value?.phoneKeyId)) await forgetKey()
      }
    } catch (problem) {
      if ((problem as Problem).status !== 404) throw problem
      held.value = 'none'
      await forgetLicence()
      return held.value
    }
    await phone.refreshStatus()
    return held.value
  },

  async refreshStatus(): Promise<void> {
    const taken = await ask('post', '/holder/licence/snapshot')
    const octets = fromBase64url(taken.snapshot) as Octets
    // Another person has logged in on this phone: their standing is not shown on this licence.
    if (page.value && toHex(decodeSnapshot(parse(octets).payload).licenceId) !== toHex(page.value.claims.licenceId)) return
    snapshot.value = {
      octets, asOf: taken.as_of, expiresAt: taken.expires_at, amberAfterS: taken.amber_after_s,
    }
    await kept.write('snapshot', snapshot.value)
    readSnapshot()
    if (clockAheadMs !== null) {
      offsetMs.value = -clockAheadMs
      await kept.write('clock', offsetMs.value)
    }
  },

  /** A 亮码 of this moment, made here. Null while this phone has no licence or no key. */
  async code(at: Date): Promise<string | null> {
    if (!key.value || !licence.value) return null
    const { credential } = licence.value
    return show({ credential, snapshot: snapshot.value?.octets ?? null }, key.value.pair, at.getTime(), offsetMs.value / 1000)
  },

  /** Nothing of the licence is on this phone any more. */
  async forget(): Promise<void> {
    await kept.forgetAll()
    key.value = licence.value = snapshot.value = page.value = status.value = null
    held.value = 'unknown'
    void useRareFont(null)
    tellTabs('phone')
  },
})

whenTabSays('phone', () => void phone.load())

/** Whether this person was ever issued a licence: asked first, so that nobody new is answered with a failure. */
async function wasIssued(): Promise<boolean> {
  const { applications } = await ask('get', '/holder/applications')
  return applications.some((one) => one.state === 'issued')
}

async function keepKey(found: KeptKey): Promise<void> {
  await kept.write('key', found)
  key.value = found
  void kept.persist()
  tellTabs('phone')
}

async function forgetKey(): Promise<void> {
  key.value = null
  await kept.forget('key')
  await forgetLicence()
}

/** The licence ended, or is not this person's: it is not shown any more. */
async function forgetLicence(): Promise<void> {
  if (!licence.value) return
  licence.value = snapshot.value = page.value = status.value = null
  void useRareFont(null)
  await kept.forget('licence')
  await kept.forget('snapshot')
  tellTabs('phone')
}

/** The pages of the kept document, once its signature has held: nothing unsigned is shown as a licence. */
async function turnToPage(offline: boolean): Promise<void> {
  if (page.value) URL.revokeObjectURL(page.value.portrait)
  page.value = null
  if (!licence.value || !service.value) return useRareFont(null)
  const known = await (offline ? keptTrust : trust)(service.value.root)
  if (!known) return useRareFont(null)
  const { claims, portrait, font } = await openDocument(licence.value.file, known.bundle)
  await useRareFont(font)
  page.value = { claims, portrait: URL.createObjectURL(new Blob([portrait], { type: 'image/jpeg' })), font }
}

function readSnapshot(): void {
  status.value = snapshot.value ? decodeSnapshot(parse(snapshot.value.octets).payload) : null
}
