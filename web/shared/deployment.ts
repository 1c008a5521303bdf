/** Whose service this is: its root key and the newest trust bundle this device has seen, kept for when there is no network. */
import { ask, askOctets } from './api'
import * as kept from './kept'
import { TrustBundle } from './live-code/trust'
import { fromHex, type Octets } from './live-code/octets'

export interface Deployment {
  mode: string
  alg: string
  root: string
  lives: { rotate: number; accepted: number; skew: number; snapshot: number; amber: number; credential: number }
  demands_mobile_proof: boolean
  simulated: { zh: string; en: string }[]
}

interface KeptTrust {
  octets: Octets
  version: number
  fetchedAt: number
}

/** What the server says of itself, else what it said last; null on a first visit without a network. */
export async function deployment(): Promise<Deployment | null> {
  const before = await kept.read<Deployment>('deployment').catch(() => undefined)
  const heard: Deployment | null = await ask('get', '/open/deployment').catch(() => null)
  if (!heard) return before ?? null
  // The first root this device was given stays its root: a server with another one is another service.
  if (before && before.root !== heard.root && before.mode === 'production') return before
  await kept.write('deployment', heard).catch(() => undefined)
  return heard
}

export interface Trust {
  bundle: TrustBundle
  /** Epoch milliseconds at which the server last gave it. */
  fetchedAt: number
}

/** The newest trust bundle, fetched when there is a network. Throws BadTrust for one that is not the root's or is older. */
export async function trust(root: string): Promise<Trust | null> {
  const before = await kept.read<KeptTrust>(`trust ${root}`).catch(() => undefined)
  const octets = (await askOctets('/open/trust-bundle').catch(() => null)) as Octets | null
  if (octets) {
    const bundle = await TrustBundle.load(octets, fromHex(root), before?.version ?? 0)
    const fetchedAt = Date.now()
    await kept.write(`trust ${root}`, { octets, version: bundle.version, fetchedAt } satisfies KeptTrust).catch(() => undefined)
    return { bundle, fetchedAt }
  }
  return before ? { bundle: await TrustBundle.load(before.octets, fromHex(root)), fetchedAt: before.fetchedAt } : null
}

/** The kept bundle, without asking anybody. */
export async function keptTrust(root: string): Promise<Trust | null> {
  const before = await kept.read<KeptTrust>(`trust ${root}`).catch(() => undefined)
  return before ? { bundle: await TrustBundle.load(before.octets, fromHex(root)), fetchedAt: before.fetchedAt } : null
}
