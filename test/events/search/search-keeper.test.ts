// Making a search index anew while it serves (Q4).

import test, { type ExecutionContext } from 'ava';
import { systemClock } from '../../../actors/clock.ts';
import { SearchKeeper } from '../../../events/search/search-keeper.ts';
import type { SearchFeed, SearchRebuild } from '../../../storage/ports/search-index.ts';
import { openSearchWriter } from '../../../storage/sqlite/search/search-writer-sqlite.ts';
import { eventually } from '../../end-to-end/sale-client.ts';
import { removeDirectory, temporaryDirectory } from '../../storage/temporary-directory.ts';
import { FedIndex } from './fed-index.ts';

/** On real threads. */
const WAIT_MAX_MS = 40_000;

async function start(t: ExecutionContext) {
  const at = new FedIndex(t);
  await at.product('p_1', 'u_ada', 'Lamp');
  await at.drop('d_1', 'p_1', 'u_ada');
  const keep = async () => {
    const keeper = new SearchKeeper({ ...at.sources, writer: at.index });
    await keeper.start();
    t.teardown(() => keeper.stop());
    return keeper;
  };
  const keeper = await keep();
  await at.pass();
  return { at, keeper, keep };
}

/** Enough for a first index that is made before it serves. */
const MANY_PRODUCTS = 300;

async function manyProducts(t: ExecutionContext): Promise<FedIndex> {
  const at = new FedIndex(t);
  const { changes } = at.stores;
  const scan = changes.scan.bind(changes);
  // As where no account comes before the products.
  changes.scan = async (bucket, cursor, limit) =>
    cursor === null
      ? { changes: [], nextCursor: 'first' }
      : scan(bucket, cursor === 'first' ? null : cursor, limit);
  for (let number = 0; number < MANY_PRODUCTS; number++)
    await at.product(`p_${number}`, 'u_ada', `Lamp ${number}`);
  return at;
}

/** A document that no stream has made: an index from nothing does not have it. */
async function plant(at: FedIndex): Promise<void> {
  const [stored] = await at.index.feed.find([{ type: 'product', id: 'p_1' }]);
  await at.index.feed.apply({ upserts: [{ ...stored!, id: 'p_wrong' }] });
}

test('Q4: an index is made from nothing while the old one serves, and takes its place', async (t) => {
  const { at, keeper } = await start(t);
  await plant(at);
  t.like(await keeper.status(), { documents: 3, isBuilding: false, rebuild: null, rebuilds: 0 });
  // The new index waits, so it is not complete.
  const scan = at.stores.changes.scan.bind(at.stores.changes);
  at.stores.changes.scan = () => Promise.reject(new Error('away'));
  t.true(keeper.rebuild());
  t.false(keeper.rebuild(), 'one at a time');
  await at.pass();
  t.like(await keeper.status(), { documents: 3, rebuild: { documents: 0 }, rebuilds: 0 });
  t.is((await at.names('lamp')).length, 3, 'the old one serves');
  at.stores.changes.scan = scan;
  await at.product('p_2', 'u_ada', 'Lamp two');
  await at.pass(20_000);
  t.like(await keeper.status(), { documents: 3, isBuilding: false, rebuild: null, rebuilds: 1 });
  t.deepEqual(await at.names('lamp'), ['drop d_1', 'product p_1', 'product p_2']);
  await at.product('p_3', 'u_ada', 'Lamp three');
  await at.pass();
  t.is((await at.names('lamp')).length, 4, 'the new one is fed');
});

test('Q4: both indexes are fed while the new one is finished', async (t) => {
  const { at, keeper } = await start(t);
  const rebuild = at.index.rebuild.bind(at.index);
  let steps = 0;
  let fed: SearchFeed | null = null;
  at.index.rebuild = async () => {
    const made = await rebuild();
    fed = made.feed;
    const finish = async () => {
      steps += 1;
      await new Promise<void>((resolve) => void at.clock.after(1_000, resolve));
      return steps < 10;
    };
    return { ...made, finish };
  };
  keeper.rebuild();
  await at.pass(5_000);
  t.true(steps > 1 && steps < 10, `${steps} steps`);
  await at.product('p_2', 'u_ada', 'Lamp two');
  await at.pass(1_000);
  t.is((await at.names('lamp')).length, 3, 'the old one');
  t.is((await at.found(fed!)).size, 3, 'the new one');
  await at.pass(20_000);
  t.is(steps, 10);
  t.like(await keeper.status(), { documents: 3, rebuild: null, rebuilds: 1 });
});

test('Q4: a rebuild ends where all rows of drops cannot be read within a second', async (t) => {
  const { at, keeper } = await start(t);
  at.stores.changes.hasDrops = async () => false;
  const { catalogue } = at.stores;
  const listDrops = catalogue.listDrops.bind(catalogue);
  catalogue.listDrops = async (...asked) => {
    await new Promise<void>((resolve) => void at.clock.after(1_500, resolve));
    return listDrops(...asked);
  };
  keeper.rebuild();
  await at.pass(1_000);
  t.is((await keeper.status()).rebuilds, 0, 'not all rows were read');
  await at.pass(30_000);
  t.like(await keeper.status(), { documents: 2, rebuild: null, rebuilds: 1 });
});

test('Q4: a rebuild that the end of the process cut off goes on at the next start', async (t) => {
  const { at, keeper, keep } = await start(t);
  await plant(at);
  const scan = at.stores.changes.scan.bind(at.stores.changes);
  at.stores.changes.scan = () => Promise.reject(new Error('away'));
  keeper.rebuild();
  await at.pass();
  const stopped = keeper.stop();
  await at.pass();
  await stopped;
  t.true(await at.index.isRebuilding());
  at.stores.changes.scan = scan;
  const next = await keep();
  await at.pass(20_000);
  t.like(await next.status(), { rebuild: null, rebuilds: 1 });
  t.deepEqual(await at.names('lamp'), ['drop d_1', 'product p_1']);
});

test('Q4: so it does on SQLite, where the process ended before the first document', async (t) => {
  const at = new FedIndex(t);
  await at.product('p_1', 'u_ada', 'Lamp');
  const folder = temporaryDirectory();
  const keep = async () => {
    const writer = await openSearchWriter({ folder });
    const keeper = new SearchKeeper({ ...at.sources, clock: systemClock, writer });
    await keeper.start();
    return { writer, keeper };
  };
  let { writer, keeper } = await keep();
  t.teardown(async () => {
    await keeper.stop();
    removeDirectory(folder);
  });
  const scan = at.stores.changes.scan.bind(at.stores.changes);
  at.stores.changes.scan = () => Promise.reject(new Error('away'));
  keeper.rebuild();
  t.true(await eventually(() => writer.isRebuilding(), Boolean, WAIT_MAX_MS));
  // Answered once it is open.
  await writer.rebuild();
  await keeper.stop();
  at.stores.changes.scan = scan;
  ({ writer, keeper } = await keep());
  const status = await eventually(
    () => keeper.status(),
    ({ rebuild, rebuilds }) => rebuild === null && rebuilds > 0,
    WAIT_MAX_MS,
  );
  t.like(status, { documents: 1, rebuild: null, rebuilds: 1 });
});

test('Q4: where the new index cannot take its place the old one serves on, and it is tried again', async (t) => {
  const { at, keeper } = await start(t);
  await plant(at);
  const rebuild = at.index.rebuild.bind(at.index);
  let failures = 2;
  at.index.rebuild = async () => {
    const made = await rebuild();
    const swapIn: SearchRebuild['swapIn'] = () =>
      failures-- > 0 ? Promise.reject(new Error('the disk is full')) : made.swapIn();
    return { ...made, swapIn };
  };
  keeper.rebuild();
  await at.pass(300);
  t.is((await at.names('lamp')).length, 3);
  await at.product('p_2', 'u_ada', 'Lamp two');
  await at.pass(20_000);
  t.is(failures, -1);
  t.like(await keeper.status(), { rebuild: null, rebuilds: 1 });
  t.deepEqual(await at.names('lamp'), ['drop d_1', 'product p_1', 'product p_2']);
});

test('Q4: the first index of a full store is made as one that is made anew, also after a crash', async (t) => {
  const at = await manyProducts(t);
  const built: SearchFeed[] = [];
  const rebuild = at.index.rebuild.bind(at.index);
  let isHeldUp = true;
  at.index.rebuild = async () => {
    const made = await rebuild();
    built.push(made.feed);
    const finish = async () => {
      await new Promise<void>((resolve) => void at.clock.after(100, resolve));
      return isHeldUp;
    };
    return { ...made, finish };
  };
  const { feed } = at.index;
  const keep = async () => {
    const keeper = new SearchKeeper({ ...at.sources, writer: at.index });
    await keeper.start();
    return keeper;
  };
  let keeper = await keep();
  await at.pass(5_000);
  t.like(await keeper.status(), { isBuilding: true, documents: 0, recordsBehind: 0, rebuilds: 0 });
  t.is((await keeper.status()).rebuild?.documents, MANY_PRODUCTS);
  t.is((await at.found(feed)).size, 0, 'the one that serves is not fed');
  const stopped = keeper.stop();
  await at.pass();
  await stopped;
  keeper = await keep();
  t.teardown(() => keeper.stop());
  await at.pass(5_000);
  t.is(built.length, 2);
  t.is((await at.found(feed)).size, 0, 'nor is it after a crash');
  isHeldUp = false;
  await at.pass(5_000);
  const { lagMs, ...status } = await keeper.status();
  t.like(status, { isBuilding: false, documents: MANY_PRODUCTS, rebuild: null });
  t.true(lagMs < 2_000);
  await at.product('p_late', 'u_ada', 'Lamp of late');
  await at.pass();
  t.deepEqual(await at.names('late'), ['product p_late'], 'and is fed from then on');
});

test('Q4: a first index that cannot take its place is not fed, and is tried again', async (t) => {
  const at = await manyProducts(t);
  const rebuild = at.index.rebuild.bind(at.index);
  let failures = 2;
  at.index.rebuild = async () => {
    const made = await rebuild();
    const swapIn: SearchRebuild['swapIn'] = async () => {
      if (failures-- === 0) return made.swapIn();
      t.is((await at.found()).size, 0);
      throw new Error('the disk is full');
    };
    return { ...made, swapIn };
  };
  const keeper = new SearchKeeper({ ...at.sources, writer: at.index });
  await keeper.start();
  t.teardown(() => keeper.stop());
  await at.pass(20_000);
  t.is(failures, -1);
  t.like(await keeper.status(), { isBuilding: false, documents: MANY_PRODUCTS, rebuild: null });
});
