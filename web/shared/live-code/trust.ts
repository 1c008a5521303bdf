/** The trust bundle: which keys may sign credentials and snapshots, for which province, and when they did.
 *
 *     payload = {6: issued_at, -65540: [version, root certificate, [entry, …]]}
 *     entry   = [kid, role, province / null, alg, certificate, signed_from, signed_until, compromised_at / null]
 *
 * Signed by the root and nobody else. Retired keys stay, with the window in which they signed. A verifier remembers the
 * highest version it has seen and takes no older one.
 */
import * as cbor from './cbor.ts';
import type {Value} from './cbor.ts';
import * as cose from './cose.ts';
import {BadCertificate, BadKey, BadSignature, BadTrust, Malformed} from './errors.ts';
import {ES256, SM2} from './keys.ts';
import type {PublicKey} from './keys.ts';
import {same, toHex} from './octets.ts';
import type {Octets} from './octets.ts';
import * as x509 from './x509.ts';
import type {Certificate, Role} from './x509.ts';

const IAT = 6;
const CLAIM = -65540;
const ROLES: readonly (Role | undefined)[] = [undefined, 'document', 'status', 'audit'];
const MAX_OCTETS = 4 << 20;

/** One key the root vouches for. Times are epoch seconds; the window holds both its ends. */
export interface TrustEntry {
  readonly role: Role;
  /** CN-32 for a document signer; null for the status and audit signers, which serve all. */
  readonly province: string | null;
  readonly key: PublicKey;
  readonly signedFrom: number;
  readonly signedUntil: number;
  readonly compromisedAt: number | null;
}

/** Why a signature dated `at` is not taken from this key; null when it is. */
export function whyNotAt(entry: TrustEntry, at: number): string | null {
  if (entry.compromisedAt !== null && at >= entry.compromisedAt) return 'signed after its key was compromised';
  if (at < entry.signedFrom || at > entry.signedUntil) return "signed outside its key's window";
  return null;
}

/** The keys of one version of the bundle. Made by `TrustBundle.load` only. */
export class TrustBundle {
  readonly version: number;
  /** Epoch seconds. */
  readonly issuedAt: number;
  readonly entries: readonly TrustEntry[];
  readonly #ofKid: ReadonlyMap<string, TrustEntry>;

  private constructor(version: number, issuedAt: number, ofKid: ReadonlyMap<string, TrustEntry>) {
    this.version = version;
    this.issuedAt = issuedAt;
    this.entries = [...ofKid.values()];
    this.#ofKid = ofKid;
  }

  /** Read and check a signed bundle. `rootFingerprint`: SHA-256 of the root's SubjectPublicKeyInfo, given to the verifier
   * when it was installed. Throws BadTrust when the bundle is not the root's, is older than `notOlderThan`, or any entry is
   * not the root's or is at odds with itself. */
  static async load(octets: Octets, rootFingerprint: Octets, notOlderThan = 0): Promise<TrustBundle> {
    try {
      const [version, issuedAt, ofKid] = await open(octets, rootFingerprint);
      if (version < notOlderThan) throw new BadTrust(`version ${version} is older than ${notOlderThan}, seen before`);
      return new TrustBundle(version, issuedAt, ofKid);
    } catch (fault) {
      throw isOurs(fault) ? new BadTrust(`trust bundle: ${fault.message}`) : fault;
    }
  }

  /** The entry of that key in that role; undefined also for a key that is there in another role. */
  find(kid: Octets, role: Role): TrustEntry | undefined {
    const entry = this.#ofKid.get(toHex(kid));
    return entry?.role === role ? entry : undefined;
  }
}

function isOurs(fault: unknown): fault is Error {
  return [BadTrust, Malformed, BadCertificate, BadKey, BadSignature].some((kind) => fault instanceof kind);
}

async function open(octets: Octets, rootFingerprint: Octets): Promise<[number, number, Map<string, TrustEntry>]> {
  if (octets.length > MAX_OCTETS) throw new BadTrust('larger than one can be');
  const signed = cose.parse(octets);
  const [issuedAt, version, rootDer, rows] = readClaims(cbor.decode(signed.payload, MAX_OCTETS));
  const root = await x509.load(rootDer);
  if (!same(root.key.fingerprint, rootFingerprint)) throw new BadTrust('made by another root than the pinned one');
  if (!same(signed.kid, root.key.kid)) throw new BadTrust("its header does not name the root's key");
  await root.key.verify(signed.toBeSigned, signed.signature);
  await x509.checkRoot(root);
  const ofKid = new Map<string, TrustEntry>();
  for (const row of rows) {
    const entry = await readEntry(row, root);
    ofKid.set(toHex(entry.key.kid), entry);
  }
  if (ofKid.size !== rows.length || ofKid.has(toHex(root.key.kid))) throw new BadTrust('two keys with one key id');
  return [version, issuedAt, ofKid];
}

function readClaims(claims: Value): [number, number, Octets, Value[]] {
  const inner = claims instanceof Map && claims.size === 2 ? claims.get(CLAIM) : null;
  const issuedAt = claims instanceof Map ? claims.get(IAT) : null;
  if (!Array.isArray(inner) || inner.length !== 3) throw new Malformed('not the claims of a trust bundle');
  const [version, root, rows] = inner;
  if (!isNumber(issuedAt) || !isNumber(version) || !(root instanceof Uint8Array) || !Array.isArray(rows)) {
    throw new Malformed('not the claims of a trust bundle');
  }
  if (version < 1 || issuedAt < 0) throw new Malformed('not the claims of a trust bundle');
  return [issuedAt, version, root, rows];
}

async function readEntry(row: Value, root: Certificate): Promise<TrustEntry> {
  if (!Array.isArray(row) || row.length !== 8) throw new Malformed('not an entry');
  const [kid, roleNumber, province, alg, der, signedFrom, signedUntil, compromisedAt] = row;
  const role = isNumber(roleNumber) ? ROLES[roleNumber] : undefined;
  if (!(kid instanceof Uint8Array) || !(der instanceof Uint8Array) || role === undefined) {
    throw new Malformed('not an entry');
  }
  if (!isNumber(signedFrom) || !isNumber(signedUntil) || !(compromisedAt === null || isNumber(compromisedAt))) {
    throw new Malformed("an entry's times are not epoch seconds");
  }
  const provinceOrNone = demandProvince(role, province);
  const certificate = await x509.load(der);
  const {notBefore, notAfter, key} = certificate;
  if (!(notBefore <= signedFrom && signedFrom <= signedUntil && signedUntil <= notAfter)) {
    throw new BadTrust("an entry's window is not within its certificate's validity");
  }
  if (!same(key.kid, kid) || alg !== key.alg || (alg !== ES256 && alg !== SM2)) {
    throw new BadTrust("an entry's certificate holds another key than the entry names");
  }
  await x509.checkChain(certificate, root, role);
  return {role, province: provinceOrNone, key, signedFrom, signedUntil, compromisedAt};
}

function demandProvince(role: Role, province: Value | undefined): string | null {
  if (role !== 'document' && province === null) return null;
  if (role === 'document' && typeof province === 'string' && /^CN-[0-9]{2}$/.test(province)) return province;
  throw new BadTrust('a document signer has a province, the others have none');
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number';
}
