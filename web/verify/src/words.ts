import { speak } from '@shared/words'

export const words = speak({ 'zh-CN': { app: '核验 · 电子驾驶证' }, en: { app: 'verify' } })
