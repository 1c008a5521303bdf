/** Verification of SM2 signatures with SM3 (GB/T 32918.2-2016), signer identity 1234567812345678, raw r‖s.
 *
 * WebCrypto has no SM2. Only public values pass through here, so nothing has to take the same time always. Loaded when the
 * first SM2 key is met (keys.ts): a deployment of the other profile never fetches it.
 */
import {weierstrass} from '@noble/curves/abstract/weierstrass.js';
import type {WeierstrassPoint} from '@noble/curves/abstract/weierstrass.js';
import {BadKey} from './errors.ts';
import {bigIntOf, concat, octetsOf, utf8} from './octets.ts';
import type {Octets} from './octets.ts';
import {sm3} from './sm3.ts';

/** GB/T 32918.5 §2. */
const CURVE = {
  p: 0xfffffffeffffffffffffffffffffffffffffffff00000000ffffffffffffffffn,
  n: 0xfffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123n,
  h: 1n,
  a: 0xfffffffeffffffffffffffffffffffffffffffff00000000fffffffffffffffcn,
  b: 0x28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93n,
  Gx: 0x32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7n,
  Gy: 0xbc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0n,
};
const N = CURVE.n;
const Point = weierstrass(CURVE);

const SIGNER_ID = utf8('1234567812345678');
/** Z = SM3(length of the identity in bits ‖ identity ‖ a ‖ b ‖ G ‖ the key's point), GB/T 32918.2 §5.5. */
const Z_START = concat(
  octetsOf(8 * SIGNER_ID.length, 2),
  SIGNER_ID,
  ...[CURVE.a, CURVE.b, CURVE.Gx, CURVE.Gy].map((number) => octetsOf(number, 32)),
);

export class Sm2Key {
  readonly #point: WeierstrassPoint<bigint>;
  readonly #z: Octets;

  /** `uncompressed`: 04, x, y. Throws BadKey for what is no point of the curve. */
  constructor(uncompressed: Octets) {
    if (uncompressed.length !== 65 || uncompressed[0] !== 4) throw new BadKey('not an uncompressed point');
    try {
      const [x, y] = [bigIntOf(uncompressed.subarray(1, 33)), bigIntOf(uncompressed.subarray(33))];
      this.#point = Point.fromAffine({x, y});
      this.#point.assertValidity();
    } catch {
      throw new BadKey('not a point of the SM2 curve');
    }
    this.#z = sm3(concat(Z_START, uncompressed.subarray(1)));
  }

  /** Whether `signature` (r‖s) is this key's over `message` (GB/T 32918.2 §7.1). */
  verify(message: Octets, signature: Octets): boolean {
    const r = bigIntOf(signature.subarray(0, 32));
    const s = bigIntOf(signature.subarray(32));
    const t = (r + s) % N;
    if (signature.length !== 64 || r === 0n || r >= N || s === 0n || s >= N || t === 0n) return false;
    const e = bigIntOf(sm3(concat(this.#z, message)));
    const sum = Point.BASE.mulAddUnsafe(s, this.#point, t);
    return !sum.is0() && (e + sum.toAffine().x) % N === r;
  }
}
