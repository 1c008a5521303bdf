/** What a scanned text is, before the server is asked. */

export type Scanned =
  | { is: 'live-code'; code: string }
  /** The two ids a phone shows for a check at a counter. */
  | { is: 'counter-check'; person: string; check: string }
  | { is: 'url' | 'pay' | 'other' }

const payments = /^(weixin|wxp|alipays?):\/\/|^https:\/\/(qr\.alipay\.com|payapp\.weixin\.qq\.com|qr\.95516\.com)\//i
const person = /\bper_[0-9a-z]{26}\b/
const check = /\bfch_[0-9a-z]{26}\b/

export function scanned(text: string): Scanned {
  if (text.startsWith('LZ1:')) return { is: 'live-code', code: text }
  const who = person.exec(text)
  const which = check.exec(text)
  if (who && which) return { is: 'counter-check', person: who[0], check: which[0] }
  if (payments.test(text)) return { is: 'pay' }
  return { is: /^https?:\/\//i.test(text) ? 'url' : 'other' }
}
