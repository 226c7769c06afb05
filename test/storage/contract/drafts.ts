// What every driver of drafts must do.

import test from 'ava';
import type { EntityChange } from '../../../contracts/changes.ts';
import type { Draft } from '../../../contracts/drafts.ts';
import type { Stores } from '../../../storage/ports/stores.ts';
import { keyOf } from '../change-fold.ts';
import { readAll, refusesForeignCursors } from './paging.ts';

const MAX = 5;

const draft = (id: string, creatorId: string, changes: Partial<Draft> = {}): Draft => ({
  id,
  productId: 'product_of_drafts',
  creatorId,
  startsAt: 2000,
  endsAt: 3000,
  stock: 10,
  unitAmount: 1200,
  currency: 'EUR',
  limitPerUser: 2,
  holdSeconds: 60,
  payment: 'instant',
  revision: 1,
  createdAt: 1000,
  announcing: false,
  ...changes,
});

export function draftsContract(stores: () => Pick<Stores, 'drafts' | 'changes'>): void {
  const drafts = () => stores().drafts;
  const ids = (items: readonly { id: string }[]) => items.map(({ id }) => id);
  const first = { limit: 100, cursor: null };

  /** The records of a creator's drafts from now on. */
  async function recordsOf(creatorId: string): Promise<() => Promise<EntityChange[]>> {
    const { changes } = stores();
    const buckets = Array.from({ length: changes.bucketCount }, (_, bucket) => bucket);
    const heads = await Promise.all(buckets.map((bucket) => changes.head(bucket)));
    return async () => {
      const found = await Promise.all(heads.map(({ last }, i) => changes.read(i, last, 1000)));
      return (
        found
          .flat()
          .map(({ change }) => change)
          .filter((change) => change.kind === 'draft' && change.creatorId === creatorId)
          // Those of one draft are in order.
          .toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : Number(keyOf(a) !== keyOf(b))))
      );
    };
  }

  test('D7: a draft is read as it was added, by its creator only', async (t) => {
    const described = { metadata: { a: 'ü"' }, externalId: 'e/1' };
    const whole = draft('draft_a1', 'creator a', described);
    t.true(await drafts().add(whole, MAX));
    t.deepEqual(await drafts().find('creator a', 'draft_a1'), whole);
    t.is(await drafts().find('creator b', 'draft_a1'), null);
    t.is(await drafts().find('creator a', 'draft_a2'), null);
    t.deepEqual((await drafts().list({ creatorId: 'creator b' }, first)).items, []);
  });

  test('D7: only the next state of the present draft replaces it', async (t) => {
    const before = draft('draft_b1', 'creator_b');
    const after = { ...before, currency: 'JPY', revision: 2 };
    t.false(await drafts().replace(before, after));
    await drafts().add(before, MAX);
    t.false(await drafts().replace({ ...before, revision: 2 }, { ...after, revision: 3 }));
    t.false(await drafts().replace({ ...before, announcing: true }, after));
    t.true(await drafts().replace(before, after));
    t.false(await drafts().replace(before, after));
    t.false(await drafts().remove(before));
    t.deepEqual(await drafts().find('creator_b', 'draft_b1'), after);
    t.true(await drafts().remove(after));
    t.false(await drafts().remove(after));
    t.is(await drafts().find('creator_b', 'draft_b1'), null);
  });

  test('D7: of changes at the same time one wins', async (t) => {
    const before = draft('draft_c1', 'creator_c');
    await drafts().add(before, MAX);
    const outcomes = await Promise.all([
      ...Array.from({ length: 5 }, (_, i) =>
        drafts().replace(before, { ...before, stock: 20 + i, revision: 2 }),
      ),
      drafts().replace(before, { ...before, announcing: true }),
      drafts().remove(before),
    ]);
    t.is(outcomes.filter((isDone) => isDone).length, 1);
  });

  test('D7: a creator has a bounded number of drafts, however many are added at once', async (t) => {
    const added = await Promise.all(
      Array.from({ length: 9 }, (_, i) => drafts().add(draft(`draft_d${i}`, 'creator_d'), MAX)),
    );
    t.is(added.filter((isAdded) => isAdded).length, MAX);
    t.true(await drafts().add(draft('draft_d_other', 'creator_d2'), MAX));
    const { items } = await drafts().list({ creatorId: 'creator_d' }, first);
    t.is(items.length, MAX);
    t.true(await drafts().remove(items[0]!));
    t.true(await drafts().add(draft('draft_d9', 'creator_d'), MAX));
    t.false(await drafts().add(draft('draft_d10', 'creator_d'), MAX));
  });

  test('D7, H3: drafts are listed newest first, ties by id, of a product or an id', async (t) => {
    const creatorId = 'creator_e';
    const of = (id: string, createdAt: number, changes: Partial<Draft> = {}) =>
      drafts().add(draft(`draft_e${id}`, creatorId, { createdAt, ...changes }), MAX);
    await of('1', 30);
    await of('2', 10, { productId: 'product_e' });
    await of('3', 30, { externalId: 'e:1' });
    await of('4', 20, { productId: 'product_e', externalId: 'e:1' });
    for (const limit of [1, 2, 100]) {
      const list = async (filter: object) =>
        ids(await readAll(t, (page) => drafts().list({ creatorId, ...filter }, page), limit));
      t.deepEqual(await list({}), ['draft_e3', 'draft_e1', 'draft_e4', 'draft_e2']);
      t.deepEqual(await list({ productId: 'product_e' }), ['draft_e4', 'draft_e2']);
      t.deepEqual(await list({ externalId: 'e:1' }), ['draft_e3', 'draft_e4']);
    }
    await refusesForeignCursors(t, (page) => drafts().list({ creatorId }, page));
  });

  test('D7, C1: each change of what a draft says has its record, and a full pass has all', async (t) => {
    const creatorId = 'creator_f';
    const records = await recordsOf(creatorId);
    const before = draft('draft_f1', creatorId);
    const after = { ...before, stock: 11, revision: 2 };
    const marked = { ...after, announcing: true };
    await drafts().add(before, MAX);
    await drafts().replace(before, after);
    await drafts().replace(after, marked);
    const other = draft('draft_f2', creatorId);
    await drafts().add(other, MAX);
    const change = (draftId: string, content: Draft | null) =>
      ({ kind: 'draft', draftId, creatorId, draft: content }) as const;
    const written = [change('draft_f1', before), change('draft_f1', after)];
    t.deepEqual(await records(), [...written, change('draft_f2', other)]);
    const { changes } = stores();
    for (const limit of [1, 100]) {
      const found: EntityChange[] = [];
      for (let bucket = 0; bucket < changes.bucketCount; bucket++) {
        for (let cursor: string | null = null; ; ) {
          const page = await changes.scan(bucket, cursor, limit);
          found.push(...page.changes);
          cursor = page.nextCursor;
          if (cursor === null) break;
        }
      }
      // Whether a draft is being announced is in no record.
      const own = found.flatMap((one) =>
        one.kind === 'draft' && one.creatorId === creatorId
          ? [{ ...one, draft: { ...one.draft!, announcing: false } }]
          : [],
      );
      const sorted = own.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
      t.deepEqual(sorted, [change('draft_f1', after), change('draft_f2', other)]);
    }
    await drafts().remove(marked);
    const removed = change('draft_f1', null);
    t.deepEqual(await records(), [...written, removed, change('draft_f2', other)]);
  });
}
