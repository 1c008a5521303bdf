/** Places and authorities by their names, wherever a person reads one. The names come when the first is asked for; until then, and
 *  for what is in no list, the code is said. */
import { shallowRef } from 'vue'
import { language } from '../words'
import { authorityName, beside, divisionName, nothing } from './names'

const known = shallowRef(nothing)
let coming: Promise<void> | null = null
let moreOf: (() => Promise<{ counties: [string, string][] }>) | null = null

/** Where counties come from, in the apps that have them. */
export function haveCounties(fetch: NonNullable<typeof moreOf>): void {
  moreOf = fetch
}

async function load(): Promise<void> {
  const { data } = await import('./data')
  known.value = data
}

async function loadCounties(fetch: NonNullable<typeof moreOf>): Promise<void> {
  const { counties } = await fetch()
  known.value = { ...known.value, divisions: new Map([...known.value.divisions, ...counties]) }
}

/** Asked for once; without a network the next screen asks again. */
function ready(county: boolean): void {
  coming ??= load().catch(() => void (coming = null))
  if (!county || !moreOf) return
  const fetch = moreOf
  moreOf = null
  coming = coming.then(() => loadCounties(fetch)).catch(() => void (moreOf = fetch))
}

/** `苏州市（3205）`: a division by two, four or six digits. */
export function division(code: string): string {
  ready(/^\d{4}(?!00)\d\d$/.test(code))
  return beside(divisionName(code, known.value, language.value), code, language.value)
}

/** `苏州市（苏E）`. */
export function authority(code: string): string {
  ready(false)
  return beside(authorityName(code, known.value, language.value), code, language.value)
}

/** Provinces and cities, each as the prefix a duty's region has, for who chooses one. */
export function regions(): { prefix: string; name: string }[] {
  ready(false)
  return [...known.value.divisions.keys()]
    .filter((code) => code.endsWith('00'))
    .map((code) => ({ prefix: code.replace(/(00)+$/, ''), name: divisionName(code, known.value, language.value) }))
}
