/** This verifier says of every code in tests/vectors/live-code what the Python one says. */
import assert from 'node:assert/strict';
import {readFileSync} from 'node:fs';
import {test} from 'node:test';
import * as base45 from './base45.ts';
import {allows, parseClasses} from './classes.ts';
import {isoDay} from './claims.ts';
import type {CredentialClaims} from './claims.ts';
import {belongsTo, isPortraitOf, openDocument} from './document.ts';
import {BadCertificate, BadSignature, BadTrust, Malformed} from './errors.ts';
import {judge, trustOf} from './judge.ts';
import {concat, fromHex, toHex} from './octets.ts';
import {newMemory, verifyOffline} from './offline.ts';
import type {OfflineAnswer} from './offline.ts';
import {buildCode} from './phone.ts';
import {BECAUSE, toneOf} from './rules.ts';
import {LETTERS, displayOf, lettersAgainst} from './status.ts';
import {entryOf, openStatusList} from './statuslist.ts';
import {TrustBundle} from './trust.ts';
import {STEPS} from './verdict.ts';
import type {Outcome} from './verdict.ts';
import {Verifier} from './verifier.ts';
import * as x509 from './x509.ts';
import {ICONS, OUTCOMES, REASONS, STEP_WORDS, ofReason} from './words.ts';

const FOLDER = new URL('../../../tests/vectors/live-code/', import.meta.url);

function vectors(name: string): any {
  return JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8'));
}

/** The first rows that came out otherwise: one run shows more than one. */
async function differences(rows: any[], saidOf: (row: any) => Promise<unknown>, expectedOf: (row: any) => unknown) {
  const found: unknown[] = [];
  for (const [number, row] of rows.entries()) {
    const [said, expected] = [JSON.stringify(await saidOf(row)), JSON.stringify(expectedOf(row))];
    if (said !== expected) found.push({number, name: row.name, said, expected});
    if (found.length === 20) break;
  }
  return found;
}

for (const alg of ['ES256', 'SM2']) {
  test(`${alg}: every showing comes to what it must, at the same step`, async () => {
    const {root, bundles, cases} = vectors(`showings-${alg}.json`);
    const trusted = await Promise.all(bundles.map((bundle: string) => trustOf(bundle, root)));
    assert.ok(cases.length > 150);
    assert.deepEqual(
      await differences(cases, (row) => judge(trusted[row.bundle], row), (row) => [row.step, row.outcome]),
      [],
    );
    const failed = new Set(cases.map((row: any) => row.step));
    assert.deepEqual([...STEPS].filter((step) => !failed.has(step)), []);
  });

  test(`${alg}: a code changed at random is refused at the same step, or taken`, async () => {
    const {root, bundle, at, bases, ...kinds} = vectors(`mutants-${alg}.json`);
    const trust = await trustOf(bundle, root);
    const said = (code: string) => judge(trust, {code, at});
    const ofText = ([base, place, taken, put]: any) => {
      // Python counts characters, not their halves.
      const characters = [...bases[base]];
      characters.splice(place, taken, put);
      return said(characters.join(''));
    };
    const ofOctets = ([base, place, taken, put]: any) => {
      const octets = base45.decode(bases[base].slice(4));
      const changed = concat(octets.subarray(0, place), fromHex(put), octets.subarray(place + taken));
      return said('LZ1:' + base45.encode(changed));
    };
    const expected = (row: any[]) => row.slice(-2);
    assert.ok(kinds['signed anew'].length >= 200);
    assert.deepEqual(await differences(kinds.characters, ofText, expected), []);
    assert.deepEqual(await differences(kinds.octets, ofOctets, expected), []);
    assert.deepEqual(await differences(kinds['signed anew'], ([code]) => said(code), expected), []);
  });

  test(`${alg}: whole answers are the same, in the same words`, async () => {
    const {root, bundle, runs} = vectors(`answers-${alg}.json`);
    const trust = await trustOf(bundle, root);
    for (const {name, memory: remembers, looks} of runs) {
      const memory = remembers ? newMemory() : undefined;
      for (const look of looks) {
        const answer = await verifyOffline(look.text, trust, look.at, {wantClass: look.class ?? undefined, memory});
        assert.deepEqual(asJson(answer), look.answer, name);
      }
    }
  });

  test(`${alg}: a trust bundle is taken or refused alike`, async () => {
    const {cases} = vectors(`bundles-${alg}.json`);
    const version = async ({octets, root, notOlderThan}: any) => {
      try {
        return (await TrustBundle.load(fromHex(octets), fromHex(root), notOlderThan)).version;
      } catch (fault) {
        if (fault instanceof BadTrust) return null;
        throw fault;
      }
    };
    assert.deepEqual(await differences(cases, version, (row) => row.version), []);
    assert.ok(cases.some((row: any) => row.version) && cases.some((row: any) => !row.version));
  });

  test(`${alg}: a certificate is taken or refused alike`, async () => {
    const certificates = vectors(`certificates-${alg}.json`);
    const {root: rootDer, cases} = certificates;
    const root = await x509.load(fromHex(rootDer));
    const isGood = async ({name, octets}: any) => {
      try {
        const read = await x509.load(fromHex(octets));
        await (name.startsWith('root') ? x509.checkRoot(read) : x509.checkChain(read, root, 'document'));
        return true;
      } catch (fault) {
        if (fault instanceof BadCertificate) return false;
        throw fault;
      }
    };
    assert.deepEqual(await differences(cases, isGood, (row) => row.good), []);
    assert.ok(cases.filter((row: any) => row.good).length > 3);
    const loose = certificates['refused by the browser alone'];
    assert.equal(loose.length, 3);
    for (const der of loose) await assert.rejects(x509.load(fromHex(der)), BadCertificate);
  });

  test(`${alg}: a status list is taken or refused alike, and says the same`, async () => {
    const {root, bundle, cases} = vectors(`status-lists-${alg}.json`);
    const trust = await trustOf(bundle, root);
    const listed = async ({octets, uri, at, list: expected}: any) => {
      try {
        const list = await openStatusList(fromHex(octets), trust, uri, at);
        const indices = Object.keys(expected?.entries ?? {});
        const entries = Object.fromEntries(indices.map((index) => [index, entryOf(list, Number(index))]));
        const length = Math.floor((8 * list.octets.length) / list.bits);
        assert.throws(() => entryOf(list, length), RangeError);
        return {iat: list.iat, exp: list.exp, ttl: list.ttl, length, entries};
      } catch (fault) {
        if (fault instanceof Malformed || fault instanceof BadSignature) return null;
        throw fault;
      }
    };
    assert.deepEqual(await differences(cases, listed, (row) => row.list), []);
    assert.ok(cases.filter((row: any) => row.list).length > 4);
  });

  test(`${alg}: a licence document is taken or refused alike, and says the same`, async () => {
    const {root, bundle, cases, portrait, code} = vectors(`documents-${alg}.json`);
    const trust = await trustOf(bundle, root);
    const credential = await credentialOf(trust, code);
    const opened = async ({octets}: any) => {
      try {
        const document = await openDocument(fromHex(octets), trust);
        const {name, documentNumber, birthDate, validUntil, version} = document.claims;
        const until = validUntil === null ? null : isoDay(validUntil);
        return {name, documentNumber, birthDate: isoDay(birthDate), validUntil: until, version, belongs: belongsTo(document, credential), font: document.font && document.font.length};
      } catch (fault) {
        if (fault instanceof Malformed || fault instanceof BadSignature) return null;
        throw fault;
      }
    };
    assert.deepEqual(await differences(cases, opened, (row) => row.document), []);
    assert.ok(cases.filter((row: any) => row.document).length > 4);
    // Where the good file has no font, one of 65,536 octets, which nobody signed, and one more octet, which is not even looked at.
    const good = fromHex(cases[0].octets);
    const withFont = (octets: number) => openDocument(Uint8Array.of(...good.subarray(0, -1), 0x5a, 0, 1, 0, octets - 65536, ...new Uint8Array(octets)), trust);
    await assert.rejects(withFont(65536), BadSignature);
    await assert.rejects(withFont(65537), Malformed);
    assert.equal(await isPortraitOf(fromHex(portrait), credential), true);
    assert.equal(await isPortraitOf(fromHex(portrait + '00'), credential), false);
  });
}

async function credentialOf(trust: TrustBundle, code: string): Promise<CredentialClaims> {
  const {at} = vectors('mutants-ES256.json');
  return (await new Verifier(trust).open(code, at)).credential;
}

function asJson(answer: OfflineAnswer): unknown {
  const {decision, tone, headline, reasons, step, holder, standing} = answer;
  return {
    outcome: decision.outcome,
    tone,
    headline: [headline.zh, headline.en],
    because: decision.reasons.map(({because, letter}) => [because, letter]),
    reasons: reasons.map(({zh, en}) => [zh, en]),
    step,
    holder: holder && {
      ...holder,
      validFrom: isoDay(holder.validFrom),
      validUntil: holder.validUntil === null ? null : isoDay(holder.validUntil),
    },
    standing,
    classAsked: answer.classAsked,
    classHeld: answer.classHeld,
    trustVersion: answer.trustVersion,
    trustAgeS: answer.trustAgeS,
    statusAgeS: answer.statusAgeS,
  };
}

test('words, classes and status letters are those of the register', () => {
  const tables = vectors('tables.json');
  const pair = ({zh, en}: {zh: string; en: string}) => [zh, en];
  assert.deepEqual(STEP_WORDS, tables.steps);
  assert.deepEqual([...STEPS], Object.keys(tables.steps));
  assert.deepEqual(Object.fromEntries(Object.entries(OUTCOMES).map(([key, words]) => [key, pair(words)])), tables.outcomes);
  assert.deepEqual(Object.fromEntries(Object.entries(REASONS).map(([key, words]) => [key, pair(words)])), tables.reasons);
  assert.deepEqual([...BECAUSE], Object.keys(tables.reasons));
  assert.deepEqual(ICONS, tables.icons);
  for (const [letter, words] of Object.entries(tables.letters)) {
    assert.deepEqual(pair(ofReason({because: 'status', letter})), words);
  }
  assert.deepEqual(Object.keys(LETTERS), Object.keys(tables.letters));
  for (const [outcome, tone] of Object.entries(tables.tones)) {
    assert.equal(toneOf({outcome: outcome as Outcome, reasons: []}), tone);
  }
  for (const [held, wanted, on, expected] of tables.classes) {
    assert.equal(allows(held, wanted, on), expected, `${held} ${wanted} ${on}`);
  }
  for (const [text, expected] of tables.read) assert.deepEqual(parseClasses(text, 20000), expected, text);
  for (const [text, display, against] of tables.statuses) {
    assert.deepEqual([displayOf(text), lettersAgainst(text)], [display, against], text);
  }
});

test('a phone makes the octets it must sign and the text it must show', async () => {
  for (const row of vectors('phone.json').codes) {
    const kept = {credential: fromHex(row.credential), snapshot: row.snapshot && fromHex(row.snapshot)};
    let asked = '';
    const code = await buildCode(kept, row.shownAt, fromHex(row.nonce), async (toBeSigned) => {
      asked = toHex(toBeSigned);
      return fromHex(row.signature);
    });
    assert.deepEqual([asked, code], [row.toBeSigned, row.code]);
  }
});
