/** Refusals of certificates and trust bundles that no vector reaches; tests/web/mutants.ts says which there are. */
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {test} from 'node:test';
import * as cbor from './cbor.ts';
import type {Value} from './cbor.ts';
import * as cose from './cose.ts';
import {OCTET_STRING, OID, SEQUENCE, only, uint256, values} from './der.ts';
import {BadCertificate, BadTrust} from './errors.ts';
import {SM2} from './keys.ts';
import {concat, fromHex, sha256, toHex, utf8} from './octets.ts';
import type {Octets} from './octets.ts';
import {TrustBundle} from './trust.ts';
import * as x509 from './x509.ts';

const FOLDER = new URL('../../../tests/vectors/live-code/', import.meta.url);
const CERTIFICATES = JSON.parse(readFileSync(new URL('certificates-ES256.json', FOLDER), 'utf8'));
const BUNDLES = JSON.parse(readFileSync(new URL('bundles-ES256.json', FOLDER), 'utf8'));
const ROOT = fromHex(CERTIFICATES.root);
const LEAF = fromHex(CERTIFICATES.cases.find((row: any) => row.name === 'signer, as it was').octets);

const ES256_OID = '06082a8648ce3d040302';
const [KEY_USAGE, EXTENDED, KEY_ID, AUTHORITY] = ['551d0f', '551d25', '551d0e', '551d23'];

function tlv(tag: number, ...contents: Octets[]): Octets {
  const inside = concat(...contents);
  const long = inside.length < 0x80 ? [inside.length] : inside.length < 0x100 ? [0x81, inside.length] : [0x82, inside.length >> 8, inside.length & 0xff];
  return concat(Uint8Array.of(tag, ...long), inside);
}

interface Changed {
  /** Contents of both algorithm identifiers. */
  alg?: string;
  /** What stands in an extension in place of its value, by its identifier. */
  extension?: [string, Octets];
  /** Another key. */
  spki?: Octets;
}

/** The certificate with something else in it; its form is looked at before its signature. */
function changed(der: Octets, {alg, extension, spki}: Changed): Octets {
  const [tbs, outer, signature] = values(only(der, SEQUENCE).contents);
  const parts = values(tbs!.contents).map((part) => part.whole);
  const algorithm = alg === undefined ? outer!.whole : tlv(SEQUENCE, fromHex(alg));
  parts[2] = algorithm;
  if (spki) parts[6] = spki;
  const [identifier, put] = extension ?? [];
  const extensions = values(only(values(tbs!.contents)[7]!.contents, SEQUENCE).contents).map((one) => {
    const inside = values(one.contents);
    if (toHex(inside[0]!.contents) !== identifier) return one.whole;
    return tlv(SEQUENCE, ...inside.slice(0, -1).map((part) => part.whole), put!);
  });
  parts[7] = tlv(0xa3, tlv(SEQUENCE, ...extensions));
  return tlv(SEQUENCE, tlv(SEQUENCE, ...parts), algorithm, signature!.whole);
}

const ECDSA = {name: 'ECDSA', hash: 'SHA-256'};

/** The certificate, signed by that key. */
async function signed(der: Octets, key: CryptoKey): Promise<Octets> {
  const [tbs, algorithm] = values(only(der, SEQUENCE).contents);
  const raw = new Uint8Array(await crypto.subtle.sign(ECDSA, key, tbs!.whole));
  const number = (octets: Octets): Octets => {
    let at = 0;
    while (octets[at] === 0 && at < octets.length - 1) at += 1;
    const short = octets.slice(at);
    return tlv(0x02, short[0]! >= 0x80 ? concat(Uint8Array.of(0), short) : short);
  };
  const signature = tlv(SEQUENCE, number(raw.slice(0, 32)), number(raw.slice(32)));
  return tlv(SEQUENCE, tbs!.whole, algorithm!.whole, tlv(0x03, Uint8Array.of(0), signature));
}

const value = (...inside: Octets[]): Octets => tlv(OCTET_STRING, ...inside);

test('a certificate is in its one form', async () => {
  assert.equal((await x509.load(changed(LEAF, {}))).role, 'document');
  assert.equal((await x509.load(changed(ROOT, {}))).role, null);
  assert.equal((await x509.load(changed(LEAF, {alg: `${ES256_OID}0500`}))).role, 'document');
  const wrong: [string, Octets][] = [
    ['parameters that are not empty', changed(LEAF, {alg: `${ES256_OID}050100`})],
    ['parameters of another kind', changed(LEAF, {alg: `${ES256_OID}0400`})],
    ['parameters twice', changed(LEAF, {alg: `${ES256_OID}05000500`})],
    ['an algorithm nobody knows', changed(LEAF, {alg: '06082a8648ce3d040303'})],
    ['an extension of two values', changed(LEAF, {extension: [KEY_ID!, concat(value(value(new Uint8Array(20))), value())]})],
    ['a key id that is none', changed(LEAF, {extension: [KEY_ID!, value(tlv(SEQUENCE))]})],
    ['a role nobody knows', changed(LEAF, {extension: [EXTENDED!, value(tlv(SEQUENCE, tlv(OID, Uint8Array.of(0x2a, 3))))]})],
    ['a key usage that says more than it counts', changed(ROOT, {extension: [KEY_USAGE!, value(fromHex('03020706'))]})],
    ['an authority named twice', changed(LEAF, {extension: [AUTHORITY!, value(tlv(SEQUENCE, tlv(0x80, new Uint8Array(20)), tlv(0x80)))]})],
    ['an authority named otherwise', changed(LEAF, {extension: [AUTHORITY!, value(tlv(SEQUENCE, tlv(0x81, new Uint8Array(20))))]})],
    ['an authority named not at all', changed(LEAF, {extension: [AUTHORITY!, value(tlv(SEQUENCE))]})],
  ]; // prettier-ignore
  for (const [name, der] of wrong) await assert.rejects(x509.load(der), BadCertificate, name);
  await assert.rejects(x509.load(new Uint8Array(4097)), /larger/);
  await assert.rejects(x509.load(new Uint8Array(4096)), (fault: Error) => fault instanceof BadCertificate && !/larger/.test(fault.message));
});

test('a chain is a root that signed itself, and a signer within its time', async () => {
  const [root, leaf] = [await x509.load(ROOT), await x509.load(LEAF)];
  await x509.checkRoot(root);
  await assert.rejects(x509.checkRoot({...root, role: 'status'}), /not a root/);
  const {notBefore, notAfter} = root;
  await x509.checkChain({...leaf, notBefore, notAfter}, root, 'document');
  await assert.rejects(x509.checkChain({...leaf, notBefore: notBefore - 1}, root, 'document'), /outside/);
  await assert.rejects(x509.checkChain({...leaf, notAfter: notAfter + 1}, root, 'document'), /outside/);
  await assert.rejects(x509.checkChain({...leaf, alg: SM2}, root, 'document'), /another algorithm/);
});

test('a trust bundle is no larger than one can be, and its claims are a map', async () => {
  const good = BUNDLES.cases.find((row: any) => row.name === 'good');
  const load = (octets: Octets) => TrustBundle.load(octets, fromHex(good.root));
  await assert.rejects(load(new Uint8Array((4 << 20) + 1)), /larger/);
  await assert.rejects(load(new Uint8Array(4 << 20)), (fault: Error) => fault instanceof BadTrust && !/larger/.test(fault.message));
  const octets = fromHex(good.octets);
  const {payload} = cose.parse(octets);
  const before = octets.slice(0, octets.length - 66 - cbor.byteString(payload).length);
  for (const claims of [null, [], 'text', new Map<Value, Value>()]) {
    const told = concat(before, cbor.byteString(cbor.encode(claims)), octets.slice(-66));
    await assert.rejects(load(told), BadTrust);
  }
});

test('an entry of a bundle has eight parts, and its province is a text', async () => {
  const pair = await crypto.subtle.generateKey({name: 'ECDSA', namedCurve: 'P-256'}, true, ['sign', 'verify']);
  const spki = new Uint8Array(await crypto.subtle.exportKey('spki', pair.publicKey));
  const fingerprint = await sha256(spki);
  const root = await signed(changed(ROOT, {spki}), pair.privateKey);
  const named = value(tlv(SEQUENCE, tlv(0x80, fingerprint.slice(0, 20))));
  const leaf = await signed(changed(LEAF, {extension: [AUTHORITY!, named]}), pair.privateKey);
  const {key, notBefore, notAfter} = await x509.load(leaf);
  const usual: Value[] = [key.kid, 1, 'CN-32', key.alg, leaf, notBefore, notAfter, null];
  const load = async (entry: Value): Promise<TrustBundle> => {
    const claims = cbor.encode(new Map<Value, Value>([[6, notBefore], [-65540, [7, root, [entry]]]]));
    const header = cbor.byteString(concat(fromHex('a10448'), fingerprint.slice(0, 8)));
    const told = concat(Uint8Array.of(0x84, 0x6a), utf8('Signature1'), header, Uint8Array.of(0x40), cbor.byteString(claims));
    const signature = new Uint8Array(await crypto.subtle.sign(ECDSA, pair.privateKey, told));
    return TrustBundle.load(concat(Uint8Array.of(0x84), header, Uint8Array.of(0xa0), cbor.byteString(claims), cbor.byteString(signature)), fingerprint);
  };
  assert.equal((await load(usual)).entries[0]!.province, 'CN-32');
  await assert.rejects(load([...usual, null]), BadTrust);
  await assert.rejects(load(usual.with(2, ['CN-32'])), BadTrust);
  await assert.rejects(load(new Map<Value, Value>(usual.entries())), BadTrust);
});

test('lengths of DER have three octets at most, and numbers their last minimal form', () => {
  const long = (head: number[], length: number): Octets => concat(Uint8Array.from(head), new Uint8Array(length));
  assert.equal(values(long([0x04, 0x83, 1, 0, 0], 1 << 16))[0]!.contents.length, 1 << 16);
  assert.throws(() => values(long([0x04, 0x84, 1, 0, 0, 0], 1 << 24)), BadCertificate);
  assert.equal(uint256(values(fromHex('02020080'))[0])[31], 0x80);
});
