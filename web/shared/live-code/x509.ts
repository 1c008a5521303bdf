/** X.509 certificates of the root and of the signers under it, for ES256 and SM2 alike (RFC 5280, GB/T 20518).
 *
 * The path is always two certificates: the root, which signs itself, and a signer. What a signer is for stands in its
 * extended key usage.
 */
import {BIT_STRING, BOOLEAN, OCTET_STRING, SEQUENCE, oidHex, only, seconds, tagged, uint256, values} from './der.ts';
import type {Tlv} from './der.ts';
import {BadCertificate, BadKey, BadSignature} from './errors.ts';
import {ES256, PublicKey, SM2} from './keys.ts';
import type {Alg} from './keys.ts';
import {concat, same, toHex} from './octets.ts';
import type {Octets} from './octets.ts';

/** What a signer under the root may sign. A key has one role. */
export type Role = 'document' | 'status' | 'audit';

/** ecdsa-with-SHA256 (1.2.840.10045.4.3.2) and SM2-with-SM3 (1.2.156.10197.1.501). */
const ALG_OF: Readonly<Record<string, Alg>> = {'2a8648ce3d040302': ES256, '2a811ccf55018375': SM2};

/** 2.25.<a UUID as a number>.<role>: an arc that needs no registration (ITU-T X.667). */
const ROLE_ARC = '6991ffb8e7f5a7f2b9e783fcc79adcce81852e';
const ROLE_OF: Readonly<Record<string, Role>> = {
  [`${ROLE_ARC}01`]: 'document',
  [`${ROLE_ARC}02`]: 'status',
  [`${ROLE_ARC}03`]: 'audit',
};

const BASIC_CONSTRAINTS = '551d13';
const KEY_USAGE = '551d0f';
const EXTENDED_KEY_USAGE = '551d25';
const KEY_IDENTIFIER = '551d0e';
const AUTHORITY_KEY_IDENTIFIER = '551d23';
const KNOWN = new Set([BASIC_CONSTRAINTS, KEY_USAGE, EXTENDED_KEY_USAGE, KEY_IDENTIFIER, AUTHORITY_KEY_IDENTIFIER]);

const DIGITAL_SIGNATURE = 0x80;
const KEY_CERT_SIGN = 0x04;
const MAX_OCTETS = 4096;

/** A certificate as read: form and extensions are checked, its signature is not. */
export interface Certificate {
  readonly key: PublicKey;
  /** Epoch seconds, first at which it is valid; so is `notAfter`, the last. */
  readonly notBefore: number;
  readonly notAfter: number;
  /** null: the root, an authority. */
  readonly role: Role | null;
  readonly subject: Octets;
  readonly issuer: Octets;
  /** Of the signature on it, which is the issuer's. */
  readonly alg: Alg;
  readonly authorityKeyId: Octets | null;
  readonly signed: Octets;
  readonly signature: Octets;
}

/** Read DER with nothing after it. Throws BadCertificate for whatever is not a root or signer of ours. */
export async function load(der: Octets): Promise<Certificate> {
  if (der.length > MAX_OCTETS) throw new BadCertificate('larger than a certificate of ours can be');
  const [tbs, algorithm, signature, ...rest] = values(only(der, SEQUENCE).contents);
  const signed = tagged(tbs, SEQUENCE);
  const [version, serial, inner, issuer, validity, subject, spki, extensions, ...more] = values(signed.contents);
  if (rest.length > 0 || more.length > 0) throw new BadCertificate('more in it than one of ours has');
  if (toHex(tagged(version, 0xa0).contents) !== '020102') throw new BadCertificate('not version 3');
  tagged(serial, 0x02);
  const [notBefore, notAfter] = values(tagged(validity, SEQUENCE).contents);
  const read = readExtensions(tagged(extensions, 0xa3));
  return {
    key: await keyOf(tagged(spki, SEQUENCE).whole),
    notBefore: seconds(notBefore),
    notAfter: seconds(notAfter),
    role: purposeOf(read),
    subject: tagged(subject, SEQUENCE).whole,
    issuer: tagged(issuer, SEQUENCE).whole,
    alg: algOf(tagged(inner, SEQUENCE), tagged(algorithm, SEQUENCE)),
    authorityKeyId: authorityKeyId(read.get(AUTHORITY_KEY_IDENTIFIER)),
    signed: signed.whole,
    signature: rawSignature(tagged(signature, BIT_STRING)),
  };
}

/** Throws BadCertificate unless `root` is an authority that signed itself. */
export async function checkRoot(root: Certificate): Promise<void> {
  if (root.role !== null || !same(root.subject, root.issuer)) throw new BadCertificate('not a root');
  await checkSignedBy(root, root.key);
}

/** Throws BadCertificate unless `leaf` is a certificate for `role` made by `root`, checked before, within its validity.
 *
 * Whether either is valid now is the caller's question: signatures are judged by when they were made. */
export async function checkChain(leaf: Certificate, root: Certificate, role: Role): Promise<void> {
  if (leaf.role !== role) throw new BadCertificate(`not a certificate for the role ${role}`);
  // RFC 7093 §2, method 4: the first 20 octets of SHA-256 of the key.
  const rootId = root.key.fingerprint.subarray(0, 20);
  if (!same(leaf.issuer, root.subject) || leaf.authorityKeyId === null || !same(leaf.authorityKeyId, rootId)) {
    throw new BadCertificate('issued by another root');
  }
  if (leaf.notBefore < root.notBefore || leaf.notAfter > root.notAfter) {
    throw new BadCertificate("valid outside its root's time");
  }
  await checkSignedBy(leaf, root.key);
}

async function checkSignedBy(certificate: Certificate, authority: PublicKey): Promise<void> {
  if (certificate.alg !== authority.alg) {
    throw new BadCertificate("signed with another algorithm than its issuer's key has");
  }
  try {
    await authority.verify(certificate.signed, certificate.signature);
  } catch (fault) {
    throw fault instanceof BadSignature ? new BadCertificate('not signed by its issuer') : fault;
  }
}

async function keyOf(spki: Octets): Promise<PublicKey> {
  try {
    return await PublicKey.fromSpki(spki);
  } catch (fault) {
    throw fault instanceof BadKey ? new BadCertificate(fault.message) : fault;
  }
}

function algOf(inner: Tlv, outer: Tlv): Alg {
  const [oid, ...parameters] = values(inner.contents);
  const alg = ALG_OF[oidHex(oid)];
  const isBare = parameters.every((value) => value.tag === 0x05 && value.contents.length === 0);
  if (alg === undefined || !same(inner.whole, outer.whole) || parameters.length > 1 || !isBare) {
    throw new BadCertificate('signed with an algorithm that is not allowed');
  }
  return alg;
}

/** Contents of each extension's value by the identifier of the extension. */
function readExtensions(wrapped: Tlv): Map<string, Octets> {
  const found = new Map<string, Octets>();
  for (const extension of values(only(wrapped.contents, SEQUENCE).contents)) {
    const parts = values(tagged(extension, SEQUENCE).contents);
    const oid = oidHex(parts.shift());
    if (parts[0]?.tag === BOOLEAN && toHex(parts.shift()!.contents) !== 'ff') throw new BadCertificate('not in DER');
    if (found.has(oid) || !KNOWN.has(oid) || parts.length !== 1) {
      throw new BadCertificate('an extension twice or one that is not known');
    }
    found.set(oid, tagged(parts[0], OCTET_STRING).contents);
  }
  const keyId = found.get(KEY_IDENTIFIER);
  if (keyId) only(keyId, OCTET_STRING);
  return found;
}

/** The role of a signer, null for an authority. Throws BadCertificate for what is neither. */
function purposeOf(extensions: Map<string, Octets>): Role | null {
  const constraints = extensions.get(BASIC_CONSTRAINTS);
  const usageBits = extensions.get(KEY_USAGE);
  const purposes = extensions.get(EXTENDED_KEY_USAGE);
  if (!constraints || !usageBits) throw new BadCertificate('without basic constraints or key usage');
  const usage = usageOf(only(usageBits, BIT_STRING).contents);
  // {ca: true, path length 0}
  if (toHex(constraints) === '30060101ff020100') {
    if (!(usage & KEY_CERT_SIGN) || purposes) throw new BadCertificate('an authority that may do other things');
    return null;
  }
  if (toHex(constraints) !== '3000') throw new BadCertificate('an authority without the limit it must have');
  if (usage !== DIGITAL_SIGNATURE || !purposes) throw new BadCertificate("not a signer's key usage");
  const [named, ...more] = values(only(purposes, SEQUENCE).contents);
  const role = ROLE_OF[oidHex(named)];
  if (role === undefined || more.length > 0) throw new BadCertificate('not for exactly one role of ours');
  return role;
}

/** The first eight bits of a key usage; RFC 5280 §4.2.1.3 has a ninth that no certificate of ours sets. */
function usageOf(bits: Octets): number {
  const [unused, usage] = bits;
  const isOneOctet = bits.length === 2 && unused! < 8 && (usage! & ((1 << unused!) - 1)) === 0;
  if (!isOneOctet) throw new BadCertificate('a key usage in another form');
  return usage!;
}

function authorityKeyId(value: Octets | undefined): Octets | null {
  if (!value) return null;
  const [id, ...more] = values(only(value, SEQUENCE).contents);
  if (id?.tag !== 0x80 || more.length > 0) throw new BadCertificate("its issuer's key is named in another way");
  return id.contents;
}

/** r‖s of an ECDSA-Sig-Value in a bit string. */
function rawSignature(bits: Tlv): Octets {
  if (bits.contents[0] !== 0) throw new BadCertificate('not in DER');
  const [r, s, ...more] = values(only(bits.contents.slice(1), SEQUENCE).contents);
  if (more.length > 0) throw new BadCertificate('not a signature');
  return concat(uint256(r), uint256(s));
}
