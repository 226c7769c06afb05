// What the change stream and the journals make of a search index (Q1, Q4, Q5).

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

test('Q4: an index behind a snapshot takes the drops from their rows, and goes on from there', async (t) => {
  const at = new FedIndex(t);
  await at.product('p_1', 'u_ada', 'Lamp');
  const ids = Array.from({ length: 6 }, (_, i) => `d_${i}`);
  for (const id of ids) await at.drop(id, 'p_1', 'u_ada', { type: 'drop-opened' });
  await at.happens('d_0', { type: 'drop-closed' });
  for (const shard of [0, 1]) await at.script.snapshot(shard);
  const read = at.stores.journal.read.bind(at.stores.journal);
  let entries = 0;
  at.stores.journal.read = async (...asked) => {
    const found = await read(...asked);
    entries += found.length;
    return found;
  };
  const feeding = at.feed();
  await at.pass();
  t.is(entries, 0, 'no entry was read');
  t.is((await at.names('lamp')).length, 7);
  t.true(feeding.lag().isBuilt);
  await at.happens('d_1', { type: 'drop-closed' });
  await at.pass();
  const statuses = ids.map(async (id) => (await at.found()).get(`drop ${id}`)?.status);
  t.deepEqual(await Promise.all(statuses), ['ended', 'ended', 'live', 'live', 'live', 'live']);
});

test('Q4: an index ahead of a store that was restored loses what the store does not have', async (t) => {
  const at = new FedIndex(t);
  await at.product('p_1', 'u_ada', 'Lamp');
  await at.drop('d_1', 'p_1', 'u_ada');
  const positions = [0, 1].map((part) => ({ name: 'drops', part, sequence: 99 }));
  const first = at.feed();
  await at.pass();
  await first.stop();
  const [stored] = await at.index.feed.find([{ type: 'drop', id: 'd_1' }]);
  const lost = { ...stored!, id: 'd_lost' };
  await at.index.feed.apply({
    upserts: [lost, { ...stored!, status: 'ended', version: 999 }],
    positions,
  });
  at.feed();
  await at.pass();
  t.deepEqual(await at.names('lamp'), ['drop d_1', 'product p_1']);
  t.is((await at.found()).get('drop d_1')?.status, 'upcoming');
});

test('Q4: an index says how far it is behind, and since when', async (t) => {
  const at = new FedIndex(t);
  const feeding = at.feed();
  t.false(feeding.lag().isBuilt);
  await at.pass();
  t.like(feeding.lag(), { records: 0, entries: 0, ms: 0, isBuilt: true });
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

for (const store of ['changes', 'journal'] as const) {
  test(`Q4, Q5: an index that cannot read ${store} says for how long, and not that it is up to date`, async (t) => {
    const at = new FedIndex(t);
    const feeding = at.feed();
    await at.pass();
    const source: { head(part: number): Promise<unknown> } = at.stores[store];
    const head = source.head.bind(source);
    source.head = () => Promise.reject(new Error('away'));
    await at.pass(10_000);
    const { ms } = feeding.lag();
    t.true(ms >= 8_000 && ms <= 10_000, `${ms}`);
    const { promise, resolve } = Promise.withResolvers<void>();
    source.head = (part) => promise.then(() => head(part));
    await at.pass(5_000);
    t.true(feeding.lag().ms >= 13_000, 'nor while its store does not answer');
    resolve();
    await at.pass(5_000);
    t.like(feeding.lag(), { records: 0, entries: 0, ms: 0, isBuilt: true });
  });
}

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
