/** What verifying rests on: whose service this is, its trust bundle, the status lists downloaded, and what was seen before. */
import { reactive, shallowRef } from 'vue'
import { clockAheadMs, askOctets, type Problem } from '@shared/api'
import { deployment, keptTrust, trust as freshTrust, type Deployment, type Trust } from '@shared/deployment'
import * as kept from '@shared/kept'
import { StatusData, newMemory, toHex, openStatusList, uriOf, type Memory, type Octets } from '@shared/live-code/index'

export interface Ground {
  deployment: Deployment
  trust: Trust
  statusData: StatusData
  memory: Memory
}

/** Why nothing can be verified; each has its sentence. */
export type Missing = 'loading' | 'never_online' | 'evicted' | 'bad_trust'

export const ground = shallowRef<Ground | null>(null)
export const state = reactive({
  missing: 'loading' as Missing | null,
  online: navigator.onLine,
  clockErrorMs: 0,
  /** Epoch seconds at which the oldest list was made; null without any. */
  listsOf: null as number | null,
  lists: 0,
  fetching: false,
  /** How many lists the download has come to. */
  fetched: 0,
})

addEventListener('online', () => {
  state.online = true
  void refresh()
})
addEventListener('offline', () => (state.online = false))

/** Marks, beside the database, that there was something in it: a browser that takes its storage back leaves an empty one. */
const mark = 'verifier-kept'
// With the root's fingerprint behind: another service's lists and memory are never taken for this one's.
const listsKey = 'status-lists '
const memoryKey = 'verifier-memory '

interface KeptList { number: number; octets: Octets }

/** This device's clock put right by what the server last said; epoch seconds. */
export function now(): number {
  return (Date.now() - clockErrorMs()) / 1000
}

/** How far this device's clock is ahead, as last heard while the app is open. Not kept: somebody may have set it since. */
export function clockErrorMs(): number {
  const ahead = clockAheadMs ?? 0
  // Less than the difference any code may have: the connection's own delay, not the clock.
  return Math.abs(ahead) > 5000 ? ahead : 0
}

/** What is kept on this device, at once; then what the server has, when it can be reached. */
export async function load(): Promise<void> {
  const before = await kept.read<Deployment>('deployment').catch(() => undefined)
  if (before) await stand(before, await keptTrust(before.root).catch(() => null))
  if (!ground.value && !navigator.onLine) state.missing = localStorage.getItem(mark) ? 'evicted' : 'never_online'
  void refresh()
}

let refreshing: Promise<void> | null = null

/** Asks for a newer trust bundle and newer lists. Never throws: what is kept goes on being used. */
export function refresh(): Promise<void> {
  refreshing ??= renew().finally(() => (refreshing = null))
  return refreshing
}

/** What a request found out about the network: a phone says it is connected also where nothing comes through. */
export function heard(answered: boolean): void {
  state.online = answered && navigator.onLine !== false
}

async function renew(): Promise<void> {
  const asked = Date.now()
  const found = await deployment()
  state.clockErrorMs = clockErrorMs()
  if (!found) {
    heard(false)
    if (!ground.value) state.missing = localStorage.getItem(mark) ? 'evicted' : 'never_online'
    return
  }
  try {
    const trust = await freshTrust(found.root)
    heard(trust !== null && trust.fetchedAt >= asked)
    await stand(found, trust)
  } catch {
    // The server's bundle is not the pinned root's, or older than one seen: the kept one stays in use.
    if (!ground.value) state.missing = 'bad_trust'
  }
  if (!ground.value) {
    state.missing ??= 'never_online'
    return
  }
  localStorage.setItem(mark, 'yes')
  if (state.online && (state.listsOf === null || Date.now() / 1000 - state.listsOf > 300)) await fetchLists()
}

/** While the app is open: without a network, whether there is one again; with one, newer lists once an hour. */
export function keepUp(also: () => void): void {
  setInterval(() => {
    if (document.visibilityState === 'hidden') return
    const isOld = state.listsOf !== null && Date.now() / 1000 - state.listsOf > 3600
    if (!state.online || isOld || !ground.value) void refresh().then(() => state.online && also())
    else also()
  }, 15_000)
}

async function stand(found: Deployment, trust: Trust | null): Promise<void> {
  if (!trust) return
  const earlier = ground.value
  const same = earlier !== null && earlier.deployment.root === found.root
  const memory = (same && earlier.memory) || (await kept.read<Memory>(memoryKey + found.root).catch(() => undefined)) || newMemory()
  ground.value = { deployment: found, trust, statusData: same ? earlier.statusData : new StatusData(), memory }
  state.missing = null
  if (!same) opening = openKept()
}

let opening: Promise<void> = Promise.resolve()

/** The lists kept on this device, once the screen is there. */
async function openKept(): Promise<void> {
  const lists = (await kept.read<KeptList[]>(listsKey + ground.value!.deployment.root).catch(() => undefined)) ?? []
  for (const { number, octets } of lists) await put(number, octets).catch(() => undefined)
  state.lists ||= lists.length
  tell()
}

/** Whether it was kept: not one older than one that was here. */
async function put(number: number, octets: Octets): Promise<boolean> {
  const { trust, statusData } = ground.value!
  return statusData.put(number, await openStatusList(octets, trust.bundle, uriOf(number), now()))
}

function tell(): void {
  state.listsOf = ground.value?.statusData.oldest ?? null
}

/** Downloads every list there is, from the first to the one there is not. Whether all came: whoever answers in the service's place
 *  can say of each that it is not there, or give an older one, and takes none away by it. */
export async function fetchLists(): Promise<boolean> {
  if (!ground.value || state.fetching) return false
  state.fetching = true
  state.fetched = 0
  const place = listsKey + ground.value.deployment.root
  try {
    await opening
    const lists = new Map(((await kept.read<KeptList[]>(place).catch(() => undefined)) ?? []).map((list) => [list.number, list]))
    try {
      for (let number = 1; ; number++) {
        const octets = (await askOctets(uriOf(number))) as Octets
        if (await put(number, octets)) lists.set(number, { number, octets })
        state.fetched = number
      }
    } catch (problem) {
      if ((problem as Problem).status !== 404) return false
    }
    await kept.write(place, [...lists.values()]).catch(() => undefined)
    state.lists = lists.size
    return state.fetched >= lists.size
  } finally {
    state.fetching = false
    tell()
  }
}

/** The server told a standing: one in a code that is older than it is known for old from now on, also without a network. */
export async function learn(licenceId: Octets, standingVersion: number): Promise<void> {
  const standings = ground.value?.memory.standings
  if (!standings || standingVersion <= (standings.get(toHex(licenceId)) ?? 0)) return
  standings.set(toHex(licenceId), standingVersion)
  await keepMemory()
}

export async function keepMemory(): Promise<void> {
  const { deployment, memory } = ground.value ?? {}
  if (deployment) await kept.write(memoryKey + deployment.root, memory).catch(() => undefined)
}
