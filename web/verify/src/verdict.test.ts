import { expect, test } from 'vitest'
import { pseudonymsIn } from './bulk'
import { cell, entryOf } from './history'
import { colourOf, masked, ofServer, ofStrange, stepsOf, strange, wantedOf, type Verdict } from './verdict'
import { ageKey, isNight } from './times'

const verdict: Verdict = {
  outcome: 'valid', tone: 'green', words: { zh: '有效', en: 'Valid' }, reasons: [], checked_at: '2026-11-21T02:42:07Z',
  holder: { name: '示例甲', number: '132***********9957', classes: 'A2D', valid_until: null },
  standing: { as_of: '2026-11-21T02:42:07Z', points: 3, may_drive: true },
}

test('a valid answer is green', () => {
  expect(ofServer(verdict)).toMatchObject({ colour: 'green', icon: '✔', classes: ['A2', 'D'], validUntil: null, points: 3 })
})

test.each(['amber', 'red', 'green'])('what was not checked is grey, whatever tone came with it (%s)', (tone) => {
  expect(colourOf('status_not_checked', tone)).toBe('grey')
})

test.each([
  ['forged', 'green', 'red'], ['may_not_drive', 'green', 'red'], ['too_old', 'amber', 'amber'], ['valid', 'amber', 'amber'],
])('only a valid answer without a note is green: %s %s', (outcome, tone, colour) => {
  expect(colourOf(outcome, tone)).toBe(colour)
})

test('a plate none of whose classes is held makes a valid answer a no, with its reason first', () => {
  const shown = ofServer({ ...verdict, holder: { ...verdict.holder, classes: 'D' } }, '02')
  expect(shown).toMatchObject({ outcome: 'may_not_drive', colour: 'red', plateClasses: [] })
  expect(shown.reasons[0]!.zh).toBe('准驾车型不符')
})

test('a plate some of whose classes are held leaves the answer and names them', () => {
  expect(ofServer(verdict, '01')).toMatchObject({ outcome: 'valid', colour: 'green', plateClasses: ['A2', 'B1', 'B2', 'M'] })
})

test('a plate makes nothing better', () => {
  const forged = ofServer({ ...verdict, outcome: 'forged', tone: 'red', holder: null, standing: null }, '02')
  expect(forged).toMatchObject({ outcome: 'forged', colour: 'red' })
})

test('a company that hears no classes is not told that none is held', () => {
  expect(ofServer({ ...verdict, holder: { name: '示例甲' } }, '02')).toMatchObject({ outcome: 'valid', colour: 'green' })
})

test.each([
  ['weixin://wxpay/bizpayurl?pr=x', 'payment'], ['wxp://f2f0', 'payment'], ['HTTPS://QR.ALIPAY.COM/FKX', 'payment'],
  ['134567890123456789', 'payment'], ['https://example.org/a', 'address'], ['LZR1:ABCDE', 'request'], ['mdoc:owBj', 'other_system'],
  ['LZ2:ABC', 'other_version'], ['lz1:abc', 'small_letters'], ['', 'nothing'], ['hello', 'other'],
])('%s is told apart: %s', (text, what) => {
  expect(strange(text)).toBe(what)
  expect(ofStrange(what, 0)).toMatchObject({ colour: 'amber', name: null })
})

test('what begins like a code goes to the steps, also when it is half of one', () => {
  expect(strange('LZ1:ABC')).toBeNull()
})

test('the steps before the failed one held, those after it were not reached', () => {
  const held = stepsOf(ofServer({ ...verdict, outcome: 'too_old', tone: 'amber', step: { name: 'fresh' } })).map((step) => step.held)
  expect(held).toEqual([true, true, true, true, true, false, null, null, null])
})

test('the history holds no name, no number and no code', () => {
  const entry = JSON.stringify(entryOf('1', ofServer(verdict)))
  expect(entry).toContain('示**')
  expect(entry).not.toMatch(/示例甲|9957/)
})

test.each([['李', '李*'], ['李四', '李*'], ['𠮷野家', '𠮷**'], ['阿卜杜拉·买买提', '阿***']])('%s is kept as %s', (name, kept) => {
  expect(masked(name)).toBe(kept)
})

test('a class or a kind of plate', () => {
  expect([wantedOf(''), wantedOf('C1'), wantedOf('plate 02')]).toEqual([{}, { wantClass: 'C1' }, { plateKind: '02' }])
})

test.each([
  ['psn_1\npsn_2\r\n psn_1 \n\n', ['psn_1', 'psn_2']], ['pseudonym,name\n"psn_3",x\n', ['psn_3']], ['', []], ['\uFEFFpsn_4;y', ['psn_4']],
])('pseudonyms in %j', (text, found) => {
  expect(pseudonymsIn(text)).toEqual(found)
})

test.each([['=1+1', "'=1+1"], ['a,b', '"a,b"'], ['a"b', '"a""b"'], ['有效', '有效']])('the cell %s', (text, written) => {
  expect(cell(text)).toBe(written)
})

test.each([['2026-11-21T09:59:59Z', false], ['2026-11-21T10:00:00Z', true], ['2026-11-21T22:59:59Z', true], ['2026-11-21T23:00:00Z', false]])(
  'night in China at %s: %s', (at, is) => expect(isNight(new Date(at))).toBe(is),
)

test.each([[30, 'age.now', 1], [7199, 'age.minutes', 119], [7200, 'age.hours', 2], [200_000, 'age.days', 2]])('%d seconds', (seconds, key, n) => {
  expect(ageKey(seconds)).toEqual({ key, n })
})
