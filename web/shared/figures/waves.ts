/** What measures and the waves of the record are called; a wave somebody named keeps its name. */
import type { Language } from '../words'

export const measureNames = {
  'zh-CN': { 'e-licence': '驾驶证电子化', 'used-vehicle-transfer': '二手车异地交易登记', 'lorry-pass': '货车电子通行码', 'accident-evidence': '交通事故证据材料网上查阅', 'inspection-mark': '检验标志电子凭证', 'e-vehicle-licence': '电子行驶证' },
  en: { 'e-licence': 'Electronic licence', 'used-vehicle-transfer': 'Used vehicles', 'lorry-pass': 'Lorry pass', 'accident-evidence': 'Accident evidence', 'inspection-mark': 'Inspection mark', 'e-vehicle-licence': 'Electronic vehicle licence' },
}

const waveNames: Record<Language, Record<string, string>> = {
  'zh-CN': { pilot: '试点', first: '第一批', second: '第二批', third: '第三批', nationwide: '全国推行' },
  en: { pilot: 'pilot', first: 'first wave', second: 'second wave', third: 'third wave', nationwide: 'nationwide' },
}

export const waveName = (name: string, language: Language): string => waveNames[language][name] ?? name
export const measureName = (measure: string, language: Language): string => (measureNames[language] as Record<string, string>)[measure] ?? measure
