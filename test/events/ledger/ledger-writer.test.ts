import test from 'ava';
import { rootOfInclusion, rootsOfConsistency } from '../../../events/ledger/merkle.ts';
import { readHeadLeaf } from '../../../events/ledger/leaves.ts';
import { memoryStores } from '../../../storage/memory/stores.ts';
import { StoreUnavailableError } from '../../../storage/ports/journal.ts';
import type { LedgerStore } from '../../../storage/ports/ledger.ts';
import { MadeLedger, verify } from './made-ledger.ts';

function bytes(text: string): Buffer {
  return Buffer.from(text, 'base64');
}

async function proves(made: MadeLedger, tree: string, number: number): Promise<boolean> {
  const proof = await made.ledger.prove(tree, number);
  if (proof === null) return false;
  const { inclusion, head, checkpoint } = proof;
  const root = rootOfInclusion(bytes(inclusion.leaf), {
    ...inclusion,
    path: inclusion.path.map(bytes),
  });
  const leaf = readHeadLeaf(bytes(head.leaf));
  const top = rootOfInclusion(bytes(head.leaf), { ...head, path: head.path.map(bytes) });
  return (
    leaf.tree === tree &&
    leaf.size === inclusion.size &&
    Buffer.from(leaf.root).equals(root!) &&
    Buffer.from(top!).toString('base64') === checkpoint.split('\n')[2]
  );
}

test('L1: every entry and every action has a leaf, and each is proved', async (t) => {
  const made = new MadeLedger();
  t.teardown(() => made.close());
  await made.append(0, 700);
  await made.append(2, 3);
  for (let i = 0; i < 5; i++) await made.act();
  await made.passes();
  await made.append(2, 300);
  await made.passes();
  const trees = await made.stores.ledger.trees();
  const sizes = Object.fromEntries(trees.map(({ name, size }) => [name, size]));
  t.deepEqual(sizes, { heads: 4, audit: 5, 'shard-0': 700, 'shard-2': 303 });
  for (const [tree, number] of [
    ['shard-0', 1],
    ['shard-0', 513],
    ['shard-0', 700],
    ['shard-2', 3],
    ['shard-2', 303],
    ['audit', 5],
  ] as const)
    t.true(await proves(made, tree, number), `${tree} ${number}`);
  t.is(await made.ledger.prove('shard-0', 701), null);
  t.is(await made.ledger.prove('shard-1', 1), null);
  const { olderRoot, olderSize, size, path } = (await made.ledger.consistency(3))!;
  const older = bytes(olderRoot);
  const roots = rootsOfConsistency(older, { olderSize, size, path: path.map(bytes) })!;
  t.deepEqual(Buffer.from(roots.older), older);
  t.is((await verify(await made.bundle())).code, 0);
});

test('L1: nothing new is signed where nothing has grown', async (t) => {
  const made = new MadeLedger();
  t.teardown(() => made.close());
  await made.append(1, 2);
  await made.passes();
  const before = await made.stores.ledger.head();
  await made.passes();
  t.deepEqual(await made.stores.ledger.head(), before);
});

/** Dies where the store or the tiles are written, before or after it was done. */
function dying(store: LedgerStore, random: () => number): LedgerStore {
  return new Proxy(store, {
    get(target, name: keyof LedgerStore) {
      if (name !== 'commit') return target[name].bind(target);
      return async (...args: Parameters<LedgerStore['commit']>) => {
        if (random() < 0.2) throw new StoreUnavailableError('killed before');
        const stored = await target.commit(...args);
        if (random() < 0.2) throw new StoreUnavailableError('killed after');
        return stored;
      };
    },
  });
}

/** Numbers from 0 to 1, the same ones for the same seed. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

test('L1: whoever dies at any write, or writes beside another, loses and doubles nothing', async (t) => {
  const seed = Date.now() % 100_000;
  t.log(`seed ${seed}`);
  const random = randomOf(seed);
  const made = new MadeLedger();
  t.teardown(() => made.close());
  const blobs = new Proxy(made.blobs, {
    get(target, name: 'putSmall' | 'get') {
      if (name !== 'putSmall') return target[name].bind(target);
      return async (...args: Parameters<typeof target.putSmall>) => {
        if (random() < 0.2) throw new StoreUnavailableError('killed before');
        const written = await target.putSmall(...args);
        if (random() < 0.2) throw new StoreUnavailableError('killed after');
        return written;
      };
    },
  });
  const next = () => made.newWriter({ store: dying(made.stores.ledger, random), blobs });
  const writers = [next(), next()];
  for (let round = 0; round < 60; round++) {
    await made.append(0, Math.floor(random() * 90));
    if (random() < 0.3) await made.act();
    const at = round % 2;
    try {
      await writers[at]!.pass();
    } catch {
      // A new process goes on from what is stored; an old one that did not notice goes on, too.
      if (random() < 0.5) writers[at] = next();
    }
  }
  await made.passes(made.newWriter());
  const { lastSequence } = await made.stores.journal.head(0);
  const trees = await made.stores.ledger.trees();
  t.is(trees.find(({ name }) => name === 'shard-0')?.size, lastSequence);
  const verified = await verify(await made.bundle());
  t.is(verified.code, 0, verified.output);
});

test('L1: a ledger of a trimmed journal begins at what there is, and goes on behind trimming', async (t) => {
  const made = new MadeLedger();
  t.teardown(() => made.close());
  await made.append(0, 10);
  await made.stores.journal.trim(0, 4);
  await made.passes();
  const [tree] = (await made.stores.ledger.trees()).filter(({ name }) => name === 'shard-0');
  t.deepEqual([tree?.first, tree?.size], [5, 6]);
  await made.append(0, 10);
  await made.passes();
  await made.stores.journal.trim(0, 19);
  await made.append(0, 1);
  await made.passes();
  t.deepEqual(made.writer.faults, []);
  const verified = await verify(await made.bundle());
  t.is(verified.code, 0, verified.output);
  t.regex(verified.output, /shard-0: 5 to 21/);
  await made.append(0, 10);
  await made.stores.journal.trim(0, 25);
  await made.passes();
  t.regex(made.writer.faults.join(), /entry 22 of shard 0 is trimmed/);
});

test('L1: a journal that was put back from an older copy is found', async (t) => {
  const made = new MadeLedger();
  t.teardown(() => made.close());
  await made.append(0, 10);
  await made.passes();
  const older = memoryStores();
  const writer = made.newWriter({ journal: older.journal });
  await writer.pass();
  t.deepEqual(writer.faults, ['shard-0 ends at 0, and the ledger has it up to 10']);
  const { epoch } = await older.journal.claim(0, 'test');
  await older.journal.append(0, epoch, 1, Buffer.from('entry 0/1'));
  await writer.pass();
  t.deepEqual(writer.faults, ['shard-0 ends at 1, and the ledger has it up to 10']);
  for (let i = 2; i <= 10; i++)
    await older.journal.append(0, epoch, i, Buffer.from(`entry 0/${i}`));
  await writer.pass();
  t.deepEqual(writer.faults, [], 'the newer copy is there again');
});
