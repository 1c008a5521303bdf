/** A wave before it is one: what it would open. */
import { ask } from '@shared/api'

export const measures = ['e-licence', 'used-vehicle-transfer', 'lorry-pass', 'accident-evidence', 'inspection-mark', 'e-vehicle-licence'] as const
export type Measure = (typeof measures)[number]

export interface Wish {
  measure: string
  opens_on: string
  places: string[] | 'nationwide'
}

export function tryWave({ measure, opens_on, places }: Wish) {
  // The same name many times over: one city each.
  const query = new URLSearchParams([['opens_on', opens_on], ['measure', measure], ...(places === 'nationwide' ? [] : places.map((code) => ['place', code]))])
  return ask('get', `/staff/waves/dry-run?${query}` as '/staff/waves/dry-run')
}

export type Opens = Awaited<ReturnType<typeof tryWave>>
