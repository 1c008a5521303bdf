import { expect, it } from 'vitest'
import { scanned } from './scanned'

const per = `per_${'0'.repeat(26)}`
const fch = `fch_${'1'.repeat(26)}`

it.each([
  ['LZ1:ABC', { is: 'live-code', code: 'LZ1:ABC' }],
  [`${per} ${fch}`, { is: 'counter-check', person: per, check: fch }],
  [`${fch}\n${per}`, { is: 'counter-check', person: per, check: fch }],
  [per, { is: 'other' }],
  ['weixin://wxpay/bizpayurl?pr=abc', { is: 'pay' }],
  ['https://qr.alipay.com/abc', { is: 'pay' }],
  ['https://example.invalid/', { is: 'url' }],
  ['lz1:abc', { is: 'other' }],
  ['', { is: 'other' }],
])('%s', (text, found) => expect(scanned(text)).toEqual(found))
