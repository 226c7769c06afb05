// Off-loop consumers in the threads of a real node, over SQLite.

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import pino from 'pino';
import { loadConfig } from '../../composition/config.ts';
import { systemClock } from '../../actors/clock.ts';
import { StoreClock } from '../../actors/cluster/store-clock.ts';
import { createEmbeddedCore, type EmbeddedCore } from '../../composition/embedded-core.ts';
import type { OffLoopConsumer } from '../../composition/off-loop-thread.ts';
import { shardOf } from '../../domain/ids.ts';
import { createDrop, order } from '../actors/harness.ts';
import { eventually } from '../end-to-end/sale-client.ts';
import { type RecordingOptions, readRecorded } from '../events/off-loop/recording-consumer.ts';

const MODULE = new URL('../events/off-loop/recording-consumer.ts', import.meta.url).href;
/** For a machine that is busy with other tests; the timeout of the tests is longer. */
const CAUGHT_UP_MAX_MS = 60_000;
const SALE = { startsAt: Date.now(), endsAt: Date.now() + 3_600_000 };

function directory(t: ExecutionContext): string {
  const data = mkdtempSync(join(tmpdir(), 'livedrops-off-loop-'));
  t.teardown(() => rmSync(data, { recursive: true }));
  return data;
}

function startCore(data: string, consumers: readonly RecordingOptions[]): Promise<EmbeddedCore> {
  const row = { reads: 'events', module: MODULE } as const;
  return startCoreWith(
    data,
    consumers.map((options) => ({ ...row, name: options.name, options })),
  );
}

async function startCoreWith(
  data: string,
  offLoop: readonly OffLoopConsumer[],
): Promise<EmbeddedCore> {
  const core = await createEmbeddedCore({
    clock: new StoreClock({ clock: systemClock }),
    config: loadConfig({ LIVEDROPS_DATA: data, LIVEDROPS_ROLES: 'gateway,actors,services' }),
    offLoop,
    provider: null,
    restart: () => undefined,
    log: pino({ level: 'silent' }),
  });
  await core.start();
  return core;
}

/** Resolves when the position of the consumer is as far as the journal of the only drop. */
async function caughtUp(core: EmbeddedCore, name: string): Promise<void> {
  const shard = shardOf('d_1', core.host.shards.length);
  const { sequence } = core.host.shards[shard]!;
  const position = await eventually(
    () => core.stores.consumerPositions.load(name, shard),
    (found) => found >= sequence,
    CAUGHT_UP_MAX_MS,
  );
  if (position < sequence) throw new Error(`${name} is at ${position} of ${sequence}`);
}

test('J1: a consumer added later gets all entries and continues after a restart', async (t) => {
  t.timeout(120_000);
  const data = directory(t);
  const recording = { name: 'recording', file: join(data, 'recorded') };
  const first = await startCore(data, []);
  await createDrop(first.host, 50, SALE);
  await order(first.host, 'ann');
  await first.stop();
  const second = await startCore(data, [recording]);
  await order(second.host, 'ben');
  await caughtUp(second, 'recording');
  t.deepEqual(
    readRecorded(recording.file).flatMap(({ sequence, facts }) =>
      facts.map(({ event, order: placed }) =>
        [sequence, event.type, placed?.userId ?? '-'].join(' '),
      ),
    ),
    ['1 drop-created -', '1 drop-opened -', '2 order-placed ann', '3 order-placed ben'],
  );
  await second.stop();
  const third = await startCore(data, [recording]);
  await order(third.host, 'cal');
  await caughtUp(third, 'recording');
  t.is(readRecorded(recording.file).length, 4);
  await third.stop();
});

test('J1: a consumer’s dead thread is started again and loses no work', async (t) => {
  t.timeout(120_000);
  const data = directory(t);
  const file = join(data, 'recorded');
  const marker = join(data, 'died');
  const fault = { kind: 'thread-ends', atEntry: 4, marker } as const;
  const core = await startCore(data, [{ name: 'recording', file, fault }]);
  await createDrop(core.host, 50, SALE);
  for (let i = 0; i < 10; i++) await order(core.host, `user${i}`);
  await caughtUp(core, 'recording');
  t.true(existsSync(marker));
  const sequences = new Set(readRecorded(file).map(({ sequence }) => sequence));
  t.deepEqual(
    [...sequences].toSorted((a, b) => a - b),
    Array.from({ length: 11 }, (_, i) => i + 1),
  );
  await core.stop();
});

test('a consumer that blocks its thread delays no other consumer', async (t) => {
  t.timeout(120_000);
  const data = directory(t);
  const gate = new Int32Array(new SharedArrayBuffer(4));
  const blocked = { name: 'blocked', file: join(data, 'blocked'), gate };
  const other = { name: 'other', file: join(data, 'other') };
  const core = await startCore(data, [blocked, other]);
  await createDrop(core.host, 50, SALE);
  await Atomics.waitAsync(gate, 0, 0).value;
  t.is(Atomics.load(gate, 0), 1, 'the thread is blocked');
  for (let i = 0; i < 10; i++) await order(core.host, `user${i}`);
  await caughtUp(core, 'other');
  t.is(readRecorded(other.file).length, 11);
  t.deepEqual(readRecorded(blocked.file), []);
  Atomics.store(gate, 0, 2);
  Atomics.notify(gate, 0);
  await caughtUp(core, 'blocked');
  t.is(readRecorded(blocked.file).length, 11);
  await core.stop();
});

test('C1: a consumer of changes added later gets all and continues after a restart', async (t) => {
  t.timeout(120_000);
  const data = directory(t);
  const file = join(data, 'recorded');
  const { href: module } = new URL(
    '../events/off-loop/recording-change-consumer.ts',
    import.meta.url,
  );
  const consumer = { name: 'recording', reads: 'changes', module, options: { file } } as const;
  const first = await startCoreWith(data, []);
  await first.stores.follows.follow('ann', 'creator', 1);
  await first.stop();
  for (const [sequence, user] of [
    [2, 'ben'],
    [3, 'cal'],
  ] as const) {
    const core = await startCoreWith(data, [consumer]);
    await core.stores.follows.follow(user, 'creator', sequence);
    const position = await eventually(
      () => core.stores.consumerPositions.load('changes:recording', 0),
      (found) => found >= sequence,
      CAUGHT_UP_MAX_MS,
    );
    t.is(position, sequence);
    await core.stop();
  }
  t.deepEqual(readFileSync(file, 'utf8').trim().split('\n'), ['1 ann', '2 ben', '3 cal']);
});
