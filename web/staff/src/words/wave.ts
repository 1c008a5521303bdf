/** What a wave opens, for who proposes it and for who agrees. */
import { measureNames } from '@shared/figures/waves'

export const wave = {
  'zh-CN': {
    wave: {
      result: '将开放 {cities} 城、{drivers} 名驾驶人', about: '将开放 {cities} 城、约 {drivers} 名驾驶人（抽样估计）', already: '另有 {n} 城已开放，不重复计入。', everywhere: '全国',
      measure: measureNames['zh-CN'],
    },
  },
  en: {
    wave: {
      result: 'This opens {cities} cities, {drivers} drivers', about: 'This opens {cities} cities, about {drivers} drivers (from a sample)', already: '{n} more are open already and not counted.', everywhere: 'Everywhere',
      measure: measureNames.en,
    },
  },
}
