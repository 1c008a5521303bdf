/** The provinces as equal tiles, about where they lie: a drawing of which and how many, no map, and no boundary in it. */

export interface Tile {
  /** Six digits of the province-level unit. */
  code: string
  /** One character, as on its plates. */
  short: string
  zh: string
  en: string
  row: number
  column: number
  /** Where this service counts nothing. */
  outside: boolean
}

const rows: [code: string, short: string, zh: string, en: string, row: number, column: number][] = [
  ['23', '黑', '黑龙江省', 'Heilongjiang', 0, 9],
  ['15', '蒙', '内蒙古自治区', 'Inner Mongolia', 1, 6], ['21', '辽', '辽宁省', 'Liaoning', 1, 8], ['22', '吉', '吉林省', 'Jilin', 1, 9],
  ['65', '新', '新疆维吾尔自治区', 'Xinjiang', 2, 1], ['62', '甘', '甘肃省', 'Gansu', 2, 3], ['64', '宁', '宁夏回族自治区', 'Ningxia', 2, 4], ['61', '陕', '陕西省', 'Shaanxi', 2, 5],
  ['14', '晋', '山西省', 'Shanxi', 2, 6], ['11', '京', '北京市', 'Beijing', 2, 7], ['12', '津', '天津市', 'Tianjin', 2, 8],
  ['54', '藏', '西藏自治区', 'Tibet', 3, 1], ['63', '青', '青海省', 'Qinghai', 3, 2], ['51', '川', '四川省', 'Sichuan', 3, 3], ['50', '渝', '重庆市', 'Chongqing', 3, 4],
  ['42', '鄂', '湖北省', 'Hubei', 3, 5], ['41', '豫', '河南省', 'Henan', 3, 6], ['13', '冀', '河北省', 'Hebei', 3, 7], ['37', '鲁', '山东省', 'Shandong', 3, 8],
  ['53', '云', '云南省', 'Yunnan', 4, 3], ['52', '贵', '贵州省', 'Guizhou', 4, 4], ['43', '湘', '湖南省', 'Hunan', 4, 5], ['34', '皖', '安徽省', 'Anhui', 4, 6],
  ['32', '苏', '江苏省', 'Jiangsu', 4, 7], ['31', '沪', '上海市', 'Shanghai', 4, 8],
  ['45', '桂', '广西壮族自治区', 'Guangxi', 5, 4], ['44', '粤', '广东省', 'Guangdong', 5, 5], ['36', '赣', '江西省', 'Jiangxi', 5, 6], ['33', '浙', '浙江省', 'Zhejiang', 5, 7],
  ['46', '琼', '海南省', 'Hainan', 6, 4], ['82', '澳', '澳门特别行政区', 'Macao', 6, 5], ['81', '港', '香港特别行政区', 'Hong Kong', 6, 6], ['35', '闽', '福建省', 'Fujian', 6, 7],
  ['71', '台', '台湾省', 'Taiwan', 6, 8],
]

export const tiles: readonly Tile[] = rows.map(([code, short, zh, en, row, column]) => ({
  code: `${code}0000`, short, zh, en, row, column, outside: ['71', '81', '82'].includes(code),
}))

/** Which of five shades a value has, 0 for none: steps of the largest. */
export function shadeOf(value: number, largest: number): number {
  return value <= 0 || largest <= 0 ? 0 : Math.min(5, Math.max(1, Math.ceil((value / largest) * 5)))
}

/** A number short enough for a tile. */
export function brief(value: number, language: string): string {
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
