/** What makes this device the driver's phone: a key that cannot leave it, the licence, and the last status it heard. */
import { computed, reactive, shallowRef } from 'vue'
import { ask, base64url, clockAheadMs, fromBase64url, newKey } from '@shared/api'
import { deployment, keptTrust, trust, type Deployment } from '@shared/deployment'
import * as kept from '@shared/kept'
import { openDocument, type DocumentClaims } from '@shared/live-code/document'
import { decodeSnapshot, type SnapshotClaims } from '@shared/live-code/claims'
import { parse } from '@shared/live-code/cose'
import type { Octets } from '@shared/live-code/octets'
import { makeKey, publicKeyOf, show, signerOf } from '@shared/live-code/phone'

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

const key = shallowRef<KeptKey | null>(null)
const licence = shallowRef<KeptLicence | null>(null)
const snapshot = shallowRef<KeptSnapshot | null>(null)
const page = shallowRef<{ claims: DocumentClaims; portrait: string; font: Octets | null } | null>(null)
const status = shallowRef<SnapshotClaims | null>(null)
const service = shallowRef<Deployment | null>(null)

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
    }
  },

  /** Whose service this is and which keys it trusts, as far as the network lets us hear. */
  async meetService(): Promise<void> {
    service.value = (await deployment()) ?? service.value
    if (service.value) await trust(service.value.root).catch(() => null)
  },

  /** Binds a new key of this phone; `faceCheck` passed for it. `replaces`: a lost phone's key, whose place it takes. */
  async bind(faceCheck: string, label: string, replaces?: string): Promise<void> {
    const pair = await makeKey()
    const challenge = await ask('post', '/holder/phone-keys/challenges', { key: newKey() })
    const signature = await signerOf(pair)(fromBase64url(challenge.to_be_signed) as Octets)
    const bound = await ask('post', '/holder/phone-keys', {
      key: newKey(),
      body: {
        public_key: base64url(await publicKeyOf(pair)), label, nonce: challenge.nonce,
        signature: base64url(signature), face_check: faceCheck, ...(replaces ? { replaces } : {}),
      },
    })
    await keepKey({ pair, phoneKeyId: bound.phone_key_id })
  },

  /** Fetches the licence, its credential for this phone and a fresh status. Throws Problem. */
  async refresh(): Promise<void> {
    const found = await ask('get', '/holder/licence')
    const own = found.credentials.find((one) => one.phone_key_id === key.value?.phoneKeyId)
    if (own?.credential) {
      licence.value = {
        licenceId: found.licence_id, version: found.version, issuedAt: found.issued_at,
        file: fromBase64url(found.file) as Octets, credential: fromBase64url(own.credential) as Octets, credentialExpiresAt: own.expires_at!,
      }
      await kept.write('licence', licence.value)
      await phone.meetService()
      await turnToPage(false)
    }
    await phone.refreshStatus()
  },

  async refreshStatus(): Promise<void> {
    const taken = await ask('post', '/holder/licence/snapshot')
    snapshot.value = {
      octets: fromBase64url(taken.snapshot) as Octets, asOf: taken.as_of, expiresAt: taken.expires_at, amberAfterS: taken.amber_after_s,
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
  },
})

async function keepKey(found: KeptKey): Promise<void> {
  await kept.write('key', found)
  key.value = found
  void kept.persist()
}

/** The pages of the kept document, once its signature has held: nothing unsigned is shown as a licence. */
async function turnToPage(offline: boolean): Promise<void> {
  if (page.value) URL.revokeObjectURL(page.value.portrait)
  page.value = null
  if (!licence.value || !service.value) return
  const known = await (offline ? keptTrust : trust)(service.value.root)
  if (!known) return
  const { claims, portrait, font } = await openDocument(licence.value.file, known.bundle)
  page.value = { claims, portrait: URL.createObjectURL(new Blob([portrait], { type: 'image/jpeg' })), font }
}

function readSnapshot(): void {
  status.value = snapshot.value ? decodeSnapshot(parse(snapshot.value.octets).payload) : null
}
