// A whole node whose journal is archived and trimmed, over SQLite.

import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { UNWATCHED } from '../../actors/run-context.ts';
import pino from 'pino';
import { loadConfig } from '../../composition/config.ts';
import { systemClock } from '../../actors/clock.ts';
import { StoreClock } from '../../actors/cluster/store-clock.ts';
import { createEmbeddedCore, type EmbeddedCore } from '../../composition/embedded-core.ts';
import type { OffLoopConsumer } from '../../composition/off-loop-thread.ts';
import { readJournalOrders } from '../../composition/journal-orders.ts';
import { shardOf } from '../../domain/ids.ts';
import { OutsideStream } from '../../events/outside/outside-stream.ts';
import { ACCEPTED, type PaymentProvider } from '../../events/payments/payment-provider.ts';
import { createDrop, order } from '../actors/harness.ts';
import { eventually } from '../end-to-end/sale-client.ts';
import { runCommand } from '../operator/run-command.ts';
import { readRecorded } from '../events/off-loop/recording-consumer.ts';

const MODULE = new URL('../events/off-loop/recording-consumer.ts', import.meta.url).href;
const WAIT_MAX_MS = 60_000;
/** More than the events that a clean stop leaves without a snapshot. */
const ORDERS = 1_100;
const SALE = { startsAt: Date.now(), endsAt: Date.now() + 3_600_000, limitPerUser: ORDERS };
const PROVIDER: PaymentProvider = {
  name: 'none',
  reference: (orderId) => orderId,
  opened: async () => ACCEPTED,
  refund: async () => ACCEPTED,
};

async function startCore(
  data: string,
  environment: Record<string, string>,
  offLoop: readonly OffLoopConsumer[] = [],
): Promise<EmbeddedCore> {
  const core = await createEmbeddedCore({
    clock: new StoreClock({ clock: systemClock }),
    config: loadConfig({ LIVEDROPS_DATA: data, LIVEDROPS_LOG: 'error', ...environment }),
    offLoop,
    provider: PROVIDER,
    restart: () => undefined,
    log: pino({ level: 'silent' }),
  });
  await core.start();
  return core;
}

async function sellOut(core: EmbeddedCore): Promise<void> {
  await createDrop(core.host, ORDERS, SALE);
  for (let i = 0; i < ORDERS; i += 50) {
    const some = Array.from({ length: 50 }, (_, n) => order(core.host, 'ann', `key-${i + n}`));
    await Promise.all(some);
  }
}

async function placedOrders(core: EmbeddedCore): Promise<number> {
  const { stores, shardCount } = core;
  const stream = new OutsideStream({ ...stores, shardCount, clock: systemClock });
  const read = { from: 'start', follow: false, creatorId: null, forMs: Infinity };
  let placed = 0;
  for await (const chunk of await stream.open(read))
    placed += chunk.split('"order-placed"').length - 1;
  return placed;
}

test('J8, J10: a node trims its journal behind its archive, and no reader or backup notices', async (t) => {
  t.timeout(120_000);
  const data = mkdtempSync(join(tmpdir(), 'livedrops-archive-'));
  t.teardown(() => rmSync(data, { recursive: true }));
  const first = await startCore(data, { LIVEDROPS_ARCHIVE: 'off' });
  await sellOut(first);
  const shard = shardOf('d_1', first.shardCount);
  await first.stop();
  t.false(existsSync(join(data, 'archive')), 'without an archive nothing is archived');

  const environment = {
    LIVEDROPS_ARCHIVE_INTERVAL_SECONDS: '1',
    LIVEDROPS_ARCHIVE_JOURNAL_ENTRIES_MIN: '1',
  };
  const second = await startCore(data, environment);
  const trimmed = await eventually(
    () => second.stores.journal.trimmed(shard),
    (sequence) => sequence > 0,
    WAIT_MAX_MS,
  );
  t.true(trimmed > 10);
  await second.relay.caughtUp();
  const report = await second.verify(
    second.host.shards.map(({ id }) => id),
    UNWATCHED,
  );
  t.deepEqual(report.findings, []);
  t.is(report.orders, ORDERS);
  t.is(await placedOrders(second), ORDERS);
  await second.stop();

  const file = join(data, 'recorded');
  const options = { name: 'recording', file };
  const recording = { name: 'recording', reads: 'events', module: MODULE, options } as const;
  const third = await startCore(data, environment, [recording]);
  const { sequence } = third.host.shards[shard]!;
  await eventually(
    () => third.stores.consumerPositions.load('recording', shard),
    (position) => position >= sequence,
    WAIT_MAX_MS,
  );
  await third.stop();
  const facts = readRecorded(file).flatMap((batch) => batch.facts);
  t.is(facts.filter(({ event }) => event.type === 'order-placed').length, ORDERS);

  t.is(await countOrders(data), ORDERS);
  const command = { environment: { LIVEDROPS_DATA: data } };
  const listed = await runCommand(['archive'], command);
  t.regex(
    listed.stdout,
    new RegExp(`^${data}/archive\\n.* ${shard} +1 +1-\\d+ .*never checked`, 's'),
  );
  const checked = await runCommand(['archive', '--check'], command);
  t.is(checked.code, 0);
  t.regex(checked.stdout, /ok: 1 segment checked\n$/);
  const [copy, restored] = [join(data, 'copy'), join(data, 'restored')];
  t.regex((await runCommand(['backup', copy], command)).stdout, /1 segment of the archive/);
  const into = { LIVEDROPS_DATA: restored };
  const off = { environment: { ...into, LIVEDROPS_ARCHIVE: 'off' } };
  const refused = await runCommand(['restore', copy], off);
  t.regex(refused.stderr, /has an archive: set LIVEDROPS_ARCHIVE/);
  const outcome = await runCommand(['restore', copy], { environment: into });
  t.is(outcome.code, 0, outcome.stderr);
  t.regex(outcome.stdout, /ok: journal, live state and read models agree/);
  t.is(await countOrders(restored), ORDERS);

  const segment = join(data, 'archive', String(shard), '0000000000000001.segment');
  writeFileSync(segment, readFileSync(segment).fill(0, 200, 210));
  const damaged = await runCommand(['archive', '--check', '--json'], command);
  t.is(damaged.code, 1);
  t.regex(damaged.stdout, new RegExp(`segment 1 of shard ${shard} .* does not match its digest`));
  await t.throwsAsync(countOrders(data), { code: 'corrupt' });
});

async function countOrders(data: string): Promise<number> {
  let orders = 0;
  for await (const _ of readJournalOrders(loadConfig({ LIVEDROPS_DATA: data }))) orders += 1;
  return orders;
}
