import { speak } from '@shared/words'

export const words = speak({ 'zh-CN': { app: '电子驾驶证 · 公开数据' }, en: { app: 'open' } })
