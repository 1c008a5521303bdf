/** What the verifier's app decides without a browser: `./lz web test`. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pseudonymsIn } from './bulk.ts'
import { cell, entryOf } from './entry.ts'
import { ageKey, isNight } from './times.ts'
import { colourOf, masked, ofServer, ofStrange, stepsOf, strange, wantedOf, type Shown, type Verdict } from './verdict.ts'

const verdict: Verdict = {
  outcome: 'valid', tone: 'green', words: { zh: '有效', en: 'Valid' }, reasons: [], checked_at: '2026-11-21T02:42:07Z',
  holder: { name: '示例甲', number: '132***********9957', classes: 'A2D', valid_until: null },
  standing: { as_of: '2026-11-21T02:42:07Z', points: 3, may_drive: true },
}

function holds(shown: Shown, members: Partial<Shown>): void {
  for (const [name, value] of Object.entries(members)) assert.deepEqual(shown[name as keyof Shown], value, name)
}

function each<T, R>(act: (given: T) => R, table: readonly (readonly [T, R])[]): void {
  for (const [given, found] of table) assert.deepEqual(act(given), found, String(given))
}

test('a valid answer is green', () => {
  holds(ofServer(verdict), { colour: 'green', icon: '✔', classes: ['A2', 'D'], validUntil: null, points: 3 })
})

test('what was not checked is grey, whatever tone came with it', () => {
  each((tone: string) => colourOf('status_not_checked', tone), [['amber', 'grey'], ['red', 'grey'], ['green', 'grey']])
})

test('only a valid answer without a note is green', () => {
  each(([outcome, tone]: [string, string]) => colourOf(outcome, tone), [
    [['valid', 'green'], 'green'], [['valid', 'amber'], 'amber'], [['forged', 'green'], 'red'], [['may_not_drive', 'green'], 'red'],
    [['too_old', 'amber'], 'amber'], [['unheard_of', 'green'], 'red'],
  ])
})

test('a plate none of whose classes is held makes a valid answer a no, with its reason first', () => {
  const shown = ofServer({ ...verdict, holder: { ...verdict.holder, classes: 'D' } }, '02')
  holds(shown, { outcome: 'may_not_drive', colour: 'red', plateClasses: [] })
  assert.equal(shown.reasons[0]!.zh, '准驾车型不符')
})

test('a plate some of whose classes are held leaves the answer and names them', () => {
  holds(ofServer(verdict, '01'), { outcome: 'valid', colour: 'green', plateClasses: ['A2', 'B1', 'B2', 'M'] })
})

test('a plate makes nothing better', () => {
  holds(ofServer({ ...verdict, outcome: 'forged', tone: 'red', holder: null, standing: null }, '02'), { outcome: 'forged', colour: 'red' })
})

test('a company that hears no classes is not told that none is held', () => {
  holds(ofServer({ ...verdict, holder: { name: '示例甲' } }, '02'), { outcome: 'valid', colour: 'green' })
})

test('what is no code of a driver is told apart', () => {
  each(strange, [
    ['weixin://wxpay/bizpayurl?pr=x', 'payment'], ['wxp://f2f0', 'payment'], ['HTTPS://QR.ALIPAY.COM/FKX', 'payment'],
    ['134567890123456789', 'payment'], ['https://example.org/a', 'address'], ['LZR1:ABCDE', 'request'], ['mdoc:owBj', 'other_system'],
    ['LZ2:ABC', 'other_version'], ['lz1:abc', 'small_letters'], ['', 'nothing'], ['hello', 'other'],
  ])
  holds(ofStrange('payment', 0), { colour: 'amber', name: null, misread: 'payment' })
})

test('what begins like a code goes to the steps, also when it is half of one', () => {
  assert.equal(strange('LZ1:ABC'), null)
})

test('the steps before the failed one held, those after it were not reached', () => {
  const held = stepsOf(ofServer({ ...verdict, outcome: 'too_old', tone: 'amber', step: { name: 'fresh' } })).map((step) => step.held)
  assert.deepEqual(held, [true, true, true, true, true, false, null, null, null])
})

test('the history holds no name, no number and no code', () => {
  const entry = JSON.stringify(entryOf('1', ofServer(verdict)))
  assert.match(entry, /示\*\*/)
  assert.doesNotMatch(entry, /示例甲|9957/)
})

test('a name is kept as its first character', () => {
  each(masked, [['李', '李*'], ['李四', '李*'], ['𠮷野家', '𠮷**'], ['阿卜杜拉·买买提', '阿***']])
})

test('a class, a kind of plate, or neither is wanted', () => {
  each(wantedOf, [['', {}], ['C1', { wantClass: 'C1' }], ['plate 02', { plateKind: '02' }]])
})

test('pseudonyms are read from lines and from the first column of a CSV', () => {
  each(pseudonymsIn, [
    ['psn_1\npsn_2\r\n psn_1 \n\n', ['psn_1', 'psn_2']], ['pseudonym,name\n"psn_3",x\n', ['psn_3']], ['', []], ['\uFEFFpsn_4;y', ['psn_4']],
  ])
})

test('no cell of an export is a formula', () => {
  each(cell, [['=1+1', "'=1+1"], ['＝1+1', "'＝1+1"], ['－1', "'－1"], ['\0=1', "'\0=1"], ['a,b', '"a,b"'], ['a"b', '"a""b"'], ['有效', '有效']])
})

test('night is from 18:00 to 07:00 in China', () => {
  each((at: string) => isNight(new Date(at)), [
    ['2026-11-21T09:59:59Z', false], ['2026-11-21T10:00:00Z', true], ['2026-11-21T22:59:59Z', true], ['2026-11-21T23:00:00Z', false],
  ])
})

test('an age is said in the unit people would', () => {
  each(ageKey, [
    [30, { key: 'age.now', n: 1 }], [7199, { key: 'age.minutes', n: 119 }], [7200, { key: 'age.hours', n: 2 }], [200_000, { key: 'age.days', n: 2 }],
  ])
})
