/** Refusals that no vector reaches; tests/web/mutants.ts says which there are. */
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {test} from 'node:test';
import * as base45 from './base45.ts';
import * as cbor from './cbor.ts';
import type {Value} from './cbor.ts';
import {decodeCredential, decodeSnapshot, demandDay, demandTimes, demandValidity, isCodes} from './claims.ts';
import * as cose from './cose.ts';
import {belongsTo, decodeDocument, openDocument} from './document.ts';
import {BadKey, BadSignature, Malformed} from './errors.ts';
import {trustOf} from './judge.ts';
import {concat, fromHex, octetsOf, toHex} from './octets.ts';
import type {Octets} from './octets.ts';
import {newMemory, verifyOffline} from './offline.ts';
import {StatusData, entryOf, openStatusList, uriOf} from './statuslist.ts';
import {decompress, demandPoint} from './p256.ts';
import {misreadOf} from './reading.ts';
import {NotVerifiedStep} from './verdict.ts';
import {Seen, Verifier} from './verifier.ts';

const FOLDER = new URL('../../../tests/vectors/live-code/', import.meta.url);

function vectors(name: string): any {
  return JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8'));
}

const DOCUMENTS = vectors('documents-ES256.json');
const FILE = fromHex(DOCUMENTS.cases.find((row: any) => row.document).octets);
const [DOCUMENT, PORTRAIT, FONT] = cbor.decode(FILE, 4 << 20) as [Octets, Octets, Octets | null];
const PAYLOAD = cose.parse(DOCUMENT).payload;
const ISS = 1;
const CLAIM = -65539;

/** The claims with item `at` put anew; the issuer where it is `null`. */
function claimsWith(at: number | null, value: Value): Octets {
  const claims = cbor.decode(PAYLOAD) as Map<Value, Value>;
  if (at === null) claims.set(ISS, value);
  else (claims.get(CLAIM) as Value[])[at] = value;
  return cbor.encode(claims);
}

test('a document file is its three parts and nothing else', async () => {
  const trust = await trustOf(DOCUMENTS.bundle, DOCUMENTS.root);
  assert.ok((await openDocument(FILE, trust)).claims.name);
  const wrong: Value[] = [null, 'abc', [DOCUMENT, PORTRAIT], [DOCUMENT, PORTRAIT, FONT, null], [1, PORTRAIT, FONT], [DOCUMENT, 1, FONT], [DOCUMENT, PORTRAIT, 1]];
  for (const parts of wrong) await assert.rejects(openDocument(cbor.encode(parts), trust), Malformed);
  const forged = concat(DOCUMENT.subarray(0, -1), Uint8Array.of(DOCUMENT.at(-1)! ^ 1));
  await assert.rejects(openDocument(cbor.encode([forged, PORTRAIT, FONT]), trust), BadSignature);
});

test('a document belongs to a credential of the same licence, version and portrait', async () => {
  const trust = await trustOf(DOCUMENTS.bundle, DOCUMENTS.root);
  const document = await openDocument(FILE, trust);
  const {at} = vectors('mutants-ES256.json');
  const {credential} = await new Verifier(trust).open(DOCUMENTS.code, at);
  assert.equal(belongsTo(document, credential), true);
  assert.equal(belongsTo(document, {...credential, portraitHash: new Uint8Array(16)}), false);
  assert.equal(belongsTo(document, {...credential, licenceId: new Uint8Array(16)}), false);
  assert.equal(belongsTo(document, {...credential, version: credential.version + 1}), false);
});

test('the claims of a document keep their bounds', () => {
  const [licence, version, points] = [0, 1, 11];
  assert.equal(decodeDocument(claimsWith(version, 2 ** 32 - 1)).version, 2 ** 32 - 1);
  assert.equal(decodeDocument(claimsWith(points, 999)).pointsAtIssue, 999);
  const wrong: [number | null, Value][] = [
    [version, 2 ** 32], [version, -1], [version, null], [version, '1'], [points, 1000], [licence, new Uint8Array(15)], [licence, null],
    [null, 'CN-3'], [null, 'XX-32'], [null, ['CN-32']], [null, 32],
  ]; // prettier-ignore
  for (const [at, value] of wrong) assert.throws(() => decodeDocument(claimsWith(at, value)), Malformed, String(value));
  for (const payload of ['f6', '80', 'a0', '84f6f6f6f6']) assert.throws(() => decodeDocument(fromHex(payload)), Malformed);
});

const LISTS = vectors('status-lists-ES256.json');
const LIST = LISTS.cases.find((row: any) => row.list);

/** A status list token with other claims, as nobody signed it: its form is looked at first. */
function listWith(change: (claims: Map<Value, Value>) => Value): Octets {
  const token = fromHex(LIST.octets);
  const {payload} = cose.parse(token.slice(1), cose.STATUS_LIST);
  const tail = token.slice(-66);
  const before = token.slice(0, token.length - 66 - cbor.byteString(payload).length);
  return concat(before, cbor.byteString(cbor.encode(change(cbor.decode(payload, 4 << 20) as Map<Value, Value>))), tail);
}

test('the claims of a status list keep their form', async () => {
  const trust = await trustOf(LISTS.bundle, LISTS.root);
  const open = (change: (claims: Map<Value, Value>) => Value) => openStatusList(listWith(change), trust, LIST.uri, LIST.at);
  const put = (key: number, value: Value) => (claims: Map<Value, Value>) => claims.set(key, value);
  assert.equal((await open((claims) => claims)).uri, LIST.uri);
  await assert.rejects(open(put(2, `${LIST.uri}0`)), BadSignature);
  const [iat, exp] = [LIST.list.iat, LIST.list.exp];
  const wrong = [
    () => null, () => [], (claims: Map<Value, Value>) => new Map([...claims].slice(1)), put(9, 1),
    put(2, ''), put(2, 'x'.repeat(501)), put(2, 7), put(4, iat), put(6, exp), put(65534, -1), put(65534, 2 ** 32), put(65534, '1'), put(65533, null), put(65533, new Map<Value, Value>([['bits', 2], ['lst', new Uint8Array(3)]])),
  ]; // prettier-ignore
  for (const change of wrong) await assert.rejects(open(change), Malformed, String(change));
});

test('there is no half of an entry, and none before the first', async () => {
  const trust = await trustOf(LISTS.bundle, LISTS.root);
  const list = await openStatusList(fromHex(LIST.octets), trust, LIST.uri, LIST.at);
  for (const index of [0.5, -1, -0.5, NaN]) assert.throws(() => entryOf(list, index), RangeError);
});

test('of two lists of one number the newer one is kept', () => {
  const data = new StatusData();
  const put = (iat: number, octet: number) => data.put(4, {uri: uriOf(4), iat, exp: 1000, ttl: 1, bits: 2, octets: Uint8Array.of(octet)});
  const listed = () => data.of(4, 0, 500)?.listed;
  put(100, 0);
  assert.deepEqual([listed(), data.size], ['valid', 1]);
  put(101, 2);
  assert.equal(listed(), 'suspended');
  put(100, 0);
  assert.equal(listed(), 'suspended');
  put(101, 1);
  assert.equal(listed(), 'invalid');
  put(102, 3);
  assert.deepEqual([listed(), data.size], ['invalid', 1], 'a value that is not known is no yes');
});

test('the claims of a credential keep their bounds, and end where they must', async () => {
  const {root, bundle, at, bases} = vectors('mutants-ES256.json');
  const {code} = await new Verifier(await trustOf(bundle, root)).open(bases[0], at);
  const {payload} = code.signed;
  const put = (place: number, value: Value): Octets => {
    const claims = cbor.decode(payload) as Map<Value, Value>;
    (claims.get(-65537) as Value[])[place] = value;
    return cbor.encode(claims);
  };
  const [version, status] = [1, 9];
  assert.equal(decodeCredential(put(version, 2 ** 32 - 1)).version, 2 ** 32 - 1);
  assert.equal(decodeCredential(put(status, 2 ** 51 - 1)).statusList, 2 ** 31 - 1);
  for (const wrong of [put(version, 2 ** 32), put(status, 2 ** 51), put(status, 2n ** 60n)]) {
    assert.throws(() => decodeCredential(wrong), Malformed);
  }
  for (let length = 0; length < payload.length; length++) {
    assert.throws(() => decodeCredential(payload.slice(0, length)), Malformed, `cut after ${length}`);
  }
});

test('a masked number has one form: the usual stars are not carried, others are', async () => {
  const {root, bundle, at, bases} = vectors('mutants-ES256.json');
  const {code} = await new Verifier(await trustOf(bundle, root)).open(bases[0], at);
  const put = (number: string): Octets => {
    const claims = cbor.decode(code.signed.payload) as Map<Value, Value>;
    (claims.get(-65537) as Value[])[3] = number;
    return cbor.encode(claims);
  };
  const stars = '*'.repeat(11);
  assert.equal(decodeCredential(put('3201234')).maskedNumber, `320${stars}1234`);
  assert.throws(() => decodeCredential(put(`320${stars}1234`)), Malformed);
  for (const number of [`320${stars}1*34`, `${stars}3201234`]) assert.equal(decodeCredential(put(number)).maskedNumber, number);
});

test('the claims of a snapshot keep their bounds, and end where they must', async () => {
  const trust = await trustOf(LISTS.bundle, LISTS.root);
  const {code} = await new Verifier(trust).open(LISTS['code with snapshot'], LIST.at);
  const {payload} = cose.parse(code.snapshot!);
  const put = (place: number, value: Value): Octets => {
    const claims = cbor.decode(payload) as Map<Value, Value>;
    (claims.get(-65538) as Value[])[place] = value;
    return cbor.encode(claims);
  };
  const [version, points, standingVersion] = [1, 3, 5];
  assert.equal(decodeSnapshot(put(version, 2 ** 32 - 1)).version, 2 ** 32 - 1);
  assert.equal(decodeSnapshot(put(points, 999)).points, 999);
  assert.equal(decodeSnapshot(put(standingVersion, Number.MAX_SAFE_INTEGER)).standingVersion, Number.MAX_SAFE_INTEGER);
  for (const wrong of [put(version, 2 ** 32), put(points, 1000), put(standingVersion, 2n ** 53n), put(standingVersion, 2n ** 60n)]) {
    assert.throws(() => decodeSnapshot(wrong), Malformed);
  }
  for (let length = 0; length < payload.length; length++) {
    assert.throws(() => decodeSnapshot(payload.slice(0, length)), Malformed, `cut after ${length}`);
  }
});

test('days, times and codes are what they must be', () => {
  const [firstDay, lastDay, firstSecond, lastSecond] = [-719162, 2932896, 1 << 16, 2 ** 32 - 1];
  for (const day of [firstDay, 0, lastDay]) demandDay(day);
  for (const day of [firstDay - 1, lastDay + 1, '0', null, undefined, NaN]) assert.throws(() => demandDay(day), Malformed, String(day));
  demandValidity(firstDay, null);
  demandValidity(5, 5);
  for (const [from, until] of [[lastDay + 1, null], [0, lastDay + 1], [6, 5]] as const) assert.throws(() => demandValidity(from, until), Malformed);
  demandTimes(firstSecond, lastSecond);
  const wrong = [
    [firstSecond - 1, lastSecond], [firstSecond, firstSecond], [firstSecond, lastSecond + 1], [firstSecond, firstSecond - 1],
    [70_000n, 80_000n], [70_000, '80000'], ['70000', 80_000], [70_000n, 80_000], [70_000, 80_000n], [undefined, 80_000], [70_000, null],
  ]; // prettier-ignore
  for (const [start, end] of wrong) assert.throws(() => demandTimes(start, end), Malformed, `${start} ${end}`);
  assert.deepEqual(['A1', 'A1A2D', '', '1', 'a1', 'A 1', ['A1'], null].map((value) => isCodes(value, 5)), [true, true, false, false, false, false, false, false]);
  assert.equal(isCodes('A1A2D1', 5), false);
});

test('CBOR is read to its end and no further, and written in its one order', () => {
  const nine = cbor.encode(new Uint8Array(8));
  assert.equal((cbor.decode(nine, 9) as Octets).length, 8);
  assert.throws(() => cbor.decode(nine, 8), /at most 8/);
  for (const hex of ['c0', 'c6', 'd200', 'e0', 'e1', '18', '1900', '1a000000', '58', '5900', '78', '98', 'b8', '4201', '6261']) {
    assert.throws(() => cbor.decode(fromHex(hex)), Malformed, hex);
  }
  assert.equal(cbor.decode(fromHex('3b001ffffffffffffe')), Number.MIN_SAFE_INTEGER);
  assert.equal(typeof cbor.decode(fromHex('3b001fffffffffffff')), 'bigint');
  assert.equal((cbor.decode(cbor.encode(new Map<Value, Value>([[2n ** 60n, 1]]))) as Map<Value, Value>).get(2n ** 60n), 1);
  assert.equal(toHex(cbor.encode(new Map<Value, Value>([['a', 0], [2, 0], [1, 0]]))), 'a301000200616100');
  assert.deepEqual(cbor.readByteString(fromHex('4107'), 0), [Uint8Array.of(7), 2]);
  assert.deepEqual(cbor.readText(fromHex('6161'), 0), ['a', 2]);
  for (const hex of ['4201', '00', '20', '60']) assert.throws(() => cbor.readByteString(fromHex(hex), 0), Malformed, hex);
  for (let first = 0; first < 0x40; first++) {
    // Also where enough follows for whatever might be read of it.
    assert.throws(() => cbor.readByteString(new Uint8Array(600).fill(first, 0, 1), 0), Malformed, `${first}`);
  }
  for (const hex of ['6261', '00', '20', '40']) assert.throws(() => cbor.readText(fromHex(hex), 0), Malformed, hex);
});

test('showings are kept to the last second in which they could be repeated', () => {
  const seen = new Seen(1);
  assert.equal(seen.note(Uint8Array.of(1), null, 100, 50), true);
  assert.throws(() => seen.note(Uint8Array.of(2), null, 200, 100), NotVerifiedStep);
  assert.equal(seen.note(Uint8Array.of(2), null, 200, 101), true);
});

test('the first second a code can name is one', async () => {
  const trust = await trustOf(LISTS.bundle, LISTS.root);
  const octets = base45.decode(LISTS.code.slice(4));
  octets.set([0, 1, 0, 0], octets.length - 79);
  const step = async (code: string) => (await verifyOffline(code, trust, LIST.at)).step;
  assert.equal(await step('LZ1:' + base45.encode(octets)), 'device signature');
  octets.set([0, 0, 255, 255], octets.length - 79);
  assert.equal(await step('LZ1:' + base45.encode(octets)), 'decodes');
});

test('a browser that cannot check a signature takes none', async () => {
  const trust = await trustOf(LISTS.bundle, LISTS.root);
  const {subtle} = crypto;
  const own = subtle.verify;
  subtle.verify = () => Promise.reject(new TypeError('not today'));
  try {
    await assert.rejects(new Verifier(trust).open(LISTS.code, LIST.at), TypeError);
    await assert.rejects(verifyOffline(LISTS.code, trust, LIST.at), TypeError);
  } finally {
    subtle.verify = own;
  }
});

test('what is remembered of licences is bounded, and the oldest goes first', async () => {
  const trust = await trustOf(LISTS.bundle, LISTS.root);
  const memory = newMemory();
  for (let licence = 0; licence < 100_000; licence++) memory.standings.set(`${licence}`, 1);
  await verifyOffline(LISTS['code with snapshot'], trust, LIST.at, {memory});
  assert.deepEqual([memory.standings.size, memory.standings.has('0'), memory.standings.has('1')], [100_000, false, true]);
  await verifyOffline(LISTS.code, trust, LIST.at, {memory: newMemory()});
});

test('a point of P-256 has one form', () => {
  const p = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;
  const compressed = (x: bigint, length = 32): Octets => concat(Uint8Array.of(2), octetsOf(x, length));
  const isPoint = (octets: Octets): boolean => {
    try {
      decompress(octets);
      return true;
    } catch (fault) {
      if (fault instanceof BadKey) return false;
      throw fault;
    }
  };
  // Small enough to have a second form below 2^256.
  const small = [...Array(50).keys()].map(BigInt).filter((x) => isPoint(compressed(x)));
  assert.ok(small.length > 10 && small.includes(0n));
  for (const x of small) {
    const point = decompress(compressed(x));
    demandPoint(point);
    const second = concat(Uint8Array.of(4), octetsOf(x + p, 32), point.subarray(33));
    const wrong = [second, concat(Uint8Array.of(3), point.subarray(1)), point.slice(0, 64), concat(point, Uint8Array.of(0)), point.slice().fill(0, 33)];
    for (const octets of wrong) assert.throws(() => demandPoint(octets), BadKey);
    assert.equal(isPoint(compressed(x + p)), false);
    assert.equal(isPoint(compressed(x, 31)), false);
    assert.equal(isPoint(concat(Uint8Array.of(2, 0), octetsOf(x, 32))), false);
  }
});

test('a code of the longest length is still one', () => {
  assert.equal(misreadOf('LZ1:' + '0'.repeat(1596)), null);
  assert.equal(misreadOf('LZ1:' + '0'.repeat(1597)), 'too long');
});
