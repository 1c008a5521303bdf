/** What a wave opens, for who proposes it and for who agrees. */
export const wave = {
  'zh-CN': {
    wave: {
      result: '将开放 {cities} 城、{drivers} 名驾驶人', about: '将开放 {cities} 城、约 {drivers} 名驾驶人（抽样估计）', already: '另有 {n} 城已开放，不重复计入。', everywhere: '全国',
      measure: { 'e-licence': '驾驶证电子化', 'used-vehicle-transfer': '二手车异地交易登记', 'lorry-pass': '货车电子通行码', 'accident-evidence': '交通事故证据材料网上查阅', 'inspection-mark': '检验标志电子凭证', 'e-vehicle-licence': '电子行驶证' },
    },
  },
  en: {
    wave: {
      result: 'This opens {cities} cities, {drivers} drivers', about: 'This opens {cities} cities, about {drivers} drivers (from a sample)', already: '{n} more are open already and not counted.', everywhere: 'Everywhere',
      measure: { 'e-licence': 'Electronic licence', 'used-vehicle-transfer': 'Used vehicles', 'lorry-pass': 'Lorry pass', 'accident-evidence': 'Accident evidence', 'inspection-mark': 'Inspection mark', 'e-vehicle-licence': 'Electronic vehicle licence' },
    },
  },
}
