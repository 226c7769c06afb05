// What a node with a search index answers (Q1, Q3), over an index in memory.

import test from 'ava';
import { SearchUseCases } from '../../app/search.ts';
import type { SearchNodeStatus } from '../../contracts/search.ts';
import { MemorySearchIndex } from '../../storage/memory/search-index-memory.ts';
import {
  IndexNotThereError,
  STREAM_CHUNK_HITS,
  StreamExpiredError,
  STREAMS_MAX,
} from '../../storage/ports/search-index.ts';
import { ManualClock } from '../actors/manual-clock.ts';
import { searchDocument } from '../storage/search-documents.ts';

const STATUS: SearchNodeStatus = {
  isBuilding: false,
  lagMs: 40,
  recordsBehind: 0,
  documents: 1,
  words: 1,
  bytes: 1,
  rebuild: null,
  rebuilds: 0,
};
const FILTER = { text: 'lamp', sort: 'relevance' } as const;
const ASKED = { filter: FILTER, withCounts: false, withExplanations: false };

function bench() {
  const index = new MemorySearchIndex();
  const clock = new ManualClock(0);
  const at = { status: STATUS as SearchNodeStatus | null, rebuilds: 0, hidden: [] as string[] };
  const search = new SearchUseCases({
    reader: index,
    nodeId: 'node-1',
    status: () => at.status,
    rebuild: () => {
      at.rebuilds += 1;
    },
    hidden: {
      isHidden: ({ id, productId, creatorId }) =>
        [id, productId, creatorId].some((one) => one !== undefined && at.hidden.includes(one)),
    },
    clock,
  });
  const fill = (count: number) =>
    index.feed.apply({
      upserts: Array.from({ length: count }, (_, i) => searchDocument({ name: `Lamp ${i}` })),
    });
  return { index, clock, at, search, fill };
}

test('Q3: a cursor names its node, and one of nobody is invalid', async (t) => {
  const { search, fill } = bench();
  await fill(3);
  const first = await search.find({ ...ASKED, page: { limit: 2, cursor: null } });
  t.true(first.ok);
  if (!first.ok) return;
  const { items, nextCursor } = first.value.result;
  t.is(items.length, 2);
  t.regex(nextCursor!, /^node-1\./);
  const second = await search.find({ ...ASKED, page: { limit: 2, cursor: nextCursor } });
  t.true(second.ok && second.value.result.items.length === 1);
  const wrong = search.find({ ...ASKED, page: { limit: 2, cursor: 'node-1.xyz' } });
  await t.throwsAsync(wrong, { code: 'invalid-cursor' });
});

test('Q4: an answer says how far behind it is; null while the index was never complete', async (t) => {
  const { search, at } = bench();
  const lag = async () => {
    const found = await search.suggest({ text: 'x', limit: 1 });
    return found.ok ? found.value.lagMs : 'refused';
  };
  t.is(await lag(), 40);
  at.status = { ...STATUS, isBuilding: true };
  t.is(await lag(), null);
  at.status = null;
  t.is(await lag(), null);
});

test('Q3: a whole result is read in chunks, and nothing of it stays open', async (t) => {
  const { search, fill, clock } = bench();
  await fill(STREAM_CHUNK_HITS + 1);
  const opened = await search.open({ filter: FILTER });
  t.true(opened.ok);
  if (!opened.ok) return;
  const asked = opened.value;
  const sizes = [];
  for (;;) {
    const read = await search.read(asked);
    if (!read.ok || read.value === null) break;
    sizes.push(read.value.length);
  }
  t.deepEqual(sizes, [STREAM_CHUNK_HITS, 1]);
  t.like(await search.read(asked), { ok: false, code: 'not-found' });
  t.is(clock.timerCount, 0);
});

test('Q3: as many results are open as may be, and one that nobody reads is closed', async (t) => {
  const { search, clock, fill } = bench();
  await fill(1);
  for (let i = 0; i < STREAMS_MAX; i++) t.true((await search.open({ filter: FILTER })).ok);
  t.like(await search.open({ filter: FILTER }), { ok: false, code: 'overloaded' });
  await clock.advance(30_000);
  t.true((await search.open({ filter: FILTER })).ok);
  await search.stop();
  t.is(clock.timerCount, 0);
});

test('Q4: one rebuild at a time, and none where the index is not open', async (t) => {
  const { search, at } = bench();
  t.true((await search.rebuild()).ok);
  at.status = { ...STATUS, rebuild: { startedAt: 1, documents: 0 } };
  t.like(await search.rebuild(), { ok: false, code: 'already-running' });
  at.status = null;
  t.like(await search.rebuild(), { ok: false, code: 'unavailable' });
  t.like(await search.status(), { ok: false, code: 'unavailable' });
  t.is(at.rebuilds, 1);
});

test('X4: searches are counted by how long they took, and while they wait', async (t) => {
  const { search, clock, index } = bench();
  let answer = () => {};
  index.suggest = () => new Promise((resolve) => (answer = () => resolve([])));
  const asked = search.suggest({ text: 'x', limit: 1 });
  t.is(search.waiting, 1);
  await clock.advance(30);
  answer();
  await asked;
  t.is(search.waiting, 0);
  const { boundsMs, counts, sumMs } = search.durations();
  t.is(sumMs, 30);
  t.is(boundsMs[counts.indexOf(1)], 50);
});

test('A11: what is taken down is in no page, no stream and no suggestion', async (t) => {
  const { index, search, at } = bench();
  const product = searchDocument({ type: 'product', name: 'Lamp one', creatorId: 'c_1' });
  const drop = searchDocument({
    type: 'drop',
    name: 'Lamp two',
    creatorId: 'c_2',
    productId: product.id,
  });
  const other = searchDocument({ type: 'product', name: 'Lamp three', creatorId: 'c_3' });
  await index.feed.apply({ upserts: [product, drop, other] });
  const found = async (): Promise<string[]> => {
    const page = await search.find({ ...ASKED, page: { limit: 10, cursor: null } });
    return page.ok ? page.value.result.items.map(({ id }) => id).toSorted() : [];
  };
  t.deepEqual(await found(), [product.id, drop.id, other.id].toSorted());
  at.hidden = [product.id];
  t.deepEqual(await found(), [other.id], 'the drop goes with its product');
  at.hidden = ['c_3', drop.id];
  t.deepEqual(await found(), [product.id]);
  const opened = await search.open({ filter: FILTER });
  t.true(opened.ok);
  if (!opened.ok) return;
  const { nodeId, streamId } = opened.value;
  const read = await search.read({ nodeId, streamId });
  t.deepEqual(read.ok && read.value?.map(({ id }) => id), [product.id]);
  at.hidden = [other.id];
  const suggested = await search.suggest({ text: 'lamp', limit: 10 });
  t.false(suggested.ok && suggested.value.items.some(({ id }) => id === other.id));
});

test('Q3: a result that was read too slowly is refused, says why, and holds nothing any more', async (t) => {
  const { index, search, fill } = bench();
  await fill(3);
  const stream = index.stream.bind(index);
  let closed = 0;
  index.stream = async (query) => {
    const opened = (await stream(query))!;
    const close = async () => {
      closed += 1;
      await opened.close();
    };
    return { next: () => Promise.reject(new StreamExpiredError('it took too long')), close };
  };
  const opened = await search.open({ filter: FILTER });
  t.true(opened.ok);
  if (!opened.ok) return;
  const detail = 'The result was read too slowly: it took too long.';
  t.like(await search.read(opened.value), { ok: false, code: 'overloaded', detail });
  t.is(closed, 1);
  t.like(await search.read(opened.value), { ok: false, code: 'not-found' });
});

test('Q5: while there is no index yet, searches are refused and not failed', async (t) => {
  const { index, search } = bench();
  const missing = () => Promise.reject(new IndexNotThereError());
  index.search = index.suggest = index.stream = missing;
  const refused = { ok: false, code: 'unavailable' } as const;
  t.like(await search.find({ ...ASKED, page: { limit: 2, cursor: null } }), refused);
  t.like(await search.suggest({ text: 'x', limit: 1 }), refused);
  t.like(await search.open({ filter: FILTER }), refused);
  t.is(search.waiting, 0);
});
