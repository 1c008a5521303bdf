/** The browser's 亮码, asked over a pipe: one JSON value a line, in and out, in turn. */
import {createInterface} from 'node:readline';
import {judge, trustOf} from '../../web/shared/live-code/judge.ts';
import {fromHex, toHex} from '../../web/shared/live-code/octets.ts';
import {makeKey, publicKeyOf, show, signerOf} from '../../web/shared/live-code/phone.ts';

const key = await makeKey();

const ACTS: Readonly<Record<string, (asked: any) => Promise<unknown>>> = {
  key: async () => toHex(await publicKeyOf(key)),
  prove: async ({octets}) => toHex(await signerOf(key)(fromHex(octets))),
  show: async ({credential, snapshot, nowMs, offsetS}) =>
    show({credential: fromHex(credential), snapshot: snapshot && fromHex(snapshot)}, key, nowMs, offsetS),
  judge: async ({bundle, root, at, codes}) => {
    const trust = await trustOf(bundle, root);
    const judged = [];
    for (const code of codes) judged.push(await judge(trust, {code, at}));
    return judged;
  },
};

for await (const line of createInterface({input: process.stdin})) {
  const asked = JSON.parse(line);
  console.log(JSON.stringify(await ACTS[asked.act]!(asked)));
}
