import { speak } from '@shared/words'

export const words = speak({ 'zh-CN': { app: '驾驶证业务控制台' }, en: { app: 'staff' } })
