/** Take any check out of the browser's verifier, and its tests go red.
 *
 * As tests/standards/test_every_check_counts.py does for Python: every `throw`, every call made for its effect, every way out
 * that is not taken, every condition among several and every bound of these modules is taken out or moved, one at a time, in
 * memory, and the tests beside the modules must notice. It takes minutes, so it runs when it is asked for:
 *
 *     node --no-warnings tests/web/mutants.ts [module …]
 *
 * Prints what nobody noticed and is not in SAME_THING, and ends with 1 if there is any.
 */
import {readFileSync} from 'node:fs';
import {createRequire, registerHooks, stripTypeScriptTypes} from 'node:module';
import {Worker, isMainThread, parentPort, workerData} from 'node:worker_threads';
import type * as Ts from 'typescript';

const LIVE_CODE = new URL('../../web/shared/live-code/', import.meta.url);
const ts: typeof Ts = createRequire(new URL('../../web/package.json', import.meta.url))('typescript');

/** The modules that refuse, each with the tests that must notice; those of OF_ALL are asked of each. ES256 for
 * both algorithms but where the algorithm is the matter: the rest of the code is the same. Not `inflate`: what it does not refuse
 * itself its checksum does; inflate.test.ts holds it to zlib. */
const JURIES: Readonly<Record<string, RegExp>> = {
  base45: /base45|ES256: a code changed/,
  cbor: /CBOR|ES256: (every showing|a licence document|a status list|a code changed)/,
  claims: /ES256: (every showing|a licence document|a status list|a code changed)/,
  cose: /ES256: (every showing|a status list|a code changed)/,
  der: /values are|lengths in|one value|numbers of|times are|ES256: a certificate/,
  document: /ES256: a licence document/,
  keys: /P-256|SM2|ES256: (every showing|a certificate)/,
  offline: /list|remembers|forgotten|too long|ES256: whole/,
  p256: /point|P-256|ES256: every showing/,
  reading: /no code says/,
  sm2: /SM2/,
  statuslist: /list/,
  trust: /ES256: (a trust bundle|every showing)/,
  verifier: /too long|verdict|ES256: (every showing|whole|a code changed)/,
  x509: /ES256: (a certificate|a trust bundle)/,
};
const OF_ALL = ['refusals', 'certificates'];
const TESTS = ['refusals', 'certificates', 'der', 'verifier', 'vectors'];

/** A mutant that goes round in circles is one that was noticed. */
const PATIENCE_MS = 60_000;

/** Changes that change nothing a test could see, each with its reason. */
const SAME_THING: Readonly<Record<string, string>> = {
  'document openDocument: without !(document instanceof Uint8Array) of !(document instanceof Uint8Array) || !(portrait instanceof Uint8Array)':
    'what is no octets is no COSE either',
  'document decodeDocument: without !(claims instanceof Map) of !(claims instanceof Map) || !Array.isArray(items)':
    'items are there only where the claims are a map; it is said for the compiler',
  'statuslist entryOf: without index >= 0 of Number.isInteger(index) && index >= 0': 'there are no octets before the first',
  'statuslist openStatusList: without signed.alg !== entry.key.alg of !entry || signed.alg !== entry.key.alg':
    "the algorithm in the header is under the signature, which is checked with the key's own",
  'statuslist readClaims: without [SUB, EXP, IAT, LIST, TTL].every((key) => claims.has(key)) of claims instanceof Map && claims.size === 5 && [SUB, EXP, IAT, LIST, TTL].every((key) => claims.has(key))':
    'each claim that is missing is refused by its own check',
  "statuslist readMember: without typeof bits !== 'number' of extra !== 2 || typeof bits !== 'number'": 'only numbers are among the bits allowed',
  "cbor read: no throw new Malformed('cbor: ends too soon');":
    'the head of an item that is missing, and octets behind the end, are missed where they are read',
  "cbor readArgument: no throw new Malformed('cbor: ends too soon');":
    'an argument behind the end is refused as one that is cut',
  'cbor isBefore: without i < other.length of i < one.length && i < other.length':
    'no encoded key begins with another whole one',
  'cbor isBefore: without i < one.length of i < one.length && i < other.length':
    'no encoded key begins with another whole one',
  'cbor isBefore: <= in i < one.length':
    'no encoded key begins with another whole one',
  'cbor isBefore: <= in i < other.length':
    'no encoded key begins with another whole one',
  'cbor isBefore: <= in one[i]! < other[i]!':
    'it is asked where they differ',
  'verifier takeApart: <= in tail < 1':
    'with nothing between, the time would have to be a byte string',
  "offline refusalOf: without showing !== null of showing !== null && failure.outcome === 'status_superseded'":
    'nothing is superseded before a showing was opened',
  'offline shownStanding: without said === null of said === null || display === null':
    'without a standing there is nothing to display',
  'x509 usageOf: without unused! < 8 of bits.length === 2 && unused! < 8':
    'with eight bits unused none may be set, and that is no usage of ours',
  'x509 usageOf: <= in unused! < 8':
    'with eight bits unused none may be set, and that is no usage of ours',
  'claims decodeSnapshot: <= in standingVersion < 2 ** 53':
    'from 2^53 on an integer is read as Infinity',
  'trust open: without ofKid.has(toHex(root.key.kid)) of ofKid.size !== rows.length || ofKid.has(toHex(root.key.kid))':
    "the root's certificate is none for a role",
  'trust readClaims: without !Array.isArray(rows) of !isNumber(issuedAt) || !isNumber(version) || !(root instanceof Uint8Array) || !Array.isArray(rows)':
    'what is no list has no length to be right',
  'trust readClaims: without !(root instanceof Uint8Array) of !isNumber(issuedAt) || !isNumber(version) || !(root instanceof Uint8Array)':
    'what is none is refused by what reads it next',
  'trust readEntry: without !Array.isArray(row) of !Array.isArray(row) || row.length !== 8':
    'what is no list has no length of eight, but a text, whose letters are no key',
  'trust readEntry: without role === undefined of !(kid instanceof Uint8Array) || !(der instanceof Uint8Array) || role === undefined':
    'no certificate is for no role',
  'trust readEntry: without !(kid instanceof Uint8Array) || !(der instanceof Uint8Array) of !(kid instanceof Uint8Array) || !(der instanceof Uint8Array) || role === undefined':
    'what is none is refused by what reads it next',
  'trust readEntry: without !(der instanceof Uint8Array) of !(kid instanceof Uint8Array) || !(der instanceof Uint8Array)':
    'what is none is refused by what reads it next',
  'trust readEntry: without !(kid instanceof Uint8Array) of !(kid instanceof Uint8Array) || !(der instanceof Uint8Array)':
    'what is none is refused by what reads it next',
  "trust readEntry: no throw new Malformed('not an entry');":
    'what is none is refused by what reads it next',
  'trust readEntry: without !isNumber(signedFrom) || !isNumber(signedUntil) of !isNumber(signedFrom) || !isNumber(signedUntil) || !(compromisedAt === null || isNumber(compromisedAt))':
    "what is no number is not within the certificate's validity",
  'trust readEntry: without !isNumber(signedUntil) of !isNumber(signedFrom) || !isNumber(signedUntil)':
    "what is no number is not within the certificate's validity",
  'trust readEntry: without !isNumber(signedFrom) of !isNumber(signedFrom) || !isNumber(signedUntil)':
    "what is no number is not within the certificate's validity",
  'trust readEntry: without (alg !== ES256 && alg !== SM2) of !same(key.kid, kid) || alg !== key.alg || (alg !== ES256 && alg !== SM2)':
    'the key has one of the two; it is said for the compiler',
  'trust readEntry: without alg !== SM2 of alg !== ES256 && alg !== SM2':
    'the key has one of the two; it is said for the compiler',
  'base45 : <= in value < ALPHABET.length':
    'behind the alphabet there is nothing to look up',
  "base45 decode: no throw new Malformed('base45: the length cannot be');":
    'a character that is missing is none of the alphabet',
  'der next: without tag === undefined || first === undefined of tag === undefined || first === undefined || (tag & 0x1f) === 0x1f':
    'without a length there is no end that could be right',
  'der next: without first === undefined of tag === undefined || first === undefined':
    'without a length there is no end that could be right',
  'der next: without tag === undefined of tag === undefined || first === undefined':
    'a value is read only where an octet is left',
  'der next: <= in first < 0x80':
    'the length without an end is refused by itself',
  'der uint256: without contents.length > 0 of contents.length > 0 && (isPadded ? contents.length === 1 || contents[1]! >= 0x80 : contents[0]! < 0x80)':
    'a number of no octets has no first one below 0x80',
  'der uint256: >= in contents.length > 0':
    'a number of no octets has no first one below 0x80',
  "keys fromSpki: no throw new BadKey('not an uncompressed key in its one DER form');":
    'a point of another length is refused by its curve',
  "keys verify: no throw new BadSignature('a raw signature has 64 octets');":
    'WebCrypto takes no signature of another length',
  'sm2 constructor: without uncompressed.length !== 65 of uncompressed.length !== 65 || uncompressed[0] !== 4':
    'the library takes no point of another length',
  'sm2 verify: without t === 0n of signature.length !== 64 || r === 0n || r >= N || s === 0n || s >= N || t === 0n':
    'no signature with such numbers that would hold is known',
  'sm2 verify: without signature.length !== 64 || r === 0n || r >= N || s === 0n of signature.length !== 64 || r === 0n || r >= N || s === 0n || s >= N':
    'no signature with such numbers that would hold is known',
  'sm2 verify: without s === 0n of signature.length !== 64 || r === 0n || r >= N || s === 0n':
    'no signature with such numbers that would hold is known',
  'sm2 verify: without signature.length !== 64 || r === 0n || r >= N of signature.length !== 64 || r === 0n || r >= N || s === 0n':
    'no signature with such numbers that would hold is known',
  'sm2 verify: without r >= N of signature.length !== 64 || r === 0n || r >= N':
    'no signature with such numbers that would hold is known',
  'sm2 verify: without signature.length !== 64 || r === 0n of signature.length !== 64 || r === 0n || r >= N':
    'no signature with such numbers that would hold is known',
  'sm2 verify: without r === 0n of signature.length !== 64 || r === 0n':
    'no signature with such numbers that would hold is known',
  'p256 demandPoint: without y >= P of uncompressed.length !== 65 || uncompressed[0] !== 4 || x >= P || y >= P':
    'no point with a y so small that it has a second form is known',
  'p256 demandPoint: > in y >= P':
    'no point with a y so small that it has a second form is known',
  'p256 demandPoint: without uncompressed.length !== 65 of uncompressed.length !== 65 || uncompressed[0] !== 4':
    'a y of another length is another number',
  'sm2 verify: without signature.length !== 64 of signature.length !== 64 || r === 0n':
    'an s of another length is another number',
  'sm2 verify: > in r >= N':
    'no signature with such numbers that would hold is known',
  'sm2 verify: without !sum.is0() of !sum.is0() && (e + sum.toAffine().x) % N === r':
    'no signature with such numbers that would hold is known',
};

interface Mutant {
  readonly module: string;
  readonly name: string;
  readonly from: number;
  readonly to: number;
  readonly put: string;
}

const MOVED: Readonly<Record<string, string>> = {'<': '<=', '<=': '<', '>': '>=', '>=': '>'};

function mutantsOf(module: string): Mutant[] {
  const source = readFileSync(new URL(`${module}.ts`, LIVE_CODE), 'utf8');
  const file = ts.createSourceFile(`${module}.ts`, source, ts.ScriptTarget.ES2022, true);
  const found: Mutant[] = [];
  const text = (node: Ts.Node) => node.getText(file).replace(/\s+/g, ' ');
  const add = (node: Ts.Node, within: string, change: string, put: string) =>
    found.push({module, name: `${module} ${within}: ${change}`, from: node.getStart(file), to: node.end, put});

  function look(node: Ts.Node, within: string): void {
    const inside = nameOf(node) ?? within;
    if (ts.isThrowStatement(node)) add(node, inside, `no ${text(node)}`, ';');
    if (ts.isExpressionStatement(node)) {
      const called = ts.isAwaitExpression(node.expression) ? node.expression.expression : node.expression;
      if (ts.isCallExpression(called)) add(node, inside, `no ${text(node)}`, ';');
    }
    if (ts.isIfStatement(node) && !node.elseStatement && ts.isReturnStatement(node.thenStatement)) {
      add(node, inside, `not: ${text(node)}`, ';');
    }
    if (ts.isBinaryExpression(node)) {
      const sign = node.operatorToken.getText(file);
      if (sign === '||' || sign === '&&') {
        add(node, inside, `without ${text(node.right)} of ${text(node)}`, `(${node.left.getText(file)})`);
        add(node, inside, `without ${text(node.left)} of ${text(node)}`, `(${node.right.getText(file)})`);
      }
      const moved = MOVED[sign];
      if (moved) add(node, inside, `${moved} in ${text(node)}`, `${node.left.getText(file)} ${moved} ${node.right.getText(file)}`);
    }
    ts.forEachChild(node, (child) => look(child, inside));
  }
  look(file, '');
  return found;
}

function nameOf(node: Ts.Node): string | null {
  const named = ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node) || ts.isGetAccessor(node);
  if (named) return node.name!.getText();
  return ts.isConstructorDeclaration(node) ? 'constructor' : null;
}

// -- at work: in a thread of its own, which can be ended -----------------------------------------------------------------

interface Test {readonly name: string; readonly act: () => unknown; readonly file: string}

let atWork: Mutant | null = null;

/** Each mutant is a world of its own: the number behind the question mark goes from a test to all it imports. */
function hook(): void {
  const plain = new Map<string, string>();
  const fake = 'export const test = (name, act) => globalThis.collect(name, act)';
  registerHooks({
    resolve(specifier, context, next) {
      if (specifier === 'node:test') return {url: `data:text/javascript,${encodeURIComponent(fake)}`, shortCircuit: true};
      const found = next(specifier, context);
      const world = /\?world=-?\d+$/.exec(context.parentURL ?? '')?.[0];
      return world && found.url.startsWith(LIVE_CODE.href) ? {...found, url: found.url + world} : found;
    },
    load(url, context, next) {
      const [file] = url.split('?world=');
      if (!file?.startsWith(LIVE_CODE.href) || file === url) return next(url, context);
      const name = file.slice(LIVE_CODE.href.length);
      if (atWork && name === `${atWork.module}.ts`) return {format: 'module', source: sourceOf(name, atWork), shortCircuit: true};
      if (!plain.has(name)) plain.set(name, sourceOf(name, null));
      return {format: 'module', source: plain.get(name)!, shortCircuit: true};
    },
  });
}

function sourceOf(name: string, mutant: Mutant | null): string {
  const source = readFileSync(new URL(name, LIVE_CODE), 'utf8');
  return stripTypeScriptTypes(mutant ? source.slice(0, mutant.from) + mutant.put + source.slice(mutant.to) : source);
}

/** Vectors are read once for all worlds: they are many megabytes, and nobody changes them. */
function readOnce(): void {
  const parse = JSON.parse.bind(JSON);
  const known = new Map<string, unknown>();
  JSON.parse = ((text: string, revive?: never) => {
    if (text.length < 5000) return parse(text, revive);
    if (!known.has(text)) known.set(text, parse(text));
    return known.get(text);
  }) as typeof JSON.parse;
}

async function testsOf(world: number): Promise<Test[]> {
  const found: Test[] = [];
  for (const file of TESTS) {
    const collect = (name: string, act: () => unknown) => found.push({name, act, file});
    Object.assign(globalThis, {collect});
    await import(`${LIVE_CODE.href}${file}.test.ts?world=${world}`);
  }
  return found;
}

/** The test that noticed; null when none did. Those that noticed most are asked first. */
async function noticed(world: number, module: string, mutant: Mutant | null, often: Map<string, number>): Promise<string | null> {
  atWork = mutant;
  let tests: Test[];
  try {
    tests = await testsOf(world);
  } catch {
    return 'import';
  }
  tests = tests.filter(({name, file}) => OF_ALL.includes(file) || JURIES[module]!.test(name));
  tests.sort((one, other) => (often.get(other.name) ?? 0) - (often.get(one.name) ?? 0));
  for (const {name, act} of tests) {
    try {
      await act();
    } catch {
      often.set(name, (often.get(name) ?? 0) + 1);
      return name;
    }
  }
  return null;
}

async function work(): Promise<void> {
  hook();
  readOnce();
  const {mutants, first} = workerData as {mutants: Mutant[]; first: number};
  const often = new Map<string, number>();
  const sound = new Set<string>();
  for (let place = first; place < mutants.length; place++) {
    const {module} = mutants[place]!;
    const by = sound.has(module) ? null : await noticed(-1 - place, module, null, often);
    if (by !== null) throw new Error(`the tests must pass on the modules as they are: ${by}`);
    sound.add(module);
    parentPort!.postMessage({place, by: await noticed(place, module, mutants[place]!, often)});
  }
}

// -- the thread that watches ---------------------------------------------------------------------------------------------

/** From mutant `first` on; where it stopped answering, or the end. */
function watch(mutants: readonly Mutant[], first: number, said: (place: number, by: string | null) => void): Promise<number> {
  return new Promise((done, failed) => {
    const worker = new Worker(new URL(import.meta.url), {workerData: {mutants, first}});
    let place = first;
    let timer: NodeJS.Timeout;
    const wait = () => {
      clearTimeout(timer);
      timer = setTimeout(() => void worker.terminate().then(() => done(place)), PATIENCE_MS);
    };
    wait();
    worker.on('message', (message: {place: number; by: string | null}) => {
      said(message.place, message.by);
      place = message.place + 1;
      wait();
    });
    worker.on('error', (error) => {
      clearTimeout(timer);
      failed(error);
    });
    worker.on('exit', (code) => {
      clearTimeout(timer);
      if (code === 0) done(place);
    });
  });
}

async function main(): Promise<void> {
  const wanted = process.argv.slice(2);
  const mutants = (wanted.length ? wanted : Object.keys(JURIES)).flatMap(mutantsOf);
  const names = new Set(mutants.map(({name}) => name));
  const unnoticed: string[] = [];
  const asked = Date.now();
  for (let place = 0; place < mutants.length; ) {
    place = await watch(mutants, place, (at, by) => {
      const {name} = mutants[at]!;
      if (by === null) unnoticed.push(name);
      if (by === null && !(name in SAME_THING)) console.log(`nobody noticed: ${name}`);
    });
    if (place < mutants.length) place += 1;
  }
  const found = unnoticed.filter((name) => !(name in SAME_THING));
  const gone = wanted.length ? [] : Object.keys(SAME_THING).filter((name) => !names.has(name));
  for (const name of gone) console.log(`in SAME_THING, and no longer there: ${name}`);
  const seconds = Math.round((Date.now() - asked) / 1000);
  console.log(`${mutants.length} changes, ${found.length} unnoticed, ${unnoticed.length - found.length} that change nothing, ${seconds} s`);
  process.exitCode = found.length + gone.length > 0 || mutants.length === 0 ? 1 : 0;
}

await (isMainThread ? main() : work());
