/** The provinces as equal tiles, about where they lie: a drawing of which and how many, no map, and no boundary in it. */

export interface Tile {
  /** Six digits of the province-level unit. */
  code: string
  zh: string
  en: string
  row: number
  column: number
  /** Where this service counts nothing. */
  outside: boolean
}

const rows: [code: string, zh: string, en: string, row: number, column: number][] = [
  ['23', '黑', 'Heilongjiang', 0, 9],
  ['15', '蒙', 'Inner Mongolia', 1, 6], ['21', '辽', 'Liaoning', 1, 8], ['22', '吉', 'Jilin', 1, 9],
  ['65', '新', 'Xinjiang', 2, 1], ['62', '甘', 'Gansu', 2, 3], ['64', '宁', 'Ningxia', 2, 4], ['61', '陕', 'Shaanxi', 2, 5],
  ['14', '晋', 'Shanxi', 2, 6], ['11', '京', 'Beijing', 2, 7], ['12', '津', 'Tianjin', 2, 8],
  ['54', '藏', 'Tibet', 3, 1], ['63', '青', 'Qinghai', 3, 2], ['51', '川', 'Sichuan', 3, 3], ['50', '渝', 'Chongqing', 3, 4],
  ['42', '鄂', 'Hubei', 3, 5], ['41', '豫', 'Henan', 3, 6], ['13', '冀', 'Hebei', 3, 7], ['37', '鲁', 'Shandong', 3, 8],
  ['53', '云', 'Yunnan', 4, 3], ['52', '贵', 'Guizhou', 4, 4], ['43', '湘', 'Hunan', 4, 5], ['34', '皖', 'Anhui', 4, 6],
  ['32', '苏', 'Jiangsu', 4, 7], ['31', '沪', 'Shanghai', 4, 8],
  ['45', '桂', 'Guangxi', 5, 4], ['44', '粤', 'Guangdong', 5, 5], ['36', '赣', 'Jiangxi', 5, 6], ['33', '浙', 'Zhejiang', 5, 7],
  ['46', '琼', 'Hainan', 6, 4], ['82', '澳', 'Macao', 6, 5], ['81', '港', 'Hong Kong', 6, 6], ['35', '闽', 'Fujian', 6, 7],
  ['71', '台', 'Taiwan', 6, 8],
]

export const tiles: readonly Tile[] = rows.map(([code, zh, en, row, column]) => ({
  code: `${code}0000`, zh, en, row, column, outside: ['71', '81', '82'].includes(code),
}))

/** Which of five shades a value has, 0 for none: steps of the largest. */
export function shadeOf(value: number, largest: number): number {
  return value <= 0 || largest <= 0 ? 0 : Math.min(5, Math.max(1, Math.ceil((value / largest) * 5)))
}

/** A number short enough for a tile. */
export function short(value: number, language: string): string {
  return new Intl.NumberFormat(language, { notation: 'compact', maximumFractionDigits: value < 1000 ? 0 : 1 }).format(value)
}

/** Every day from the first to the last, both counted. Days of the calendar, so no zone is in it. */
export function daysBetween(first: string, last: string): string[] {
  const found: string[] = []
  for (let at = Date.parse(`${first}T00:00:00Z`); at <= Date.parse(`${last}T00:00:00Z`); at += 86_400_000) {
    found.push(new Date(at).toISOString().slice(0, 10))
  }
  return found
}
