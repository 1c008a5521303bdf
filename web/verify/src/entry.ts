/** One line of the history. Pure, as verdict.ts is: tested without a browser. */
import type { Words } from '../../shared/live-code/index.ts'
import { masked, type Colour, type Icon, type Shown } from './verdict.ts'

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

export function entryOf(id: string, shown: Shown): Entry {
  return {
    id, at: shown.checkedAt, colour: shown.colour, icon: shown.icon, outcome: shown.outcome, words: { ...shown.words },
    reason: shown.reasons[0] ? { ...shown.reasons[0] } : null, name: shown.name && masked(shown.name),
    classes: shown.classes.join(' '), by: shown.by, plate: '',
  }
}

/** As a spreadsheet reads it; a cell that begins like a formula is no formula. */
export function csv(list: readonly Entry[], minute: (at: string | Date) => string): string {
  const rows = list.map((one) => [minute(new Date(one.at * 1000)), one.words.zh, one.reason?.zh ?? '', one.name ?? '', one.classes, one.plate, one.by])
  return '\uFEFF' + [['时间', '结果', '原因', '姓名', '准驾', '号牌', '方式'], ...rows].map((row) => row.map(cell).join(',')).join('\r\n') + '\r\n'
}

/** What begins a formula, in the wide forms of Chinese and Japanese keyboards too. */
const formula = /^[=+\-@\t\r\n\0\uff1d\uff0b\uff0d\uff20]/

export function cell(text: string): string {
  const safe = formula.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
