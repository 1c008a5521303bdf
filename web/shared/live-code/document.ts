/** The licence document: the issuer-signed object a phone keeps for the offline 亮证, and may hand to a verifier.
 *
 *     file = [document: bstr .cbor COSE_Sign1, portrait: bstr, font: bstr / null]
 *
 * The signature covers every field, SHA-256 of the portrait and, where there is one, of the font with the holder's rare
 * characters: a font decides what a character looks like, so none is taken that its issuer did not sign.
 */
import * as cbor from './cbor.ts';
import type {Value} from './cbor.ts';
import {demand, demandDay, demandTimes, demandValidity, isCodes, isText} from './claims.ts';
import type {CredentialClaims, Day, Sex} from './claims.ts';
import * as cose from './cose.ts';
import {BadSignature, Malformed} from './errors.ts';
import {same, sha256} from './octets.ts';
import type {Octets} from './octets.ts';
import {whyNotAt} from './trust.ts';
import type {TrustBundle} from './trust.ts';

const ISS = 1;
const EXP = 4;
const IAT = 6;
const DOCUMENT = -65539;
const MAX_FILE_OCTETS = 4 << 20;
const MAX_CLAIMS_OCTETS = 8192;
/** What the browser is given to read as a font is small, whoever signed it. */
const MAX_FONT_OCTETS = 1 << 16;

/** Every field of the licence, front and back page. Status and points are those of the day it was issued. */
export interface DocumentClaims {
  readonly issuer: string;
  readonly licenceId: Octets;
  readonly version: number;
  readonly documentNumber: string;
  readonly name: string;
  readonly sex: Sex;
  /** ISO 3166-1 alpha-3. */
  readonly nationality: string;
  readonly birthDate: Day;
  readonly firstIssueDate: Day;
  readonly classes: string;
  readonly validFrom: Day;
  readonly validUntil: Day | null;
  readonly pointsAtIssue: number;
  readonly statusAtIssue: string;
  readonly cardCoreNumber: string;
  readonly residentAddress: string;
  readonly authority: string;
  readonly authorityName: string;
  readonly fileNumber: string;
  readonly record: string;
  readonly hearingAid: boolean;
  readonly portraitSha256: Octets;
  /** null, and no item, where the name has no rare character. */
  readonly fontSha256: Octets | null;
  /** Epoch seconds; so is `exp`. */
  readonly iat: number;
  readonly exp: number;
}

/** What a document file held, after its signature and the hashes of portrait and font were checked. */
export interface OpenedDocument {
  readonly claims: DocumentClaims;
  readonly portrait: Octets;
  readonly font: Octets | null;
}

/** Throws Malformed for its form, BadSignature for anything that is not to be trusted. */
export async function openDocument(file: Octets, trust: TrustBundle): Promise<OpenedDocument> {
  const parts = cbor.decode(file, MAX_FILE_OCTETS);
  const [document, portrait, font] = Array.isArray(parts) && parts.length === 3 ? parts : [];
  if (!(document instanceof Uint8Array) || !(portrait instanceof Uint8Array) || !isFont(font)) {
    throw new Malformed('document: not a document file');
  }
  const claims = await verifyDocument(document, trust);
  if (!same(claims.portraitSha256, await sha256(portrait))) {
    throw new BadSignature('document: the portrait is not the one that was signed');
  }
  const named = claims.fontSha256;
  if (font === null ? named !== null : named === null || !same(named, await sha256(font))) {
    throw new BadSignature('document: the font is not the one that was signed');
  }
  return {claims, portrait, font};
}

function isFont(part: Value | undefined): part is Octets | null {
  return part === null || (part instanceof Uint8Array && part.length <= MAX_FONT_OCTETS);
}

/** Whether document and credential are of one version of one licence and show one portrait. */
export function belongsTo(document: OpenedDocument, credential: CredentialClaims): boolean {
  const {licenceId, version, portraitSha256} = document.claims;
  return (
    same(licenceId, credential.licenceId) &&
    version === credential.version &&
    same(portraitSha256.subarray(0, 16), credential.portraitHash)
  );
}

/** Whether `portrait` is the one the credential was issued with. */
export async function isPortraitOf(portrait: Octets, credential: CredentialClaims): Promise<boolean> {
  return same((await sha256(portrait)).subarray(0, 16), credential.portraitHash);
}

async function verifyDocument(document: Octets, trust: TrustBundle): Promise<DocumentClaims> {
  const signed = cose.parse(document);
  const claims = decodeDocument(signed.payload);
  const entry = trust.find(signed.kid, 'document');
  if (!entry) throw new BadSignature('document: unknown signer');
  if (entry.province !== claims.issuer) throw new BadSignature("document: signed by another province's key");
  const why = whyNotAt(entry, claims.iat);
  if (why !== null) throw new BadSignature(`document: ${why}`);
  await entry.key.verify(signed.toBeSigned, signed.signature);
  return claims;
}

/** Throws Malformed unless `payload` is the one encoding of some document's claims. */
export function decodeDocument(payload: Octets): DocumentClaims {
  const claims = cbor.decode(payload, MAX_CLAIMS_OCTETS);
  const items = claims instanceof Map && claims.size === 4 ? claims.get(DOCUMENT) : null;
  if (!(claims instanceof Map) || !Array.isArray(items) || (items.length !== 21 && items.length !== 22)) {
    throw new Malformed('claims: not the claims of a licence document');
  }
  const issuer = claims.get(ISS);
  const [iat, exp] = [claims.get(IAT), claims.get(EXP)];
  let at = 0;
  const item = (): Value => items[at++]!;
  const text = (most: number): string => {
    const value = item();
    demand(isText(value, most), `document, item ${at}`);
    return value as string;
  };
  const textOrEmpty = (most: number): string => (items[at] === '' ? (item() as string) : text(most));
  const uint = (below: number): number => {
    const value = item();
    demand(typeof value === 'number' && value >= 0 && value < below, `document, item ${at}`);
    return value as number;
  };
  const octets = (length: number): Octets => {
    const value = item();
    if (!(value instanceof Uint8Array) || value.length !== length) throw new Malformed(`claims: document, item ${at}`);
    return value;
  };
  const day = (): Day => {
    const value = item();
    demandDay(value);
    return value;
  };
  const codes = (most: number): string => {
    const value = item();
    demand(isCodes(value, most), `document, item ${at}`);
    return value as string;
  };
  const read: DocumentClaims = {
    issuer: issuer as string,
    licenceId: octets(16),
    version: uint(2 ** 32),
    documentNumber: text(18),
    name: text(50),
    sex: sexOf(item()),
    nationality: text(3),
    birthDate: day(),
    firstIssueDate: day(),
    classes: codes(34),
    validFrom: day(),
    validUntil: items[at] === null ? (item() as null) : day(),
    pointsAtIssue: uint(1000),
    statusAtIssue: codes(16),
    cardCoreNumber: textOrEmpty(13),
    residentAddress: text(128),
    authority: text(8),
    authorityName: text(100),
    fileNumber: text(12),
    record: textOrEmpty(400),
    hearingAid: flag(item()),
    portraitSha256: octets(32),
    // One item more, or none: a null in its place would be a second form of the same.
    fontSha256: items.length === 22 ? octets(32) : null,
    iat: iat as number,
    exp: exp as number,
  };
  demand(typeof issuer === 'string' && /^CN-[0-9]{2}$/.test(issuer), 'issuer is not a province');
  demand(/^[A-Z]{3}$/.test(read.nationality), 'nationality');
  demandValidity(read.validFrom, read.validUntil);
  demandTimes(iat, exp);
  return read;
}

function sexOf(value: Value): Sex {
  if (value !== 1 && value !== 2) throw new Malformed('claims: sex');
  return value === 1 ? 'male' : 'female';
}

function flag(value: Value): boolean {
  if (typeof value !== 'boolean') throw new Malformed('claims: hearing aid');
  return value;
}
