import assert from 'node:assert/strict'
import { test } from 'node:test'
import { scanned, type Scanned } from './scanned.ts'

const per = `per_${'0'.repeat(26)}`
const fch = `fch_${'1'.repeat(26)}`
const cases: [string, Scanned][] = [
  ['LZ1:ABC', { is: 'live-code', code: 'LZ1:ABC' }],
  [`${per} ${fch}`, { is: 'counter-check', person: per, check: fch }],
  [`${fch}\n${per}`, { is: 'counter-check', person: per, check: fch }],
  [per, { is: 'other' }],
  ['weixin://wxpay/bizpayurl?pr=abc', { is: 'pay' }],
  ['https://qr.alipay.com/abc', { is: 'pay' }],
  ['https://example.invalid/', { is: 'url' }],
  ['lz1:abc', { is: 'other' }],
  ['', { is: 'other' }],
]

for (const [text, found] of cases) test(`${JSON.stringify(text)} is ${found.is}`, () => assert.deepEqual(scanned(text), found))
