/** DER has one form only. */
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {only, seconds, uint256, values} from './der.ts';
import {BadCertificate} from './errors.ts';
import {fromHex, toHex, utf8} from './octets.ts';

const value = (hex: string) => values(fromHex(hex))[0];
const time = (tag: number, text: string) => ({tag, contents: utf8(text), whole: utf8(text)});

test('values are read one after the other, to the end', () => {
  const read = values(fromHex('020105' + '0400' + '048180' + '00'.repeat(128)));
  assert.deepEqual(read.map(({tag, contents}) => [tag, contents.length]), [[2, 1], [4, 0], [4, 128]]);
  assert.equal(toHex(only(fromHex('0402abcd'), 0x04).contents), 'abcd');
  assert.equal(values(fromHex('04820100' + '00'.repeat(256)))[0]!.contents.length, 256);
});

test('lengths in a second form, beyond the end or without one are refused', () => {
  const bad = ['02', '0201', '020205', '0480', '04800000', '04810100', '04817f' + '00'.repeat(127), '0482', '04820080'];
  bad.push('0480' + '00'.repeat(128), '048200ff' + '00'.repeat(255), '0484000000010a', '1f0100', '3f8001');
  for (const hex of bad) assert.throws(() => values(fromHex(hex)), BadCertificate, hex);
});

test('one value is one value of its tag', () => {
  assert.throws(() => only(fromHex('0400' + '0400'), 0x04), BadCertificate);
  assert.throws(() => only(fromHex('0400'), 0x30), BadCertificate);
  assert.throws(() => only(fromHex(''), 0x30), BadCertificate);
});

test('numbers of a signature are positive, minimal and of 256 bits at most', () => {
  assert.equal(toHex(uint256(value('020105'))), '05'.padStart(64, '0'));
  assert.equal(toHex(uint256(value('022100' + 'ff'.repeat(32)))), 'ff'.repeat(32));
  assert.equal(toHex(uint256(value('020100'))), '0'.repeat(64));
  for (const hex of ['0200', '020180', '02020005', '022101' + '00'.repeat(32), '022200ff' + '00'.repeat(32), '0401ff']) {
    assert.throws(() => uint256(value(hex)), BadCertificate, hex);
  }
});

test('times are those of RFC 5280, and there are such times', () => {
  assert.equal(seconds(time(0x17, '261120020000Z')), Date.UTC(2026, 10, 20, 2) / 1000);
  assert.equal(seconds(time(0x17, '490101000000Z')), Date.UTC(2049, 0, 1) / 1000);
  assert.equal(seconds(time(0x17, '500101000000Z')), Date.UTC(1950, 0, 1) / 1000);
  assert.equal(seconds(time(0x18, '20500101000000Z')), Date.UTC(2050, 0, 1) / 1000);
  const bad = [[0x17, '260230000000Z'], [0x17, '261301000000Z'], [0x17, '261120240000Z'], [0x17, '2611200200Z']] as const;
  const swapped = [[0x18, '261120020000Z'], [0x17, '20261120020000Z'], [0x18, '20261120020000'], [0x18, '20261120020000+0800']];
  for (const [tag, text] of [...bad, ...(swapped as [number, string][])]) {
    assert.throws(() => seconds(time(tag, text)), BadCertificate, text);
  }
  assert.throws(() => seconds(undefined), BadCertificate);
});
