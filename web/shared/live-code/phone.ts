/** The phone's half: a key that cannot be taken out, and 亮码 made and signed with it, network or not. */
import * as base45 from './base45.ts';
import {byteString} from './cbor.ts';
import {concat, octetsOf, utf8} from './octets.ts';
import type {Octets} from './octets.ts';
import {PREFIX} from './verifier.ts';

const ECDSA = {name: 'ECDSA', namedCurve: 'P-256'};
const ECDSA_SHA256 = {name: 'ECDSA', hash: 'SHA-256'};
const NONCE_OCTETS = 8;
const FIRST_SECOND = 1 << 16;
const NULL = Uint8Array.of(0xf6);

/** r‖s, 64 octets, ES256, over the octets handed in. */
export type Sign = (toBeSigned: Octets) => Promise<Octets>;

/** A new P-256 key pair for this phone. The private half cannot be read out by anybody, this page included; both may be
 * kept in IndexedDB. */
export async function makeKey(): Promise<CryptoKeyPair> {
  return (await crypto.subtle.generateKey(ECDSA, false, ['sign', 'verify'])) as CryptoKeyPair;
}

/** 33 octets, compressed: what is bound to the person. */
export async function publicKeyOf(key: CryptoKeyPair): Promise<Octets> {
  const point = new Uint8Array(await crypto.subtle.exportKey('raw', key.publicKey));
  return concat(Uint8Array.of(2 | (point[64]! & 1)), point.subarray(1, 33));
}

/** Signs with the phone's key: codes, and challenges as the server wrote them (`to_be_signed` of a binding, of a consent).
 */
export function signerOf(key: CryptoKeyPair): Sign {
  return async (toBeSigned) => new Uint8Array(await crypto.subtle.sign(ECDSA_SHA256, key.privateKey, toBeSigned));
}

/** What is kept on the phone, as the server gave it. */
export interface Kept {
  readonly credential: Octets;
  /** The newest status snapshot; null while none was ever fetched. */
  readonly snapshot: Octets | null;
}

/** The text of one 亮码: what a phone does at each rotation. `shownAt` in whole epoch seconds, `nonce` eight random octets.
 * Throws RangeError for another time or nonce. */
export async function buildCode(kept: Kept, shownAt: number, nonce: Octets, sign: Sign): Promise<string> {
  if (nonce.length !== NONCE_OCTETS) throw new RangeError('live code: the nonce has eight octets');
  if (!Number.isInteger(shownAt) || shownAt < FIRST_SECOND || shownAt >= 2 ** 32) {
    throw new RangeError('live code: the time is not in epoch seconds');
  }
  const parts = concat(
    byteString(kept.credential),
    kept.snapshot === null ? NULL : byteString(kept.snapshot),
    Uint8Array.of(0x1a),
    octetsOf(shownAt, 4),
    byteString(nonce),
  );
  const signature = await sign(concat(Uint8Array.of(0x85, 0x63), utf8('LZ1'), parts));
  return PREFIX + base45.encode(concat(Uint8Array.of(0x85), parts, byteString(signature)));
}

/** A 亮码 for now. `clockOffsetS`: by how much the server's clock is ahead of this phone's, as measured at the last contact;
 * an honest phone with a wrong clock still makes codes that are taken. */
export async function show(kept: Kept, key: CryptoKeyPair, nowMs: number, clockOffsetS = 0): Promise<string> {
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE_OCTETS));
  return buildCode(kept, Math.floor(nowMs / 1000 + clockOffsetS), nonce, signerOf(key));
}

/** Milliseconds until the next code is due: codes change on the phone's whole multiples of `rotateS`. */
export function untilNext(nowMs: number, rotateS: number): number {
  const period = 1000 * rotateS;
  return period - (nowMs % period);
}
