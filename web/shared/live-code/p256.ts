/** Points of P-256 (FIPS 186-4 D.1.2.3), public values only: plain integers will do. */
import {BadKey} from './errors.ts';
import {bigIntOf, concat, octetsOf} from './octets.ts';
import type {Octets} from './octets.ts';

const P = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;
const B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;

/** The uncompressed point, 65 octets, of a compressed one: 02 or 03 for the parity of y, then x (SEC 1 §2.3.4). WebCrypto
 * reads no compressed points. Throws BadKey. */
export function decompress(compressed: Octets): Octets {
  const parity = compressed[0];
  if (compressed.length !== 33 || (parity !== 2 && parity !== 3)) throw new BadKey('not a compressed point');
  const x = bigIntOf(compressed.subarray(1));
  const square = rightSide(x);
  // p ≡ 3 (mod 4): the root of a square is its power to (p + 1) / 4.
  const root = power(square, (P + 1n) >> 2n);
  if (x >= P || (root * root) % P !== square) throw new BadKey('not a point of P-256');
  const y = Number(root & 1n) === (parity & 1) ? root : P - root;
  return concat(Uint8Array.of(4), compressed.subarray(1), octetsOf(y, 32));
}

/** Throws BadKey unless the 65 octets are 04, x, y of a point: not every browser asks. */
export function demandPoint(uncompressed: Octets): void {
  const x = bigIntOf(uncompressed.subarray(1, 33));
  const y = bigIntOf(uncompressed.subarray(33));
  if (uncompressed.length !== 65 || uncompressed[0] !== 4 || x >= P || y >= P || (y * y) % P !== rightSide(x)) {
    throw new BadKey('not a point of P-256');
  }
}

function rightSide(x: bigint): bigint {
  return (((x * x - 3n) % P) * x + B + 3n * P * P) % P;
}

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (let square = base % P, rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % P;
    square = (square * square) % P;
  }
  return result;
}
