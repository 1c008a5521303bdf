/** What a scanned text is, by its form alone. Our codes are parsed whole; anything else is named, and nothing is ever opened. */
import { misreadOf } from './live-code/reading.ts'

export type Scanned =
  | { is: 'live-code'; code: string }
  /** A company's request: ten letters and digits (docs/how-to/verify-as-a-company.md). */
  | { is: 'request'; code: string }
  /** The two ids a phone shows for a check at a counter (docs/how-to/run-a-duty.md). */
  | { is: 'counter-check'; person: string; check: string }
  /** `half`: begins like one of ours and is none. `other-system`: of another system of documents. */
  | { is: 'half' | 'url' | 'pay' | 'other-system' | 'other' }

const request = /^LZR1:([0-9A-HJKMNP-TV-Z]{10})$/
const counterCheck = /^LZC1:(per_[0-9a-hjkmnp-tv-z]{26}):(fch_[0-9a-hjkmnp-tv-z]{26})$/
const documents = /^(mdoc:|openid4vp:|HC1:|vc\+)/i
const payments = /^(weixin|wxp|alipays?|upwrp):\/\/|^(https?:\/\/)?(qr\.alipay\.com|payapp\.weixin\.qq\.com|wx\.tenpay\.com|qr\.95516\.com)\//i

export function scanned(text: string): Scanned {
  const asks = request.exec(text)
  if (asks) return { is: 'request', code: asks[1] }
  const waits = counterCheck.exec(text)
  if (waits) return { is: 'counter-check', person: waits[1], check: waits[2] }
  const misread = misreadOf(text)
  if (misread === null) return { is: 'live-code', code: text }
  if (/^LZ[A-Z]?\d{0,3}:/i.test(text)) return { is: 'half' }
  if (documents.test(text)) return { is: 'other-system' }
  if (misread === 'payment code' || payments.test(text)) return { is: 'pay' }
  return { is: misread === 'address' ? 'url' : 'other' }
}

/** What a phone shows a counter, as a QR code. */
export function counterText(person: string, check: string): string {
  return `LZC1:${person}:${check}`
}
