/** The licence document: what the phone keeps for the offline 亮证, and shows only after the issuer's signature held.
 *
 *     file = [document: bstr .cbor COSE_Sign1, portrait: bstr, font: bstr / null]
 */
import * as cbor from './cbor.ts';
import {demand, demandTimes, demandValidity, isCodes, isText} from './claims.ts';
import type {Day, Sex} from './claims.ts';
import * as cose from './cose.ts';
import {BadSignature, Malformed} from './errors.ts';
import {same, sha256} from './octets.ts';
import type {Octets} from './octets.ts';
import {whyNotAt} from './trust.ts';
import type {TrustBundle} from './trust.ts';

const CLAIM = -65539;
const MAX_FILE_OCTETS = 4 << 20;
const SEX: readonly (Sex | undefined)[] = [undefined, 'male', 'female'];

/** Front and back page. Points and status are those of the day it was issued; the present ones are in snapshots. */
export interface DocumentClaims {
  readonly issuer: string;
  readonly licenceId: Octets;
  readonly version: number;
  /** Whole: this document never leaves the phone in a code. */
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
  /** 13 characters, or empty. */
  readonly cardCoreNumber: string;
  readonly residentAddress: string;
  readonly authority: string;
  readonly authorityName: string;
  readonly fileNumber: string;
  readonly record: string;
  readonly hearingAid: boolean;
  readonly portraitSha256: Octets;
  /** Epoch seconds; so is `exp`. */
  readonly iat: number;
  readonly exp: number;
}

export interface OpenedDocument {
  readonly claims: DocumentClaims;
  /** image/jpeg. */
  readonly portrait: Octets;
  /** WOFF2 with the holder's rare characters; not signed, it comes from where this page comes from. */
  readonly font: Octets | null;
}

/** Read a document file. Throws Malformed for its form, BadSignature for anything that is not to be trusted. */
export async function openDocument(file: Octets, trust: TrustBundle): Promise<OpenedDocument> {
  const parts = cbor.decode(file, MAX_FILE_OCTETS);
  if (!Array.isArray(parts) || parts.length !== 3) throw new Malformed('document: not a document file');
  const [document, portrait, font] = parts;
  if (!(document instanceof Uint8Array) || !(portrait instanceof Uint8Array)) throw new Malformed('document: not a document file');
  if (font !== null && !(font instanceof Uint8Array)) throw new Malformed('document: not a document file');
  const claims = await verifyDocument(document, trust);
  if (!same(claims.portraitSha256, await sha256(portrait))) {
    throw new BadSignature('document: the portrait is not the one that was signed');
  }
  return {claims, portrait, font: font ?? null};
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

/** Throws Malformed unless `payload` is the claims of a licence document. */
export function decodeDocument(payload: Octets): DocumentClaims {
  const claims = cbor.decode(payload, 8192);
  const items = claims instanceof Map && claims.size === 4 ? claims.get(CLAIM) : null;
  if (!(claims instanceof Map) || !Array.isArray(items) || items.length !== 21) {
    throw new Malformed('claims: not the claims of a licence document');
  }
  const [
    licenceId, version, documentNumber, name, sexNumber, nationality, birthDate, firstIssueDate, classes, validFrom, validUntil,
    pointsAtIssue, statusAtIssue, cardCoreNumber, residentAddress, authority, authorityName, fileNumber, record, hearingAid,
    portraitSha256,
  ] = items;
  const issuer = claims.get(1);
  const exp = claims.get(4);
  const iat = claims.get(6);
  const sex = isNumber(sexNumber) ? SEX[sexNumber] : undefined;
  demand(typeof issuer === 'string' && /^CN-[0-9]{2}$/.test(issuer), 'issuer is not a province');
  demandTimes(iat, exp);
  demand(isOctets(licenceId, 16), 'licence_id');
  demand(isNumber(version) && version >= 0 && version < 2 ** 32, 'version');
  demand(isText(documentNumber, 18), 'document_number');
  demand(isText(name, 50), 'name');
  demand(sex !== undefined, 'sex');
  demand(typeof nationality === 'string' && /^[A-Z]{3}$/.test(nationality), 'nationality');
  demand([birthDate, firstIssueDate, validFrom].every(isDay) && (validUntil === null || isDay(validUntil)), 'a day');
  demandValidity(validFrom as Day, validUntil as Day | null);
  demand(isCodes(classes, 34), 'classes');
  demand(isNumber(pointsAtIssue) && pointsAtIssue >= 0 && pointsAtIssue < 1000, 'points_at_issue');
  demand(isCodes(statusAtIssue, 16), 'status_at_issue');
  demand(cardCoreNumber === '' || isText(cardCoreNumber, 13), 'card_core_number');
  demand(isText(residentAddress, 128), 'resident_address');
  demand(isText(authority, 8), 'authority');
  demand(isText(authorityName, 100), 'authority_name');
  demand(isText(fileNumber, 12), 'file_number');
  demand(record === '' || isText(record, 400), 'record');
  demand(typeof hearingAid === 'boolean', 'hearing_aid');
  demand(isOctets(portraitSha256, 32), 'portrait_sha256');
  return {
    issuer, licenceId, version, documentNumber, name, sex, nationality, birthDate, firstIssueDate, classes, validFrom, validUntil,
    pointsAtIssue, statusAtIssue, cardCoreNumber, residentAddress, authority, authorityName, fileNumber, record, hearingAid,
    portraitSha256, iat, exp,
  } as DocumentClaims;
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value);
}

/** Days before 1970 are negative. */
function isDay(value: unknown): boolean {
  return isNumber(value) && value >= -719162 && value <= 2932896;
}

function isOctets(value: unknown, length: number): boolean {
  return value instanceof Uint8Array && value.length === length;
}
