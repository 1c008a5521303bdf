/** Refusals of certificates and trust bundles that no vector reaches; tests/web/mutants.ts says which there are. */
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {test} from 'node:test';
import * as cbor from './cbor.ts';
import type {Value} from './cbor.ts';
import * as cose from './cose.ts';
import {OCTET_STRING, OID, SEQUENCE, only, values} from './der.ts';
import {BadCertificate, BadTrust} from './errors.ts';
import {SM2} from './keys.ts';
import {concat, fromHex, toHex} from './octets.ts';
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
}

/** The certificate with something else in it, under a signature that no longer holds: its form is looked at first. */
function changed(der: Octets, {alg, extension}: Changed): Octets {
  const [tbs, outer, signature] = values(only(der, SEQUENCE).contents);
  const parts = values(tbs!.contents).map((part) => part.whole);
  const algorithm = alg === undefined ? outer!.whole : tlv(SEQUENCE, fromHex(alg));
  parts[2] = algorithm;
  const [identifier, put] = extension ?? [];
  const extensions = values(only(values(tbs!.contents)[7]!.contents, SEQUENCE).contents).map((one) => {
    const inside = values(one.contents);
    if (toHex(inside[0]!.contents) !== identifier) return one.whole;
    return tlv(SEQUENCE, ...inside.slice(0, -1).map((part) => part.whole), put!);
  });
  parts[7] = tlv(0xa3, tlv(SEQUENCE, ...extensions));
  return tlv(SEQUENCE, tlv(SEQUENCE, ...parts), algorithm, signature!.whole);
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
