// What every driver of the change stream and of the catalogue must do for the records of drops (C1,
// decision 081).

import test from 'ava';
import type { DropSummary } from '../../../contracts/changes.ts';
import type { DropView } from '../../../contracts/drops.ts';
import type { Catalogue } from '../../../storage/ports/catalogue.ts';
import type { ChangeStream } from '../../../storage/ports/change-stream.ts';
import { drop } from './catalogue.ts';

interface RecordingStores {
  readonly catalogue: Catalogue;
  readonly changes: ChangeStream;
}

const summary = (changes: Partial<DropSummary>): DropSummary => {
  const { productId, creatorId, status, startsAt, endsAt } = drop('any');
  const { unitAmount, currency, createdAt, sold, version } = drop('any');
  const terms = { productId, creatorId, status, startsAt, endsAt, unitAmount, currency, createdAt };
  return { ...terms, sold, version, ...changes };
};

export function dropRecordsContract(stores: () => RecordingStores): void {
  /** Puts rows, and gives the new records of these drops. */
  const recordsOf = async (work: (catalogue: Catalogue) => Promise<unknown>, prefix: string) => {
    const { catalogue, changes } = stores();
    const buckets = Array.from({ length: changes.bucketCount }, (_, bucket) => bucket);
    const heads = await Promise.all(buckets.map((bucket) => changes.head(bucket)));
    await work(catalogue);
    const found = await Promise.all(
      buckets.map((bucket) => changes.read(bucket, heads[bucket]!.last, 1_000)),
    );
    return found
      .flat()
      .map(({ change }) => change)
      .filter((change) => change.kind === 'drop')
      .filter(({ dropId }) => dropId.startsWith(prefix));
  };
  const put = (prefix: string, ...views: DropView[]) =>
    recordsOf((catalogue) => catalogue.putDrops(views), prefix);
  /** What a full pass has of these drops. */
  const scanned = async (prefix: string, limit: number) => {
    const { changes } = stores();
    const found = new Map<string, DropSummary>();
    for (let bucket = 0; bucket < changes.bucketCount; bucket++) {
      let cursor: string | null = null;
      do {
        const page = await changes.scan(bucket, cursor, limit);
        for (const change of page.changes)
          if (change.kind === 'drop' && change.dropId.startsWith(prefix))
            found.set(change.dropId, change.drop);
        cursor = page.nextCursor;
      } while (cursor !== null);
    }
    return found;
  };

  test('C1: a changed row of a drop has its record, with what can be searched', async (t) => {
    t.true(await stores().changes.hasDrops());
    const id = 'drec_a';
    const stock = { stocked: 100, held: 7, free: 93, externalId: 'mine', limitPerUser: 1 };
    t.deepEqual(await put(id, drop(id, stock)), [
      { kind: 'drop', dropId: id, drop: summary({ version: 1 }) },
    ]);
    const live = drop(id, { version: 5, status: 'live', sold: 3 });
    t.deepEqual(await put(id, live), [
      { kind: 'drop', dropId: id, drop: summary({ version: 5, status: 'live', sold: 3 }) },
    ]);
    const moved = { version: 6, status: 'live', startsAt: 9, endsAt: 99, unitAmount: 7 } as const;
    t.deepEqual(await put(id, drop(id, { ...moved, sold: 2 })), [
      { kind: 'drop', dropId: id, drop: summary({ ...moved, sold: 2 }) },
    ]);
  });

  test('C1: a row that is old, or differs in stock alone, has no record', async (t) => {
    const id = 'drec_b';
    await put(id, drop(id, { version: 4, status: 'live', sold: 4 }));
    t.deepEqual(await put(id, drop(id, { version: 4, status: 'ended' })), []);
    t.deepEqual(await put(id, drop(id, { version: 3, status: 'ended' })), []);
    const stock = { held: 50, free: 1, externalId: 'other', paused: true } as const;
    t.deepEqual(await put(id, drop(id, { version: 5, status: 'live', sold: 7, ...stock })), []);
    t.deepEqual((await scanned(id, 10)).get(id), summary({ version: 5, status: 'live', sold: 7 }));
    const steps: number[] = [];
    for (let sold = 0; sold <= 20; sold++) {
      const records = await put(id, drop(id, { version: 6 + sold, status: 'live', sold }));
      for (const record of records) steps.push(record.drop.sold);
    }
    t.deepEqual(steps, [0, 1, 2, 4, 8, 16]);
  });

  test('C1, D10: of an unlisted drop there is no record, and full passes leave it out', async (t) => {
    const id = 'drec_u';
    t.deepEqual(await put(id, drop(id, { unlisted: true })), []);
    t.deepEqual(await put(id, drop(id, { unlisted: true, version: 2, status: 'live' })), []);
    const view = drop(id, { unlisted: true, version: 2, sold: 9 });
    t.deepEqual(await recordsOf((catalogue) => catalogue.replaceDrop(view, 2), id), []);
    t.deepEqual(await stores().catalogue.findDrop(id), view);
    await put(id, drop(`${id}_listed`));
    t.deepEqual([...(await scanned(id, 1)).keys()], [`${id}_listed`]);
  });

  test('C1, L3: a row that was mended has its record, with a lower version, too', async (t) => {
    const id = 'drec_c';
    await put(id, drop(id, { version: 9, status: 'ended', sold: 5 }));
    const view = drop(id, { version: 7, status: 'live' });
    const none = await recordsOf((catalogue) => catalogue.replaceDrop(view, 8), id);
    t.deepEqual(none, []);
    t.is((await stores().catalogue.findDrop(id))?.status, 'ended');
    const [record, ...more] = await recordsOf((catalogue) => catalogue.replaceDrop(view, 9), id);
    t.deepEqual(record?.drop, summary({ version: 7, status: 'live' }));
    t.deepEqual(more, []);
    t.deepEqual((await scanned(id, 3)).get(id), record!.drop);
    t.deepEqual(
      (await put(id, drop(id, { version: 8, status: 'ended' }))).map((one) => one.drop.version),
      [8],
    );
  });

  test('C1: records of one drop have rising versions, and the last is what a full pass has', async (t) => {
    const prefix = 'drec_d';
    const ids = Array.from({ length: 12 }, (_, i) => `${prefix}${i}`);
    const views = ids.flatMap((id, i) =>
      Array.from({ length: 8 }, (_, n) =>
        drop(id, { version: 1 + ((n * (2 * i + 1)) % 8), unitAmount: 1 + ((n * (2 * i + 1)) % 8) }),
      ),
    );
    const records = await recordsOf(
      (catalogue) => Promise.all(views.map((view) => catalogue.putDrops([view]))),
      prefix,
    );
    for (const limit of [1, 5, 1_000]) {
      const found = await scanned(prefix, limit);
      t.is(found.size, ids.length);
      for (const id of ids) {
        const own = records.filter(({ dropId }) => dropId === id).map((one) => one.drop);
        const versions = own.map(({ version }) => version);
        t.deepEqual(
          versions,
          versions.toSorted((a, b) => a - b),
        );
        t.is(versions.at(-1), 8);
        t.deepEqual(found.get(id), own.at(-1));
      }
    }
  });
}
