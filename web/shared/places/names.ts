/** What places and issuing authorities are called, out of the platform's own reference data (src/liangzheng/data/README.md).
 *
 * The reference has English names for provinces alone: below one, the name stands as it is, with its province and its code, so that
 * nobody reads a name that nobody gave.
 */
import { tiles } from '../figures/tiles.ts'

export interface Known {
  /** Six digits → name. */
  divisions: ReadonlyMap<string, string>
  /** `苏E` → its name and the six digits it serves, none for those that serve no division of their own. */
  authorities: ReadonlyMap<string, { name: string; division: string }>
}

export const nothing: Known = { divisions: new Map(), authorities: new Map() }

type Language = 'zh-CN' | 'en'

/** The rows of a data file without its head; no field of these files is quoted. */
export function rows(csv: string): string[][] {
  return csv.trim().split(/\r?\n/).slice(1).map((line) => line.split(','))
}

export function known(prefectures: string, authorities: string): Known {
  return {
    divisions: new Map(rows(prefectures).map(([code, name]) => [code!, name!])),
    authorities: new Map(rows(authorities).map(([code, name, division]) => [code!, { name: name!, division: division! }])),
  }
}

const provinceOf = (code: string) => (code.length < 2 ? undefined : tiles.find((tile) => tile.code.startsWith(code.slice(0, 2))))

/** A place somebody named already: for everybody in English too. */
export function inWords(code: string, name: string, language: Language): string {
  if (language !== 'en') return name
  const province = provinceOf(code)
  if (!province) return name
  return code.endsWith('0000') ? province.en : `${name}, ${province.en} (${code})`
}

/** A division by its six digits, or the first two or four of them; empty for one that is in no list. */
export function divisionName(prefix: string, all: Known, language: Language): string {
  const code = prefix.padEnd(6, '0')
  const province = prefix && /^\d{6}$/.test(code) ? provinceOf(code) : undefined
  if (!province) return ''
  if (code.endsWith('0000')) return language === 'en' ? province.en : province.zh
  const name = all.divisions.get(code)
  if (!name) return ''
  // Districts of many cities have one name.
  const city = code.endsWith('00') ? '' : (all.divisions.get(`${code.slice(0, 4)}00`) ?? (code.slice(2, 4) === '90' ? '' : province.zh))
  return language === 'en' ? `${city}${name}, ${province.en}` : `${city}${name}`
}

/** An issuing authority by its code; empty for one that is in no list. */
export function authorityName(code: string, all: Known, language: Language): string {
  const found = all.authorities.get(code)
  const province = tiles.find((tile) => tile.short === code[0] && !tile.outside)
  if (!found || !province) return ''
  if (found.division.endsWith('0000')) return language === 'en' ? province.en : found.name
  if (language === 'en') return `${found.name}, ${province.en}`
  return found.division ? found.name : `${province.zh}${found.name}`
}

/** The name with the code it stands for beside it; the code alone where there is no name. */
export function beside(name: string, code: string, language: Language): string {
  if (!name) return code
  return language === 'en' ? `${name} (${code})` : `${name}（${code}）`
}
