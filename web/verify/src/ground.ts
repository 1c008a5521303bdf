/** What verifying rests on: whose service this is, its trust bundle, the status lists downloaded, and what was seen before. */
import { reactive, shallowRef } from 'vue'
import { ask, clockAheadMs } from '@shared/api'
import { deployment, keptTrust, trust as freshTrust, type Deployment, type Trust } from '@shared/deployment'
import * as kept from '@shared/kept'
import { StatusData, newMemory, toHex, openStatusList, uriOf, type Memory, type Octets } from '@shared/live-code/index'
import { download, missing, type Held, type Offered } from './status-lists'

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
  /** Epoch milliseconds at which the server last said that these are its lists of now. */
  listsCheckedAt: null as number | null,
  /** What the server has and this device has not: about how much there is to fetch. */
  newer: { lists: 0, octets: 0 },
  fetching: false,
  /** How far the download has come, of `newer`. */
  fetched: { lists: 0, octets: 0 },
  /** It ended before its end: what came is kept, the rest is fetched when there is a network again. */
  broken: false,
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

interface KeptList { number: number; version: number; octets: Octets }

/** Lists are kept by so many: one write of the database for each of a nation's would be slow, one for all of them larger than
 * what came new. */
const together = 32

/** What is fetched without asking the person, who may be paying for each megabyte. */
const fetchedUnasked = 2_000_000

/** Lists whose values are still those of now are fetched again after so long: a result shows their age. */
const agedS = 12 * 3600

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
  if (state.online && (state.broken || state.listsCheckedAt === null || Date.now() - state.listsCheckedAt > 300_000)) void lookForLists()
}

/** While the app is open: without a network, whether there is one again; with one, newer lists once an hour. */
export function keepUp(also: () => void): void {
  setInterval(() => {
    if (document.visibilityState === 'hidden') return
    const isOld = state.listsCheckedAt !== null && Date.now() - state.listsCheckedAt > 3_600_000
    if (!state.online || isOld || state.broken || !ground.value) void refresh().then(() => state.online && also())
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
  if (!same) {
    held.clear()
    opened = openKept()
  }
}

/** What is held of each list, and the packed lists themselves as they were signed. */
const held = new Map<number, Held & { octets: Octets }>()
let opened: Promise<void> = Promise.resolve()

/** The lists kept on this device, once the screen is there. */
async function openKept(): Promise<void> {
  for (let part = 0; ; part++) {
    const lists = await kept.read<KeptList[]>(keyOf(part)).catch(() => undefined)
    if (!lists) break
    for (const list of lists) await put(list).catch(() => undefined)
    tell()
  }
}

const keyOf = (part: number): string => `${listsKey}${ground.value!.deployment.root} ${part}`

/** Throws for a list that is not what it must be, or older than one that was here. */
async function put({ number, version, octets }: KeptList): Promise<void> {
  const { trust, statusData } = ground.value!
  const list = await openStatusList(octets, trust.bundle, uriOf(number), now())
  if (!statusData.put(number, list)) throw new RangeError('status list: older than the one that is here')
  held.set(number, { version, made: list.iat, octets })
}

function tell(): void {
  state.listsOf = ground.value?.statusData.oldest ?? null
  state.lists = held.size
}

let looking: Promise<boolean> | null = null

/** Asks which lists there are, and fetches what is new: all of it when the person wants it or it is little. Whether this device
 * now has every list as it is now. Never throws. */
export async function lookForLists(wanted = false): Promise<boolean> {
  if (looking && !wanted) return looking
  await looking
  looking = look(wanted).finally(() => (looking = null))
  return looking
}

async function look(wanted: boolean): Promise<boolean> {
  await opened
  const offered = await ask('get', '/open/status-lists').then(({ lists }) => lists, () => null)
  if (!offered || !ground.value) {
    state.broken ||= wanted
    return false
  }
  const wanting = missing(offered, held, now(), wanted ? agedS / 12 : agedS)
  state.newer = { lists: wanting.length, octets: wanting.reduce((sum, { octets }) => sum + octets, 0) }
  state.listsCheckedAt = Date.now()
  // Whoever answers in the service's place can leave lists out: that takes none away, and not all came.
  const isLess = [...held.keys()].some((number) => !offered.some((list) => list.number === number))
  if (wanting.length === 0) return !(state.broken = false) && !isLess
  return (wanted || state.broken || state.newer.octets <= fetchedUnasked) && (await fetchLists(wanting)) && !isLess
}

let stopping = new AbortController()

/** The person wants no more of it now. */
export function stopFetching(): void {
  stopping.abort()
}

async function fetchLists(wanting: readonly Offered[]): Promise<boolean> {
  stopping = new AbortController()
  const { signal } = stopping
  state.fetching = true
  state.broken = false
  state.fetched = { lists: 0, octets: 0 }
  const changed = new Set<number>()
  let refused = 0
  try {
    await download(wanting.map(({ number }) => number), async (list) => {
      // One that is not what it must be is left out, and asked for again the next time.
      await put(list).catch(() => (refused += 1))
      const part = Math.floor((list.number - 1) / together)
      if (!changed.has(part) && changed.size) await keep(changed)
      changed.add(part)
      state.fetched = { lists: state.fetched.lists + 1, octets: state.fetched.octets + list.octets.length }
    }, signal)
    state.newer = { lists: refused, octets: 0 }
    return refused === 0
  } catch {
    state.broken = !signal.aborted
    return false
  } finally {
    await keep(changed)
    state.fetching = false
    tell()
  }
}

/** Written in these parts, as they now are. */
async function keep(parts: Set<number>): Promise<void> {
  for (const part of parts) {
    const lists: KeptList[] = []
    for (let number = part * together + 1; number <= (part + 1) * together; number++) {
      const list = held.get(number)
      if (list) lists.push({ number, version: list.version, octets: list.octets })
    }
    await kept.write(keyOf(part), lists).catch(() => undefined)
  }
  parts.clear()
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
