// What sealing and loading one very large drop takes, on SQLite, or on the Redis of a URL:
//   node bench/probes/sealed-drop.ts [orders] [redis-url]
// One process seals it, one order is refunded and it is sealed again, and another process loads it.
// Each prints seconds, how much its resident set grew at most, the longest CPU time of the event
// loop's thread between two of its turns, which no load of the machine lengthens, and how often V8
// marked all of its heap.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { constants, type PerformanceEntry, PerformanceObserver } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import pino from 'pino';
import { turnOfOthers } from '../../actors/shard/recovery.ts';
import { applyEvent } from '../../domain/apply.ts';
import type { DropState } from '../../domain/drop-state.ts';
import { loadSealedDrop, sealDrop } from '../../storage/formats/sealed-drop.ts';
import { FEATURE_LEVEL, ReachedLevel } from '../../storage/ports/feature-level.ts';
import type { SnapshotStore } from '../../storage/ports/snapshots.ts';
import { connectRedis } from '../../storage/redis/connection/connection.ts';
import { RedisSnapshotStore } from '../../storage/redis/journal/snapshots-redis.ts';
import { openSqliteStores } from '../../storage/sqlite/stores.ts';
import { soldDrop } from '../load/sold-drop.ts';

const DROP_ID = 'd_large';
const MIB = 2 ** 20;
const SAMPLE_MS = 100;

/** What an entry of the type `gc` has beside others; Node's types leave it out. */
interface Collection {
  readonly detail: { readonly kind: number };
}

const [orders = '1000000', store = '', step = '', directory = ''] = process.argv.slice(2);
if (step === '') runBoth();
else await run();

function runBoth(): void {
  const made = mkdtempSync(join(tmpdir(), 'livedrops-bench-'));
  try {
    for (const one of ['seal', 'load'])
      spawnSync(process.execPath, [import.meta.filename, orders, store, one, made], {
        stdio: 'inherit',
      });
  } finally {
    rmSync(made, { recursive: true });
  }
}

async function run(): Promise<void> {
  const { snapshots, close } = await open();
  if (step === 'seal') {
    const state = soldDrop(DROP_ID, Number(orders));
    await measure('sealed', () => seal(snapshots, state));
    applyEvent(state, { type: 'order-refunded', ordinal: 5 }, state.endsAt);
    await measure('sealed again after one change', () => seal(snapshots, state));
  } else {
    const state = await measure('loaded', async () => {
      const sealed = (await snapshots.findSealedDrop(DROP_ID))!;
      return await loadSealedDrop(sealed, turnOfOthers);
    });
    process.stdout.write(
      `${state.orders.size} orders, estimated at ${(state.memoryBytes / MIB).toFixed(0)} MiB\n`,
    );
  }
  await close();
}

async function open(): Promise<{ snapshots: SnapshotStore; close: () => Promise<void> }> {
  if (store === '') return await openSqliteStores({ directory });
  const log = pino({ level: 'warn' }, pino.destination(2));
  const { hostname: host, port } = new URL(store);
  const address = { nodes: [{ host, port: Number(port) }], cluster: false };
  const redis = await connectRedis({ address, name: 'bench', log });
  const levels = new ReachedLevel(FEATURE_LEVEL);
  const close = async () => redis.disconnect();
  return { snapshots: new RedisSnapshotStore({ redis, levels }), close };
}

async function seal(snapshots: SnapshotStore, state: DropState): Promise<void> {
  const { version } = state;
  const sealed = await sealDrop({ snapshots, state, version, sequence: 1, pause: turnOfOthers });
  if (!sealed) throw new Error('the drop changed');
}

async function measure<T>(what: string, work: () => Promise<T>): Promise<T> {
  const residentBefore = process.memoryUsage.rss();
  let residentMax = residentBefore;
  const sampling = setInterval(() => {
    residentMax = Math.max(residentMax, process.memoryUsage.rss());
  }, SAMPLE_MS);
  let longestMs = 0;
  let before = process.threadCpuUsage();
  let counting = setImmediate(function turn() {
    const { user, system } = process.threadCpuUsage(before);
    longestMs = Math.max(longestMs, (user + system) / 1000);
    before = process.threadCpuUsage();
    counting = setImmediate(turn);
  });
  let marked = 0;
  const collections = new PerformanceObserver((list) => {
    for (const { detail } of list.getEntries() as (PerformanceEntry & Collection)[])
      if (detail.kind === constants.NODE_PERFORMANCE_GC_MAJOR) marked += 1;
  });
  collections.observe({ entryTypes: ['gc'] });
  const startedAt = performance.now();
  const done = await work();
  const seconds = (performance.now() - startedAt) / 1000;
  clearInterval(sampling);
  clearImmediate(counting);
  // Entries come in a turn of their own.
  await delay(SAMPLE_MS);
  collections.disconnect();
  const grownMiB = (Math.max(residentMax, process.memoryUsage.rss()) - residentBefore) / MIB;
  process.stdout.write(
    `${what} in ${seconds.toFixed(1)} s, ${grownMiB.toFixed(0)} MiB more, ` +
      `longest turn ${longestMs.toFixed(1)} ms of CPU, heap marked ${marked} times\n`,
  );
  return done;
}
