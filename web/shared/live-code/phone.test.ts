/** The phone's half: a key nobody reads out, and codes that the verifier's half takes. */
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {test} from 'node:test';
import * as base45 from './base45.ts';
import {fromHex, same, toHex} from './octets.ts';
import {decompress} from './p256.ts';
import {buildCode, makeKey, publicKeyOf, show, signerOf, untilNext} from './phone.ts';

const {codes} = JSON.parse(
  readFileSync(new URL('../../../tests/vectors/live-code/phone.json', import.meta.url), 'utf8'),
);
const KEPT = {credential: fromHex(codes[1].credential), snapshot: fromHex(codes[1].snapshot)};
const NONCE = new Uint8Array(8);

test('the private half of a phone key is read out by nobody', async () => {
  const key = await makeKey();
  for (const form of ['pkcs8', 'jwk'] as const) {
    await assert.rejects(crypto.subtle.exportKey(form, key.privateKey), /not extractable/i);
  }
});

test('the public half has 33 octets and is the key', async () => {
  const key = await makeKey();
  const compressed = await publicKeyOf(key);
  assert.equal(compressed.length, 33);
  assert.deepEqual(decompress(compressed), new Uint8Array(await crypto.subtle.exportKey('raw', key.publicKey)));
});

test('a phone signs challenges as the server wrote them', async () => {
  const key = await makeKey();
  const signature = await signerOf(key)(fromHex('00ff'));
  const ecdsa = {name: 'ECDSA', hash: 'SHA-256'};
  assert.equal(signature.length, 64);
  assert.equal(await crypto.subtle.verify(ecdsa, key.publicKey, signature, fromHex('00ff')), true);
  assert.equal(await crypto.subtle.verify(ecdsa, key.publicKey, signature, fromHex('00fe')), false);
});

test('two codes of one second differ, and both hold the credential', async () => {
  const key = await makeKey();
  const made = await Promise.all([1, 2].map(() => show(KEPT, key, 1_795_140_000_900)));
  assert.notEqual(made[0], made[1]);
  for (const code of made) {
    const octets = base45.decode(code.slice(4));
    assert.ok(toHex(octets).includes(codes[1].credential));
    assert.ok(toHex(octets.slice(-80)).startsWith('1a' + (1_795_140_000).toString(16)));
  }
});

test("the measured offset puts a wrong phone clock right, and its fractions count", async () => {
  const key = await makeKey();
  const code = await show(KEPT, key, 1_795_140_000_900, 100.2);
  assert.equal(new DataView(base45.decode(code.slice(4)).slice(-80).buffer).getUint32(1), 1_795_140_101);
});

test('a nonce or time of another form makes no code', async () => {
  const sign = async () => new Uint8Array(64);
  assert.ok(await buildCode(KEPT, 65536, NONCE, sign));
  await assert.rejects(buildCode(KEPT, 65535, NONCE, sign), RangeError);
  await assert.rejects(buildCode(KEPT, 2 ** 32, NONCE, sign), RangeError);
  await assert.rejects(buildCode(KEPT, 70000.5, NONCE, sign), RangeError);
  await assert.rejects(buildCode(KEPT, 70000, new Uint8Array(7), sign), RangeError);
});

test('a code changes on whole multiples of its period', () => {
  assert.deepEqual([0, 1, 14_999, 15_000, 31_000].map((now) => untilNext(now, 15)), [15_000, 14_999, 1, 15_000, 14_000]);
});

test('same octets are the same, others are not', () => {
  assert.equal(same(fromHex('0102'), fromHex('0102')), true);
  assert.equal(same(fromHex('0102'), fromHex('0103')), false);
  assert.equal(same(fromHex('0102'), fromHex('010203')), false);
});
