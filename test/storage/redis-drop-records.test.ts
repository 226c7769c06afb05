// When the records of drops begin on Redis (C1, decision 081).

import test from 'ava';
import type { ExecutionContext } from 'ava';
import { systemClock } from '../../actors/clock.ts';
import type { CommandRouter } from '../../actors/command-router.ts';
import { DropRows } from '../../events/reconcile/drop-rows.ts';
import { FEATURE_LEVEL, ReachedLevel } from '../../storage/ports/feature-level.ts';
import {
  DROP_RECORDS_LEVEL,
  DropRecordsUpgrade,
} from '../../storage/redis/catalogue/drop-records-upgrade.ts';
import {
  changeBucketOf,
  dropIdsKey,
  dropsRecordedKey,
  dropSummariesKey,
} from '../../storage/redis/catalogue/catalogue-keys.ts';
import { DropSummaries } from '../../storage/redis/catalogue/drop-summaries.ts';
import { redisInstalled } from '../servers/redis-server.ts';
import { drop } from './contract/catalogue.ts';
import { connectRedisData, type RedisData } from './redis-data.ts';
import { silent, startRedis } from './redis-fixture.ts';

async function start(t: ExecutionContext, level = DROP_RECORDS_LEVEL - 1): Promise<RedisData> {
  const { address } = await startRedis(t);
  const data = await connectRedisData(address, { level });
  t.teardown(() => data.close());
  return data;
}

function upgradeOf({ parts, catalogue }: RedisData, level = FEATURE_LEVEL): DropRecordsUpgrade {
  return new DropRecordsUpgrade({
    ...parts,
    catalogue,
    levels: new ReachedLevel(level),
    log: silent,
  });
}

/** As a node of an earlier version leaves it. */
async function forgetSummary({ redis }: RedisData, id: string): Promise<void> {
  const bucket = changeBucketOf(id);
  await redis.hdel(dropSummariesKey(bucket), id);
  await redis.zrem(dropIdsKey(bucket), id);
}

async function recordsOf({ changes }: RedisData, id: string): Promise<number[]> {
  const records = await changes.read(changeBucketOf(id), 0, 100);
  return records.flatMap(({ change }) =>
    change.kind === 'drop' && change.dropId === id ? [change.drop.version] : [],
  );
}

async function scanned({ changes }: RedisData, id: string): Promise<number | undefined> {
  let cursor: string | null = null;
  do {
    const page = await changes.scan(changeBucketOf(id), cursor, 2);
    for (const change of page.changes)
      if (change.kind === 'drop' && change.dropId === id) return change.drop.version;
    cursor = page.nextCursor;
  } while (cursor !== null);
  return undefined;
}

if (redisInstalled) {
  test('C1: below level 5 drops have no records, and afterwards every change has one', async (t) => {
    const data = await start(t);
    await data.catalogue.putDrops([drop('drop_old'), drop('drop_new')]);
    await forgetSummary(data, 'drop_old');
    await upgradeOf(data, DROP_RECORDS_LEVEL - 1).advance();
    t.false(await data.changes.hasDrops());
    t.deepEqual(await recordsOf(data, 'drop_new'), []);
    t.deepEqual([await scanned(data, 'drop_old'), await scanned(data, 'drop_new')], [undefined, 1]);
    await upgradeOf(data).advance();
    t.true(await data.changes.hasDrops());
    t.deepEqual([await scanned(data, 'drop_old'), await scanned(data, 'drop_new')], [1, 1]);
    t.deepEqual(await recordsOf(data, 'drop_old'), [], 'a full pass has it');
    for (const id of ['drop_old', 'drop_new', 'drop_later'])
      await data.catalogue.putDrops([drop(id, { version: 2, status: 'live' })]);
    for (const id of ['drop_old', 'drop_new', 'drop_later'])
      t.deepEqual(await recordsOf(data, id), [2]);
  });

  test('C1: a summary that is newer than the row that is taken over stays', async (t) => {
    const data = await start(t);
    await data.catalogue.putDrops([drop('drop_1')]);
    // Its writer is about to write the row.
    await new DropSummaries(data.parts).put(drop('drop_1', { version: 3, status: 'live' }));
    await upgradeOf(data).advance();
    t.is(await scanned(data, 'drop_1'), 3);
    await data.catalogue.putDrops([drop('drop_1', { version: 3, status: 'live' })]);
    t.deepEqual(await recordsOf(data, 'drop_1'), []);
    t.is((await data.catalogue.findDrop('drop_1'))?.version, 3);
  });

  test('C1: a writer that died between the record and the row comes again, and adds no second record', async (t) => {
    const data = await start(t, FEATURE_LEVEL);
    const view = drop('drop_1', { version: 2 });
    await new DropSummaries(data.parts).put(view);
    t.is(await data.catalogue.findDrop('drop_1'), null);
    await data.catalogue.putDrops([view]);
    t.deepEqual(await data.catalogue.findDrop('drop_1'), view);
    t.deepEqual(await recordsOf(data, 'drop_1'), [2]);
  });

  test('C1: a bucket whose key a failover lost has records again from the next start of a node on', async (t) => {
    const data = await start(t, FEATURE_LEVEL);
    await data.redis.del(dropsRecordedKey(changeBucketOf('drop_1')));
    await data.catalogue.putDrops([drop('drop_1')]);
    t.deepEqual(await recordsOf(data, 'drop_1'), []);
    await upgradeOf(data).advance();
    await data.catalogue.putDrops([drop('drop_1', { version: 2, status: 'live' })]);
    t.deepEqual(await recordsOf(data, 'drop_1'), [2]);
  });

  test('C1, L3: reconciliation stores a summary again that a failover lost beside its row', async (t) => {
    const data = await start(t, FEATURE_LEVEL);
    const view = drop('drop_1', { status: 'ended' });
    await data.catalogue.putDrops([view]);
    await forgetSummary(data, 'drop_1');
    t.is(await scanned(data, 'drop_1'), undefined);
    const router = { send: async () => ({ ok: true, value: view }) } as unknown as CommandRouter;
    const rows = new DropRows({ catalogue: data.catalogue, router, clock: systemClock });
    const of = [{ shard: 1, dropId: 'drop_1', orders: 0, heldUnits: 0, soldUnits: 0 }];
    const run = { pause: () => Promise.resolve(), signal: new AbortController().signal };
    for (let pass = 0; pass < 2; pass++) t.deepEqual(await rows.mend(of, run), []);
    t.is(await scanned(data, 'drop_1'), 1);
    t.deepEqual(await recordsOf(data, 'drop_1'), [1, 1], 'a second pass adds none');
  });

  test('C1: one node at a time takes rows over, and another goes on where it died', async (t) => {
    const data = await start(t);
    const ids = Array.from({ length: 250 }, (_, i) => `drop_${i}`);
    await data.catalogue.putDrops(ids.map((id, i) => drop(id, { createdAt: 1000 + i })));
    for (const id of ids) await forgetSummary(data, id);
    const list = data.catalogue.listDrops.bind(data.catalogue);
    let pages = 0;
    const broken = {
      listDrops: (...asked: Parameters<typeof list>) =>
        ++pages > 1 ? Promise.reject(new Error('killed')) : list(...asked),
    };
    const levels = new ReachedLevel(FEATURE_LEVEL);
    const dying = new DropRecordsUpgrade({
      ...data.parts,
      catalogue: broken,
      levels,
      log: silent,
    });
    await t.throwsAsync(dying.advance(), { message: 'killed' });
    t.false(await data.changes.hasDrops());
    await upgradeOf(data).advance();
    t.false(await data.changes.hasDrops(), 'the lease is not over');
    await data.redis.del('{consumer:drop-records}:lease');
    await upgradeOf(data).advance();
    t.true(await data.changes.hasDrops());
    for (const id of ids) t.is(await scanned(data, id), 1);
  });
} else {
  test.skip('records of drops on Redis need redis-server', () => {});
}
