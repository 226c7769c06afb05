// Off-loop consumers in the thread of a real node, over SQLite.

import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import pino from 'pino';
import { loadConfig } from '../../composition/config.ts';
import { createEmbeddedCore, type EmbeddedCore } from '../../composition/embedded-core.ts';
import { shardOf } from '../../domain/ids.ts';
import { createDrop, order } from '../actors/harness.ts';
import type { RecordingOptions } from '../events/off-loop/recording-consumer.ts';

const MODULE = new URL('../events/off-loop/recording-consumer.ts', import.meta.url).href;
const SALE = { startsAt: Date.now(), endsAt: Date.now() + 3_600_000 };

function directory(t: ExecutionContext): string {
  const data = mkdtempSync(join(tmpdir(), 'livedrops-off-loop-'));
  t.teardown(() => rmSync(data, { recursive: true }));
  return data;
}

async function startCore(data: string, options: RecordingOptions | null): Promise<EmbeddedCore> {
  const core = await createEmbeddedCore({
    config: loadConfig({ LIVEDROPS_DATA: data }),
    offLoop: options === null ? [] : [{ module: MODULE, options }],
    provider: null,
    restart: () => undefined,
    log: pino({ level: 'silent' }),
  });
  await core.start();
  return core;
}

/** What the consumer has got, once its position is as far as the journal. */
async function recorded(core: EmbeddedCore, file: string): Promise<string[]> {
  const shard = shardOf('d_1', core.host.shards.length);
  const { sequence } = core.host.shards[shard]!;
  const { consumerPositions } = core.stores;
  while ((await consumerPositions.load('recording', shard)) < sequence)
    await new Promise<void>((resolve) => setTimeout(resolve, 20));
  return readFileSync(file, 'utf8').trim().split('\n');
}

test('J1: an off-loop consumer added later gets all from the first entry, and goes on after a restart', async (t) => {
  t.timeout(120_000);
  const data = directory(t);
  const file = join(data, 'recorded');
  const first = await startCore(data, null);
  await createDrop(first.host, 50, SALE);
  await order(first.host, 'ann');
  await first.stop();
  const second = await startCore(data, { file, dieAfter: null });
  await order(second.host, 'ben');
  const lines = await recorded(second, file);
  t.deepEqual(
    lines.map((line) => line.split(' ').slice(1).join(' ')),
    ['1 drop-created -', '1 drop-opened -', '2 order-placed ann', '3 order-placed ben'],
  );
  await second.stop();
  const third = await startCore(data, { file, dieAfter: null });
  await order(third.host, 'cal');
  t.is((await recorded(third, file)).length, 5);
  await third.stop();
});

test('J1: a thread of consumers that dies comes back, and its position never passed undone work', async (t) => {
  t.timeout(120_000);
  const data = directory(t);
  const file = join(data, 'recorded');
  const core = await startCore(data, { file, dieAfter: 4 });
  await createDrop(core.host, 50, SALE);
  for (let i = 0; i < 10; i++) await order(core.host, `user${i}`);
  const lines = await recorded(core, file);
  t.true(existsSync(`${file}.died`));
  const sequences = new Set(lines.map((line) => Number(line.split(' ')[1])));
  t.deepEqual(
    [...sequences].sort((a, b) => a - b),
    Array.from({ length: 11 }, (_, i) => i + 1),
  );
  await core.stop();
});
