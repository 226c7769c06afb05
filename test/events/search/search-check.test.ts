// A search index that drifted from accounts, products and drops is found, and made anew (L3).

import test, { type ExecutionContext } from 'ava';
import { SearchCheck } from '../../../events/search/search-check.ts';
import type { SearchFeeding } from '../../../events/search/search-feeding.ts';
import { placed } from '../outside/journal-script.ts';
import { FedIndex } from './fed-index.ts';

async function fed(t: ExecutionContext) {
  const at = new FedIndex(t);
  const feeding: SearchFeeding = at.feed();
  await at.user('u_ada', 'Ada');
  await at.user('u_bo', 'Bo Buyer', []);
  await at.product('p_1', 'u_ada', 'Lamp', 'It glows.');
  await at.product('p_2', 'u_issuer', 'Chair');
  await at.drop('d_1', 'p_1', 'u_ada', { type: 'drop-opened' }, placed('ann'));
  await at.drop('d_2', 'p_2', 'u_issuer', { type: 'drop-opened' }, { type: 'drop-closed' });
  await at.pass();
  let rebuilds = 0;
  const check = new SearchCheck({
    ...at.sources,
    feed: () => at.index.feed,
    lagMs: () => feeding.lag().ms,
    rebuild: () => void (rebuilds += 1),
  });
  const pass = async () => {
    const state = { isOver: false };
    void check.run().finally(() => void (state.isOver = true));
    for (let i = 0; i < 200 && !state.isOver; i++) await at.pass(500);
    t.true(state.isOver);
    return { mended: check.mended, rebuilds };
  };
  return { at, check, pass };
}

test('L3: an index that agrees with its truth stays', async (t) => {
  const { check, pass } = await fed(t);
  t.deepEqual(await pass(), { mended: 0, rebuilds: 0 });
  t.is(check.compared, 5);
});

test('L3: what is about to be indexed is no difference', async (t) => {
  const { at, pass } = await fed(t);
  await at.product('p_3', 'u_ada', 'Table');
  await at.drop('d_3', 'p_3', 'u_ada', { type: 'drop-opened' }, { type: 'drop-closed' });
  await at.happens('d_1', { type: 'drop-closed' });
  t.deepEqual(await pass(), { mended: 0, rebuilds: 0 });
});

test('L3, A11: an index agrees with its truth where creators, products and drops are taken down', async (t) => {
  const { at, pass } = await fed(t);
  await at.takeDown('drop', 'd_2', 'u_issuer');
  await at.pass();
  t.deepEqual(await pass(), { mended: 0, rebuilds: 0 });
  await at.takeDown('product', 'p_2', 'u_issuer');
  await at.takeDown('creator', 'u_ada', 'u_ada');
  await at.takeDown('creator', 'u_none', 'u_none');
  await at.pass();
  t.deepEqual(await at.names(''), []);
  t.deepEqual(await pass(), { mended: 0, rebuilds: 0 });
  await at.show('creator', 'u_ada');
  await at.pass();
  t.deepEqual(await pass(), { mended: 0, rebuilds: 0 });
});

test('L3, A11: a take-down that the index has lost, or still shows, has it made anew', async (t) => {
  for (const [key, of, id] of [
    ['creator u_ada', 'creator', 'u_ada'],
    ['product p_1', 'product', 'p_1'],
    ['drop d_1', 'drop', 'd_1'],
  ] as const) {
    const lost = await fed(t);
    const before = (await lost.at.found()).get(key)!;
    await lost.at.takeDown(of, id, 'u_ada');
    await lost.at.pass();
    await lost.at.index.feed.apply({ upserts: [before] });
    t.deepEqual(await lost.pass(), { mended: 1, rebuilds: 1 }, `${key}, lost`);
    const shown = await fed(t);
    await shown.at.takeDown(of, id, 'u_ada');
    await shown.at.pass();
    const [hidden] = await shown.at.index.feed.find([{ type: of, id }]);
    await shown.at.index.feed.apply({ upserts: [{ ...hidden!, listed: true }] });
    t.deepEqual(await shown.pass(), { mended: 1, rebuilds: 1 }, `${key}, shown`);
  }
});

test('L3: a creator who is not found without a take-down has the index made anew', async (t) => {
  const { at, pass } = await fed(t);
  await change(at, 'creator u_ada', { listed: false });
  t.deepEqual(await pass(), { mended: 1, rebuilds: 1 });
});

test('L3: documents that are lost, wrong, or of nothing have the index made anew', async (t) => {
  for (const [name, drift] of Object.entries({
    'a lost product': async ({ index }: FedIndex) =>
      index.feed.apply({ deletes: [{ type: 'product', id: 'p_1' }] }),
    'a lost drop': async ({ index }: FedIndex) =>
      index.feed.apply({ deletes: [{ type: 'drop', id: 'd_1' }] }),
    'a lost creator': async ({ index }: FedIndex) =>
      index.feed.apply({ deletes: [{ type: 'creator', id: 'u_ada' }] }),
    'a wrong name': async (at: FedIndex) => change(at, 'product p_1', { name: 'Lump' }),
    'a wrong status': async (at: FedIndex) => change(at, 'drop d_2', { status: 'live' }),
    'a wrong count': async (at: FedIndex) => change(at, 'drop d_2', { popularity: 9 }),
    'a product of nothing': async (at: FedIndex) => change(at, 'product p_1', { id: 'p_none' }),
    'a drop of nothing': async (at: FedIndex) => change(at, 'drop d_2', { id: 'd_none' }),
  })) {
    const { at, pass } = await fed(t);
    await drift(at);
    t.deepEqual(await pass(), { mended: 1, rebuilds: 1 }, name);
  }
});

async function change(at: FedIndex, key: string, changes: object): Promise<void> {
  const document = (await at.found()).get(key)!;
  await at.index.feed.apply({ upserts: [{ ...document, ...changes }] });
}
