/** Public keys and signatures of the two algorithms: ES256 (P-256 with SHA-256) and SM2 with SM3.
 *
 * Signatures are raw r‖s, 64 octets (RFC 9053 §2.1), never DER. One algorithm per key, fixed when the key is read. ECDSA
 * takes (r, n − s) beside (r, s): nothing may take the octets of a signature for the identity of what was signed.
 */
import {BadKey, BadSignature} from './errors.ts';
import {concat, fromHex, sha256, standsAt} from './octets.ts';
import type {Octets} from './octets.ts';
import {decompress, demandPoint} from './p256.ts';
import type {Sm2Key} from './sm2.ts';

/** COSE algorithm numbers. SM2 has none registered: the first of the private range (RFC 9053 §8). */
export const ES256 = -7;
export const SM2 = -65537;
export type Alg = typeof ES256 | typeof SM2;

export const KID_OCTETS = 8;

/** SubjectPublicKeyInfo up to its 64 octets x‖y: named curve, uncompressed (RFC 5480 §2; GB/T 35276). */
const P256_SPKI = fromHex('3059301306072a8648ce3d020106082a8648ce3d03010703420004');
const SM2_SPKI = fromHex('3059301306072a8648ce3d020106082a811ccf5501822d03420004');
const SPKI_OCTETS = 91;

const ECDSA = {name: 'ECDSA', namedCurve: 'P-256'};
const ECDSA_SHA256 = {name: 'ECDSA', hash: 'SHA-256'};

type Native = {readonly alg: typeof ES256; readonly key: CryptoKey} | {readonly alg: typeof SM2; readonly key: Sm2Key};

/** A public key, on its curve for certain. Made by `PublicKey.fromSpki`. */
export class PublicKey {
  readonly alg: Alg;
  readonly spki: Octets;
  /** SHA-256 of the SubjectPublicKeyInfo, 32 octets: what a verifier pins. */
  readonly fingerprint: Octets;
  readonly #native: Native;

  private constructor(spki: Octets, fingerprint: Octets, native: Native) {
    this.alg = native.alg;
    this.spki = spki;
    this.fingerprint = fingerprint;
    this.#native = native;
  }

  /** The key in `spki`, 91 octets, of whichever of the two curves it names. Throws BadKey. */
  static async fromSpki(spki: Octets): Promise<PublicKey> {
    const point = concat(Uint8Array.of(4), spki.subarray(P256_SPKI.length));
    if (spki.length !== SPKI_OCTETS) throw new BadKey('not an uncompressed key in its one DER form');
    return new PublicKey(spki, await sha256(spki), await nativeOf(spki, point));
  }

  /** First eight octets of SHA-256 of the SubjectPublicKeyInfo. */
  get kid(): Octets {
    return this.fingerprint.slice(0, KID_OCTETS);
  }

  /** Throws BadSignature unless `signature` is this key's over `message`. */
  async verify(message: Octets, signature: Octets): Promise<void> {
    if (signature.length !== 64) throw new BadSignature('a raw signature has 64 octets');
    const isGood =
      this.#native.alg === SM2
        ? this.#native.key.verify(message, signature)
        : await crypto.subtle.verify(ECDSA_SHA256, this.#native.key, signature, message);
    if (!isGood) throw new BadSignature("not this key's signature");
  }
}

async function nativeOf(spki: Octets, point: Octets): Promise<Native> {
  if (standsAt(spki, 0, P256_SPKI)) return {alg: ES256, key: await p256Key(point)};
  if (!standsAt(spki, 0, SM2_SPKI)) throw new BadKey('neither a P-256 nor an SM2 key');
  const sm2 = await import('./sm2.ts');
  return {alg: SM2, key: new sm2.Sm2Key(point)};
}

async function p256Key(point: Octets): Promise<CryptoKey> {
  demandPoint(point);
  return crypto.subtle.importKey('raw', point, ECDSA, false, ['verify']);
}

/** Check a P-256 signature under a key given as 33 octets, such as a phone's. Throws BadKey, BadSignature. */
export async function verifyCompressedEs256(compressed: Octets, message: Octets, signature: Octets): Promise<void> {
  const key = await crypto.subtle.importKey('raw', decompress(compressed), ECDSA, false, ['verify']);
  if (!(await crypto.subtle.verify(ECDSA_SHA256, key, signature, message))) {
    throw new BadSignature("not this key's signature");
  }
}
