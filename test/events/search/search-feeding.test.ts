// What the change stream makes of a search index (Q1, Q4, Q5).

import test from 'ava';
import type { SearchChange, SearchFeed } from '../../../storage/ports/search-index.ts';
import { MemorySearchIndex } from '../../../storage/memory/search-index-memory.ts';
import { placed } from '../outside/journal-script.ts';
import { FedIndex } from './fed-index.ts';

const confirmed = (ordinal: number) =>
  ({ type: 'order-confirmed', ordinal, reference: `ref-${ordinal}` }) as const;

/** A feed that dies with its process, after `left` changes or when it is killed: all is silent. */
function mortal(feed: SearchFeed, left: number) {
  let applied = 0;
  let isKilled = false;
  const never = new Promise<never>(() => {});
  const alive = <T>(ask: () => Promise<T>) => (isKilled || applied > left ? never : ask());
  const dying: SearchFeed = {
    apply(written: SearchChange) {
      applied += 1;
      return alive(() => feed.apply(written));
    },
    position: (name, part) => alive(() => feed.position(name, part)),
    find: (keys) => alive(() => feed.find(keys)),
    list: (filter, after, limit) => alive(() => feed.list(filter, after, limit)),
  };
  return {
    feed: dying,
    kill() {
      isKilled = true;
    },
  };
}

test('Q4: products, drops and creators are found, in whichever order they come', async (t) => {
  const at = new FedIndex(t);
  at.feed();
  await at.drop('d_1', 'p_1', 'u_ada');
  await at.pass();
  t.deepEqual(await at.names(''), [], 'nothing is known of the product');
  await at.product('p_1', 'u_ada', 'Aurora runners', 'They glow.');
  await at.pass();
  t.deepEqual(await at.names('glow'), ['drop d_1', 'product p_1']);
  t.deepEqual(await at.names('lovelace'), []);
  await at.user('u_ada', 'Ada Lovelace');
  await at.pass();
  t.deepEqual(await at.names('lovelace'), ['creator u_ada', 'drop d_1', 'product p_1']);
});

test('Q5: the status, the price and the start of a drop are those of the journal', async (t) => {
  const at = new FedIndex(t);
  at.feed();
  await at.product('p_1', 'u_ada', 'Lamp');
  await at.drop('d_1', 'p_1', 'u_ada');
  await at.pass();
  const key = 'drop d_1';
  t.like((await at.found()).get(key), { status: 'upcoming', amount: 1500, currency: 'EUR' });
  await at.happens('d_1', { type: 'drop-repriced', unitAmount: 900 }, { type: 'drop-opened' });
  await at.pass();
  t.like((await at.found()).get(key), { status: 'live', amount: 900 });
  await at.happens('d_1', { type: 'drop-closed' });
  await at.pass();
  t.like((await at.found()).get(key), { status: 'ended' });
});

test('Q1: units sold and followers make a document popular', async (t) => {
  const at = new FedIndex(t);
  at.feed();
  await at.user('u_ada', 'Ada');
  await at.product('p_1', 'u_ada', 'Lamp');
  await at.drop('d_1', 'p_1', 'u_ada', { type: 'drop-opened' }, placed('ann'), confirmed(0));
  await at.drop('d_2', 'p_1', 'u_ada', { type: 'drop-opened' }, placed('ben'), confirmed(0));
  for (const fan of ['f1', 'f2', 'f3']) await at.stores.follows.follow(fan, 'u_ada', 1);
  await at.pass();
  const popularity = async (key: string) => (await at.found()).get(key)?.popularity;
  t.deepEqual(
    await Promise.all(['creator u_ada', 'product p_1', 'drop d_1'].map(popularity)),
    [3, 2, 1],
  );
  await at.happens('d_1', { type: 'order-refunded', ordinal: 0 });
  await at.stores.follows.unfollow('f1', 'u_ada');
  await at.pass();
  t.deepEqual(
    await Promise.all(['creator u_ada', 'product p_1', 'drop d_1'].map(popularity)),
    [2, 1, 0],
  );
});

test('Q1: buyers and drafts are not found, and a deleted account takes what it sold with it', async (t) => {
  const at = new FedIndex(t);
  at.feed();
  await at.user('u_bo', 'Bo Buyer', []);
  await at.user('u_ada', 'Ada Seller');
  await at.product('p_1', 'u_ada', 'Lamp');
  await at.drop('d_1', 'p_1', 'u_ada');
  await at.pass();
  t.deepEqual(await at.names(''), ['creator u_ada', 'drop d_1', 'product p_1']);
  await at.stores.accounts.removeUser('u_ada');
  await at.pass();
  t.deepEqual(await at.names(''), []);
  await at.drop('d_2', 'p_1', 'u_ada');
  await at.pass();
  t.deepEqual(await at.names(''), []);
});

test('Q1: what a deleted account sold is not found by an index that is made later, either', async (t) => {
  const at = new FedIndex(t);
  await at.user('u_ada', 'Ada Seller');
  await at.product('p_1', 'u_ada', 'Lamp');
  await at.drop('d_1', 'p_1', 'u_ada');
  await at.product('p_2', 'u_issuer', 'Lamp of an issuer of our own');
  await at.stores.accounts.removeUser('u_ada');
  at.feed();
  await at.pass();
  t.deepEqual(await at.names('lamp'), ['product p_2']);
  // Removed while the index is made: after what it sold was read, and before its own bucket was.
  for (const seen of [1, 2, 3, 4]) {
    const later = new FedIndex(t);
    for (let i = 0; i < 8; i++) await later.user(`u_${i}`, `Seller ${i}`);
    for (let i = 0; i < 8; i++) await later.product(`p_${i}`, `u_${i}`, `Lamp ${i}`);
    const scan = later.stores.changes.scan.bind(later.stores.changes);
    let pages = 0;
    later.stores.changes.scan = async (...asked) => {
      const page = await scan(...asked);
      pages += 1;
      if (pages === seen)
        for (let i = 0; i < 8; i++) await later.stores.accounts.removeUser(`u_${i}`);
      return page;
    };
    later.feed();
    await later.pass(5_000);
    t.deepEqual(await later.names('lamp'), [], `after ${seen} buckets`);
  }
});

test('Q1, A11: what is taken down is not found, with all that belongs to it, until it is shown again', async (t) => {
  const at = new FedIndex(t);
  at.feed();
  // Before anything is known of it.
  await at.takeDown('drop', 'd_1', 'u_ada');
  await at.pass();
  await at.user('u_ada', 'Ada');
  await at.product('p_1', 'u_ada', 'Lamp');
  await at.drop('d_1', 'p_1', 'u_ada');
  await at.drop('d_2', 'p_1', 'u_ada');
  await at.pass();
  t.deepEqual(await at.names(''), ['creator u_ada', 'drop d_2', 'product p_1']);
  await at.takeDown('product', 'p_1', 'u_ada');
  await at.pass();
  t.deepEqual(await at.names(''), ['creator u_ada']);
  await at.show('product', 'p_1');
  await at.show('drop', 'd_1');
  await at.pass();
  t.deepEqual(await at.names(''), ['creator u_ada', 'drop d_1', 'drop d_2', 'product p_1']);
  await at.takeDown('creator', 'u_ada', 'u_ada');
  await at.pass();
  t.deepEqual(await at.names(''), []);
  // A change of what is hidden shows nothing of it.
  await at.stores.catalogue.changeProduct('p_1', { name: 'Lantern' });
  await at.happens('d_1', { type: 'drop-opened' });
  await at.user('u_ada', 'Grace');
  await at.pass();
  t.deepEqual(await at.names(''), []);
  await at.show('creator', 'u_ada');
  await at.pass();
  t.is((await at.names('grace')).length, 4);
});

test('Q4: another name of a creator or a product is that of all their documents, in slices', async (t) => {
  const at = new FedIndex(t);
  at.feed();
  await at.user('u_ada', 'Ada');
  await at.product('p_0', 'u_ada', 'Lamp');
  for (let i = 0; i < 300; i++) await at.product(`p_1${i}`, 'u_ada', `Thing ${i}`);
  for (let i = 0; i < 300; i++) await at.drop(`d_${i}`, 'p_0', 'u_ada');
  await at.pass(10_000);
  t.is((await at.found()).size, 602);
  await at.user('u_ada', 'Grace');
  await at.stores.catalogue.changeProduct('p_0', { name: 'Lantern' });
  await at.pass(10_000);
  const found = [...(await at.found()).values()];
  t.is(found.filter(({ creatorName }) => creatorName === 'Grace').length, 601);
  t.is(found.filter(({ name }) => name === 'Lantern').length, 301);
  t.is(found.filter(({ name }) => name === 'Lamp').length, 0);
});

test('Q4: an index that is behind what is trimmed makes a full pass, deletions included', async (t) => {
  const at = new FedIndex(t, 40);
  const first = at.feed();
  await at.user('u_ada', 'Ada');
  await at.user('u_eve', 'Eve');
  await at.product('p_1', 'u_ada', 'Lamp');
  await at.product('p_2', 'u_eve', 'Lamp of Eve');
  await at.pass();
  await first.stop();
  await at.stores.accounts.removeUser('u_eve');
  for (let i = 0; i < 100; i++) await at.product(`p_new${i}`, 'u_ada', `Thing ${i}`);
  at.feed();
  await at.pass(5_000);
  t.deepEqual(await at.names('eve'), []);
  t.deepEqual(await at.names('lamp'), ['product p_1']);
  t.is((await at.found()).size, 102);
});

test('Q4, C1: orders write nothing that an index reads, until units sold pass a power of two', async (t) => {
  const at = new FedIndex(t);
  at.feed();
  await at.product('p_1', 'u_ada', 'Lamp');
  await at.drop('d_1', 'p_1', 'u_ada', { type: 'drop-opened' });
  await at.pass();
  const heads = async () => {
    const { bucketCount } = at.stores.changes;
    const found = Array.from({ length: bucketCount }, (_, i) => at.stores.changes.head(i));
    return (await Promise.all(found)).reduce((sum, { last }) => sum + last, 0);
  };
  const before = await heads();
  for (let i = 0; i < 9; i++) await at.happens('d_1', placed(`ann${i}`), confirmed(i));
  await at.pass();
  t.is((await heads()) - before, 4, 'at 1, 2, 4 and 8');
  t.is((await at.found()).get('drop d_1')?.popularity, 8);
});

test('Q4: an index of a store whose drops have no records reads their rows, and then the records', async (t) => {
  const at = new FedIndex(t);
  const { changes } = at.stores;
  let hasDrops = false;
  changes.hasDrops = async () => hasDrops;
  const [append, scan] = [changes.append.bind(changes), changes.scan.bind(changes)];
  changes.append = (record) => {
    if (record.kind === 'drop' && !hasDrops) changes.keep(record);
    else append(record);
  };
  await at.product('p_1', 'u_ada', 'Lamp');
  await at.drop('d_1', 'p_1', 'u_ada');
  const feeding = at.feed();
  await at.pass(5_000);
  t.deepEqual(await at.names('lamp'), ['drop d_1', 'product p_1']);
  t.true(feeding.lag().isBuilt);
  await at.happens('d_1', { type: 'drop-opened' });
  await at.pass(5_000);
  t.is((await at.found()).get('drop d_1')?.status, 'live');
  // A change without a record, just before records begin.
  const row = (await at.stores.catalogue.findDrop('d_1'))!;
  await at.stores.catalogue.putDrops([{ ...row, unitAmount: 77, version: row.version + 1 }]);
  hasDrops = true;
  let passes = 0;
  changes.scan = (...asked) => {
    passes += asked[1] === null ? 1 : 0;
    return scan(...asked);
  };
  await at.pass(5_000);
  t.is(passes, changes.bucketCount, 'each bucket once');
  t.is((await at.found()).get('drop d_1')?.amount, 77);
  await at.happens('d_1', { type: 'drop-restocked', units: 1 }, { type: 'drop-closed' });
  await at.pass();
  t.is((await at.found()).get('drop d_1')?.status, 'ended');
  t.like(feeding.lag(), { records: 0, ms: 0, isBuilt: true });
});

test('Q4: an index that followed journals keeps its drops, and takes them over from the stream', async (t) => {
  const at = new FedIndex(t);
  await at.product('p_1', 'u_ada', 'Lamp');
  for (let i = 0; i < 9; i++) await at.drop(`d_${i}`, 'p_1', 'u_ada', { type: 'drop-opened' });
  const first = at.feed();
  await at.pass();
  await first.stop();
  // As an earlier version left it: with shards as sources, behind, and with its own position.
  const before = [...(await at.found()).values()].filter(({ type }) => type === 'drop');
  t.is(before.length, 9);
  const shards = before.map((drop, i) => ({ ...drop, source: i % 2, status: 'upcoming' as const }));
  const positions = [
    { name: 'streamed-drops', part: 0, sequence: 0 },
    { name: 'drops', part: 0, sequence: 9 },
  ];
  await at.index.feed.apply({ upserts: shards, positions });
  let fewest = 9;
  const apply = at.index.feed.apply.bind(at.index.feed);
  at.index.feed.apply = async (written) => {
    await apply(written);
    fewest = Math.min(fewest, (await at.names('lamp')).length - 1);
  };
  at.feed();
  await at.pass();
  t.is(fewest, 9, 'none is lost meanwhile');
  const after = [...(await at.found()).values()].filter(({ type }) => type === 'drop');
  t.deepEqual(new Set(after.map(({ status }) => status)), new Set(['live']));
});

test('Q4: an index of another store, or ahead of one that was restored, has what its store has', async (t) => {
  for (const isSame of [true, false]) {
    const at = new FedIndex(t);
    await at.product('p_1', 'u_ada', 'Lamp');
    await at.drop('d_1', 'p_1', 'u_ada');
    const first = at.feed();
    await at.pass();
    await first.stop();
    const restored = new FedIndex(t, undefined, at.index);
    await restored.product('p_1', 'u_ada', 'Lamp');
    // As many records as before, or more: then only the marks differ.
    await restored.drop('d_2', 'p_1', 'u_ada');
    if (!isSame) for (let i = 0; i < 50; i++) await restored.product(`p_n${i}`, 'u_ada', 'Sofa');
    restored.feed();
    await restored.pass(5_000);
    t.deepEqual(await restored.names('lamp'), ['drop d_2', 'product p_1']);
    t.is((await restored.found()).get('product p_1')?.popularity, 0);
  }
});

test('Q4: a drop that was restored to an older version is found as it is', async (t) => {
  const at = new FedIndex(t);
  await at.product('p_1', 'u_ada', 'Lamp');
  await at.drop('d_1', 'p_1', 'u_ada', { type: 'drop-opened' }, { type: 'drop-closed' });
  const first = at.feed();
  await at.pass();
  t.is((await at.found()).get('drop d_1')?.status, 'ended');
  await first.stop();
  const restored = new FedIndex(t, undefined, at.index);
  await restored.drop('d_1', 'p_1', 'u_ada');
  await restored.product('p_1', 'u_ada', 'Lamp');
  restored.feed();
  await restored.pass(5_000);
  t.is((await restored.found()).get('drop d_1')?.status, 'upcoming');
});

test('Q4: an index says how far it is behind, and since when', async (t) => {
  const at = new FedIndex(t);
  const feeding = at.feed();
  t.false(feeding.lag().isBuilt);
  await at.pass();
  t.like(feeding.lag(), { records: 0, ms: 0, isBuilt: true });
  const read = at.stores.changes.read.bind(at.stores.changes);
  at.stores.changes.read = () => Promise.reject(new Error('away'));
  await at.product('p_1', 'u_ada', 'Lamp');
  await at.pass(10_000);
  const behind = feeding.lag();
  t.is(behind.records, 1);
  // It is looked for once a second.
  t.true(behind.ms >= 9_000 && behind.ms <= 10_000, `${behind.ms}`);
  at.stores.changes.read = read;
  await at.pass(10_000);
  t.like(feeding.lag(), { records: 0, ms: 0 });
});

test('Q4: an index that stops while its store does not answer waits for nothing else', async (t) => {
  const at = new FedIndex(t);
  const { promise, reject } = Promise.withResolvers<boolean>();
  at.stores.changes.hasDrops = () => promise;
  const feeding = at.feedUntilKilled(at.index.feed);
  await at.pass(0);
  let isStopped = false;
  const stopped = feeding.stop().then(() => {
    isStopped = true;
  });
  reject(new Error('away'));
  await at.pass(0);
  t.true(isStopped);
  await at.pass();
  await stopped;
});

test('Q4, Q5: an index that cannot read its store says for how long, and not that it is up to date', async (t) => {
  const at = new FedIndex(t);
  const feeding = at.feed();
  await at.pass();
  const { changes } = at.stores;
  const head = changes.head.bind(changes);
  changes.head = () => Promise.reject(new Error('away'));
  await at.pass(10_000);
  const { ms } = feeding.lag();
  t.true(ms >= 8_000 && ms <= 10_000, `${ms}`);
  const { promise, resolve } = Promise.withResolvers<void>();
  changes.head = (bucket) => promise.then(() => head(bucket));
  await at.pass(5_000);
  t.true(feeding.lag().ms >= 13_000, 'nor while its store does not answer');
  resolve();
  await at.pass(5_000);
  t.like(feeding.lag(), { records: 0, ms: 0, isBuilt: true });
});

test('Q4: killed at any moment, an index has in the end what a new one has', async (t) => {
  let compared = 0;
  for (let seed = 1; seed <= 12; seed++) {
    let state = seed;
    const random = (below: number) => {
      state = Math.imul(state, 1_103_515_245) + 12_345;
      return (state >>> 8) % below;
    };
    const at = new FedIndex(t, seed % 2 === 0 ? 60 : undefined);
    const drops = new Set<string>();
    for (let step = 0; step < 30; step++) {
      const dying = mortal(at.index.feed, random(12));
      at.feedUntilKilled(dying.feed);
      for (let i = random(6); i >= 0; i--) await change(at, random, drops);
      await at.pass(1_000);
      dying.kill();
    }
    at.feed();
    await at.pass(10_000);
    const anew = new MemorySearchIndex();
    at.feed(anew.feed);
    await at.pass(10_000);
    t.deepEqual(
      Object.fromEntries(await at.found()),
      Object.fromEntries(await at.found(anew.feed)),
      `seed ${seed}`,
    );
    compared += (await at.found()).size;
  }
  t.true(compared > 60, `${compared} documents`);
});

async function change(at: FedIndex, random: (below: number) => number, drops: Set<string>) {
  const creator = `u_${random(4)}`;
  const product = `p_${random(8)}`;
  const drop = `d_${random(12)}`;
  const { catalogue, follows } = at.stores;
  const stored = await catalogue.findProduct(product);
  switch (random(8)) {
    case 0:
      return await at.user(creator, `Name ${random(1_000_000)}`);
    case 1:
      if (stored === null) return await at.product(product, creator, `Thing ${random(100)}`);
      return await catalogue.changeProduct(product, { name: `Thing ${random(100)}` });
    case 2:
      return await follows.follow(`f_${random(20)}`, creator, 1);
    case 3:
      return await follows.unfollow(`f_${random(20)}`, creator);
    case 4: {
      const of = (['creator', 'product', 'drop'] as const)[random(3)]!;
      const id = { creator, product, drop }[of];
      return await (random(2) === 0 ? at.takeDown(of, id, creator) : at.show(of, id));
    }
    case 5: {
      if (stored === null || drops.has(drop)) return;
      drops.add(drop);
      return await at.drop(drop, product, stored.creatorId, { type: 'drop-opened' });
    }
    default:
      if (drops.has(drop)) await at.happens(drop, placed(`b_${random(50)}`));
  }
}
