import assert from 'node:assert/strict'
import { test } from 'node:test'
import { counterText, scanned, type Scanned } from './scanned.ts'

const per = `per_${'0'.repeat(26)}`
const fch = `fch_${'1z'.repeat(13)}`
const cases: [string, Scanned][] = [
  ['LZ1:ABC', { is: 'live-code', code: 'LZ1:ABC' }],
  ['LZR1:ABCDE12345', { is: 'request', code: 'ABCDE12345' }],
  [counterText(per, fch), { is: 'counter-check', person: per, check: fch }],
  // Half of one, one with something behind it, one of a later version, one in small letters: not taken for what it begins like.
  ['LZR1:ABCDE1234', { is: 'half' }],
  ['LZR1:ABCDE123456', { is: 'half' }],
  ['LZR1:ABCDE-12345', { is: 'half' }],
  ['LZR1:ABCDEFGHIJ', { is: 'half' }],
  ['LZR2:ABCDE12345', { is: 'half' }],
  ['LZR1:ABCDE12345\n', { is: 'half' }],
  ['LZR1:../../x?a=1', { is: 'half' }],
  [`LZC1:${per}`, { is: 'half' }],
  [`LZC1:${fch}:${per}`, { is: 'half' }],
  [`LZC1:${per}:${fch} `, { is: 'half' }],
  ['LZ2:ABC', { is: 'half' }],
  ['lz1:abc', { is: 'half' }],
  // The ids without their form are no code of ours.
  [`${per} ${fch}`, { is: 'other' }],
  ['weixin://wxpay/bizpayurl?pr=abc', { is: 'pay' }],
  ['wxp://f2f0abcdefghijklmnopqrstuvwxyz', { is: 'pay' }],
  ['https://qr.alipay.com/abc', { is: 'pay' }],
  ['HTTPS://QR.ALIPAY.COM/FKX00000', { is: 'pay' }],
  ['134567890123456789', { is: 'pay' }],
  ['https://example.invalid/', { is: 'url' }],
  ['https://example.invalid/#LZR1:ABCDE12345', { is: 'url' }],
  ['javascript:alert(1)', { is: 'other' }],
  ['HC1:6BFOXN%TS3DH0YOJ58S S-W5HDC', { is: 'other-system' }],
  ['mdoc:owBjMS4w', { is: 'other-system' }],
  ['示例', { is: 'other' }],
  ['', { is: 'other' }],
  ['LZ1:' + 'A'.repeat(5000), { is: 'half' }],
]

for (const [text, found] of cases) test(`${JSON.stringify(text).slice(0, 60)} is ${found.is}`, () => assert.deepEqual(scanned(text), found))
