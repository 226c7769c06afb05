// The verifier on bundles that are right, and on bundles that are not.

import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { newLedgerKey, originOf } from '../../events/ledger/signed-note.ts';
import { memoryStores } from '../../storage/memory/stores.ts';
import type { NewLedger } from '../../storage/ports/ledger.ts';
import { MadeLedger, verify } from '../events/ledger/made-ledger.ts';

interface Key {
  readonly text: string;
}
interface Verifier {
  readonly verifyBundle: (asked: {
    file: string;
    keys: readonly Key[] | null;
    against: string | null;
    say: (text: string) => void;
  }) => Promise<string[]>;
}
const load = async (name: string): Promise<unknown> =>
  await import(new URL(`../../verifier/${name}`, import.meta.url).href);
const { verifyBundle } = (await load('verify-bundle.mjs')) as Verifier;
const { parseKey } = (await load('note.mjs')) as { parseKey: (text: string) => Key };

async function check(file: string, against: string | null = null, key?: string) {
  const keys = key === undefined ? null : [parseKey(key)];
  return await verifyBundle({ file, keys, against, say: () => undefined });
}

async function madeLedger(t: ExecutionContext, ledger?: NewLedger): Promise<MadeLedger> {
  const stores = memoryStores();
  if (ledger !== undefined) await stores.ledger.begin(ledger);
  const made = new MadeLedger(stores);
  t.teardown(() => made.close());
  return made;
}

/** Some seconds of a shop. */
async function live(made: MadeLedger, counts = [1, 3, 40]): Promise<void> {
  for (const count of counts) {
    await made.append(0, count);
    await made.append(2, 2);
    await made.act();
    await made.passes();
  }
}

async function keyOf(made: MadeLedger): Promise<string> {
  return (await made.stores.ledger.head())!.keys[0]!.verifierKey;
}

interface Place {
  readonly kind: string;
  readonly start: number;
  readonly end: number;
}

/** The records of a bundle. */
function placesOf(bundle: Buffer): Place[] {
  const places: Place[] = [];
  for (let start = bundle.indexOf('\n') + 1; start < bundle.length; ) {
    const end = start + 5 + bundle.readUInt32BE(start + 1);
    places.push({ kind: String.fromCharCode(bundle[start]!), start, end });
    start = end;
  }
  return places;
}

/** Bundles that differ from the one in one place, each with what was done. */
function* mutations(bundle: Buffer): Generator<{ done: string; bytes: Buffer }> {
  for (let at = 0; at < bundle.length; at++) {
    const bytes = Buffer.from(bundle);
    bytes[at]! ^= 1 << (at % 8);
    yield { done: `bit ${at % 8} of byte ${at} flipped`, bytes };
  }
  const places = placesOf(bundle);
  for (const [i, { kind, start, end }] of places.entries()) {
    const rest = [bundle.subarray(0, start), bundle.subarray(end)];
    yield { done: `record ${i} (${kind}) dropped`, bytes: Buffer.concat(rest) };
    const record = bundle.subarray(start, end);
    const twice = [bundle.subarray(0, end), record, bundle.subarray(end)];
    yield { done: `record ${i} (${kind}) doubled`, bytes: Buffer.concat(twice) };
    const next = places[i + 1];
    if (next === undefined) continue;
    const swapped = [
      bundle.subarray(0, start),
      bundle.subarray(next.start, next.end),
      record,
      bundle.subarray(next.end),
    ];
    if (!record.equals(swapped[1]!))
      yield { done: `records ${i} and ${i + 1} swapped`, bytes: Buffer.concat(swapped) };
    yield { done: `cut off behind record ${i}`, bytes: bundle.subarray(0, end) };
  }
}

test('L1: any bit that is flipped, and any record that is dropped, doubled or moved, is found', async (t) => {
  const made = await madeLedger(t);
  await live(made, [1, 9]);
  const file = await made.bundle();
  t.deepEqual(await check(file), []);
  const changed = join(made.folder, 'changed');
  let tried = 0;
  for (const { done, bytes } of mutations(readFileSync(file))) {
    writeFileSync(changed, bytes);
    const findings = await check(changed);
    if (findings.length === 0) t.fail(`not found: ${done}`);
    tried += 1;
  }
  t.true(tried > 1_500, `${tried} mutations`);
});

/** The bundle with the leaves of its first long record of leaves in another way. */
function withLeaves(bundle: Buffer, change: (leaves: Buffer[]) => Buffer[]): Buffer {
  const place = placesOf(bundle).find(({ kind, start, end }) => kind === 'L' && end - start > 500)!;
  const payload = bundle.subarray(place.start + 5, place.end);
  const leaves: Buffer[] = [];
  for (let at = 2; at < payload.length; at += 2 + payload.readUInt16BE(at))
    leaves.push(payload.subarray(at, at + 2 + payload.readUInt16BE(at)));
  const changed = Buffer.concat([payload.subarray(0, 2), ...change(leaves)]);
  const head = Buffer.from('L\0\0\0\0', 'latin1');
  head.writeUInt32BE(changed.length, 1);
  const before = bundle.subarray(0, place.start);
  return Buffer.concat([before, head, changed, bundle.subarray(place.end)]);
}

test('L1: a leaf that is dropped, moved or forged is found, and its tree named', async (t) => {
  const made = await madeLedger(t);
  await live(made);
  const bundle = readFileSync(await made.bundle());
  const changed = join(made.folder, 'changed');
  const ways: Record<string, (leaves: Buffer[]) => Buffer[]> = {
    dropped: (leaves) => leaves.toSpliced(7, 1),
    moved: (leaves) => [...leaves.slice(0, 7), leaves[8]!, leaves[7]!, ...leaves.slice(9)],
    forged(leaves) {
      const forged = Buffer.from(leaves[7]!);
      forged.fill(9, forged.length - 8);
      return leaves.with(7, forged);
    },
    added: (leaves) => [...leaves, leaves.at(-1)!],
  };
  for (const [done, change] of Object.entries(ways)) {
    writeFileSync(changed, withLeaves(bundle, change));
    const findings = await check(changed);
    t.regex(findings.join('\n'), /shard-0: lea(?:f 1[12]|ves 4 to)/, done);
  }
});

test('L1: a bundle continues an older one, also where it begins behind what that has', async (t) => {
  const made = await madeLedger(t);
  await live(made);
  const older = await made.bundle();
  const { size } = (await made.ledger.tree('heads'))!;
  await live(made);
  const key = await keyOf(made);
  t.deepEqual(await check(await made.bundle(), older, key), []);
  t.deepEqual(await check(older, await made.bundle(), key), []);
  t.deepEqual(await check(await made.bundle(size), older), []);
  t.deepEqual(await check(await made.bundle(3), older), []);
  t.regex((await check(await made.bundle(size + 1), older)).join(), /cannot be compared/);
});

test('L1: two bundles of one ledger that are no one history are a fork, which is named', async (t) => {
  const id = '0123456789abcdef';
  const key = newLedgerKey(originOf(id), 1_000);
  const ledger = { id, secret: Buffer.alloc(32).toString('base64'), key };
  const made = await madeLedger(t, ledger);
  const other = await madeLedger(t, ledger);
  await made.append(0, 20);
  await other.append(0, 12);
  await other.stores.journal.append(0, 1, 13, Buffer.from('another entry'));
  await other.append(0, 7);
  await made.passes();
  await other.passes();
  const [file, forked] = [await made.bundle(), await other.bundle()];
  t.deepEqual(await check(file), []);
  t.deepEqual(await check(forked, null, key.verifierKey), []);
  const [finding, ...more] = await check(forked, file);
  t.deepEqual(more, []);
  t.is(
    finding,
    `FORK: two histories of livedrops/${id} are signed: they part at leaf 12 of shard-0, number 13`,
  );
  const stranger = await madeLedger(t);
  await live(stranger);
  t.regex((await check(await stranger.bundle(), file, await keyOf(stranger))).join(), /none of/);
});

test('L1: a checkpoint by a key that is not trusted is refused, and a new key is introduced by the old one', async (t) => {
  const made = await madeLedger(t);
  await live(made);
  const before = await made.bundle();
  const [old] = (await made.stores.ledger.head())!.keys;
  const { id } = (await made.stores.ledger.head())!;
  const key = newLedgerKey(originOf(id), 2_000);
  t.true(await made.stores.ledger.replaceKeys([key, old!], [old!.keyId]));
  await live(made);
  const both = await made.bundle();
  t.deepEqual(await check(both, before), []);
  t.deepEqual(await check(both, null, key.verifierKey), []);
  t.true(await made.stores.ledger.replaceKeys([key], [key.keyId, old!.keyId]));
  t.deepEqual(
    await check(await made.bundle(), both),
    [],
    'its signature by the old key is left out',
  );
  await live(made);
  const alone = await made.bundle();
  t.deepEqual(await check(alone, both), []);
  t.regex((await check(alone, null, old!.verifierKey)).join(), /signed by none of the keys/);
  t.regex((await check(before, null, key.verifierKey)).join(), /signed by none of the keys/);
});

test('L1: the verifier says what it verified, and ends with its verdict', async (t) => {
  const made = await madeLedger(t);
  await live(made);
  const file = await made.bundle();
  const key = await keyOf(made);
  const good = await verify(file, '--key', key);
  t.is(good.code, 0);
  t.true(good.output.startsWith(`livedrops/`));
  t.true(good.output.includes(`signed by ${key}\n`));
  t.true(good.output.includes('shard-0: 1 to 44\n'));
  t.true(good.output.endsWith('OK\n'));
  t.regex((await verify(file)).output, /No key was given/);
  writeFileSync(file, readFileSync(file).fill(0, 300, 310));
  const bad = await verify(file);
  t.is(bad.code, 1);
  t.regex(bad.output, /^WRONG: /m);
  t.is((await verify()).code, 2);
  t.is((await verify(file, '--key', 'nonsense')).code, 2);
  t.is((await verify(join(made.folder, 'missing'))).code, 1);
});

test('L1: the verifier imports nothing of the server, and of Node only what reads and hashes', (t) => {
  const folder = new URL('../../verifier/', import.meta.url);
  const { stdout } = spawnSync('ls', [folder.pathname], { encoding: 'utf8' });
  const files = stdout.split('\n').filter((name) => name.endsWith('.mjs'));
  t.true(files.length > 3);
  for (const file of files) {
    const text = readFileSync(new URL(file, folder), 'utf8');
    for (const [, from = ''] of text.matchAll(/from '([^']+)'|import\('([^']+)'\)/g))
      t.regex(from, /^(?:\.\/[a-z-]+\.mjs|node:(?:fs|crypto|path|stream|zlib))$/, file);
  }
});
