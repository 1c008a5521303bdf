/** Streams that were changed are taken or refused as zlib itself takes or refuses them. */
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {constants, deflateRawSync, inflateRawSync} from 'node:zlib';
import {Malformed} from './errors.ts';
import {inflate} from './inflate.ts';
import {concat, toHex} from './octets.ts';
import type {Octets} from './octets.ts';

const MOST = 1 << 16;

/** A number below `most`, the same ones in every run. */
function chance(seed: number): (most: number) => number {
  let state = seed;
  return (most) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * most);
  };
}

function adler(octets: Uint8Array): Octets {
  let [a, b] = [1, 0];
  for (const octet of octets) {
    a = (a + octet) % 65521;
    b = (b + a) % 65521;
  }
  return Uint8Array.of(b >> 8, b & 0xff, a >> 8, a & 0xff);
}

/** What zlib unpacks, when it takes all of it; null for what it refuses. */
function byZlib(packed: Octets): Uint8Array | null {
  try {
    const {buffer, engine} = inflateRawSync(packed, {info: true, maxOutputLength: MOST}) as any;
    return engine.bytesWritten === packed.length ? buffer : null;
  } catch {
    return null;
  }
}

function byUs(packed: Octets, sum: Octets): Uint8Array | null {
  try {
    return inflate(concat(Uint8Array.of(0x78, 0x9c), packed, sum), MOST);
  } catch (fault) {
    if (fault instanceof Malformed) return null;
    throw fault;
  }
}

test('a changed stream is unpacked as zlib unpacks it, or refused as zlib refuses it', () => {
  const next = chance(20261121);
  const sample = (length: number, kinds: number) => Uint8Array.from({length}, () => (next(8) ? 0 : next(kinds)));
  const bases = [
    ...[0, 1, 6, 9].map((level) => deflateRawSync(sample(600, 256), {level})),
    deflateRawSync(sample(300, 256), {strategy: constants.Z_FIXED}),
    deflateRawSync(sample(400, 3), {strategy: constants.Z_HUFFMAN_ONLY}),
    deflateRawSync(new Uint8Array(5000)),
    deflateRawSync(sample(9, 256), {level: 0}),
  ];
  let taken = 0;
  for (let turn = 0; turn < 6000; turn++) {
    const packed = Uint8Array.from(bases[turn % bases.length]!);
    // Mostly the head, where the tables stand.
    for (let changes = next(3); changes >= 0; changes--) packed[next(next(2) ? Math.min(40, packed.length) : packed.length)]! ^= 1 << next(8);
    const cut = next(10) ? packed : packed.slice(0, next(packed.length));
    const expected = byZlib(cut);
    const found = byUs(cut, adler(expected ?? new Uint8Array()));
    if (expected) taken += 1;
    assert.equal(found && toHex(found), expected && toHex(expected), toHex(cut));
  }
  assert.ok(taken > 500, `${taken}`);
});

test('a head that zlib would not take is refused', () => {
  const packed = deflateRawSync(Uint8Array.of(7)) as Octets;
  const sum = adler(Uint8Array.of(7));
  const whole = (method: number, flags: number) => concat(Uint8Array.of(method, flags), packed, sum);
  assert.deepEqual(inflate(whole(0x78, 0x9c), 1), Uint8Array.of(7));
  // Another method, a window too large, a wrong check of the head, a dictionary.
  for (const [method, flags] of [[0x77, 0x85], [0x88, 0x1c], [0x78, 0x9d], [0x78, 0xbb]] as const) {
    assert.throws(() => inflate(whole(method, flags), 1), Malformed, `${method}`);
  }
  for (let length = 0; length < packed.length + 6; length++) assert.throws(() => inflate(whole(0x78, 0x9c).slice(0, length), 1), Malformed);
});
