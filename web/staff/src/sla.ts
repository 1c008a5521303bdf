/** How near a review's promised working day is. The day ends at 24:00 in China. */

export type Urgency = 'late' | 'soon' | 'calm'

export interface Left {
  urgency: Urgency
  /** Whole hours to the end of the day, below zero once it is over. */
  hours: number
}

const hourMs = 3_600_000
const soonHours = 8

/** `dueDay`: 2026-11-24. */
export function left(dueDay: string, now: Date): Left {
  const end = Date.parse(`${dueDay}T00:00:00+08:00`) + 24 * hourMs
  const hours = Math.floor((end - now.getTime()) / hourMs)
  return { hours, urgency: hours < 0 ? 'late' : hours < soonHours ? 'soon' : 'calm' }
}

const reasonKeys = '1234567890QWET'

/** The key that chooses the reason at `index` of a catalogue; empty beyond the last. A, J, K, P and R have another use. */
export function keyOf(index: number): string {
  return reasonKeys[index] ?? ''
}

export function indexOf(key: string): number {
  return key.length === 1 ? reasonKeys.indexOf(key.toUpperCase()) : -1
}
