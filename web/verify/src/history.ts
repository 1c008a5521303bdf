/** What was verified on this device, and what waits to be asked online. Names are masked, numbers and codes left out. */
import { ref } from 'vue'
import * as kept from '@shared/kept'
import { masked, type Colour, type Icon, type Shown } from './verdict'
import type { Words } from '@shared/live-code/index'

export interface Entry {
  id: string
  /** Epoch seconds. */
  at: number
  colour: Colour
  icon: Icon
  outcome: string
  words: Words
  reason: Words | null
  name: string | null
  classes: string
  by: 'server' | 'device'
  /** The vehicle's plate, masked, where one was typed. */
  plate: string
}

/** A check made without a network by an officer: the code and when it was scanned, for the server to answer later. */
export interface Waiting { id: string; code: string; at: number; choice: string; request: string }

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
  waiting.value = (await kept.read<Waiting[]>(waitingKey).catch(() => undefined)) ?? []
}

export function entryOf(id: string, shown: Shown): Entry {
  return {
    id, at: shown.checkedAt, colour: shown.colour, icon: shown.icon, outcome: shown.outcome, words: { ...shown.words },
    reason: shown.reasons[0] ? { ...shown.reasons[0] } : null, name: shown.name && masked(shown.name),
    classes: shown.classes.join(' '), by: shown.by, plate: '',
  }
}

/** Kept, in the place of what was kept of the same check before. */
export async function note(entry: Entry): Promise<void> {
  const before = (await kept.read<Entry[]>(entriesKey).catch(() => undefined)) ?? entries.value
  entries.value = [entry, ...before.filter(({ id }) => id !== entry.id)].sort((one, other) => other.at - one.at).slice(0, most)
  await kept.write(entriesKey, plain(entries.value)).catch(() => undefined)
}

export async function wait(one: Waiting): Promise<void> {
  waiting.value = [...waiting.value.filter(({ id }) => id !== one.id), one].slice(-most)
  await kept.write(waitingKey, plain(waiting.value)).catch(() => undefined)
}

export async function waitsNoMore(id: string): Promise<void> {
  waiting.value = waiting.value.filter((one) => one.id !== id)
  await kept.write(waitingKey, plain(waiting.value)).catch(() => undefined)
}

export async function forget(): Promise<void> {
  entries.value = []
  await kept.forget(entriesKey).catch(() => undefined)
}

/** As a spreadsheet reads it; a cell that begins like a formula is no formula. */
export function csv(list: readonly Entry[], minute: (at: string | Date) => string): string {
  const rows = list.map((one) => [minute(new Date(one.at * 1000)), one.words.zh, one.reason?.zh ?? '', one.name ?? '', one.classes, one.plate, one.by])
  return '\uFEFF' + [['时间', '结果', '原因', '姓名', '准驾', '号牌', '方式'], ...rows].map((row) => row.map(cell).join(',')).join('\r\n') + '\r\n'
}

export function cell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

/** Plain values: what a screen watches cannot be written to the database. */
function plain<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T
}
