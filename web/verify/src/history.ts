/** What was verified on this device, and what waits to be asked online. Names are masked, numbers and codes left out. */
import { ref } from 'vue'
import * as kept from '@shared/kept'
import type { Entry } from './entry'

/** A check made without a network by an officer: the code and when it was scanned, for the server to answer later. `by`: their
 *  number; only in their name is it asked, whoever has the device by then. */
export interface Waiting { id: string; code: string; at: number; choice: string; request: string; by: string }

export const entries = ref<Entry[]>([])
export const waiting = ref<Waiting[]>([])

const entriesKey = 'history'
const waitingKey = 'waiting'
/** Older ones go first: a device in the street keeps no more than it needs. */
const most = 500
const days = 30

export async function load(): Promise<void> {
  const since = Date.now() / 1000 - days * 86_400
  entries.value = ((await kept.read<Entry[]>(entriesKey).catch(() => undefined)) ?? []).filter(({ at }) => at > since)
  waiting.value = ((await kept.read<Waiting[]>(waitingKey).catch(() => undefined)) ?? []).filter(({ at }) => at > since)
}

/** Kept, in the place of what was kept of the same check before. */
export async function note(entry: Entry): Promise<void> {
  const before = (await kept.read<Entry[]>(entriesKey).catch(() => undefined)) ?? entries.value
  entries.value = [entry, ...before.filter(({ id }) => id !== entry.id)].sort((one, other) => other.at - one.at).slice(0, most)
  await kept.write(entriesKey, plain(entries.value)).catch(() => undefined)
}

export async function wait(one: Waiting): Promise<void> {
  await change((before) => [...before.filter(({ id }) => id !== one.id), one].slice(-most))
}

export async function waitsNoMore(id: string): Promise<void> {
  await change((before) => before.filter((one) => one.id !== id))
}

/** What is on the device and not what this tab remembers: another tab may have changed it. */
async function change(act: (before: Waiting[]) => Waiting[]): Promise<void> {
  waiting.value = act((await kept.read<Waiting[]>(waitingKey).catch(() => undefined)) ?? [...waiting.value])
  await kept.write(waitingKey, plain(waiting.value)).catch(() => undefined)
}

export async function forget(): Promise<void> {
  entries.value = []
  await kept.forget(entriesKey).catch(() => undefined)
}

/** Plain values: what a screen watches cannot be written to the database. */
function plain<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T
}
