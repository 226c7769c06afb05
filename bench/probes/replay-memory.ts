// What a replay of many orders holds in memory, from a journal that is made up as it is read:
//   node bench/probes/replay-memory.ts [orders] [drops]
// It runs in a thread with the memory limits of a consumer's thread.
// All drops take orders in turns, and one order in sixteen is refunded long after it was placed, so
// that old pages come back. Prints how much the resident set of the process grew over that of the
// idle thread.

import { isMainThread, Worker } from 'node:worker_threads';
import { CONSUMER_MEMORY } from '../../composition/off-loop-thread.ts';
import { Replay } from '../../events/replay/replay.ts';
import { DropStates } from '../../events/replay/drop-states.ts';
import { encodeEntry } from '../../storage/formats/entry.ts';
import type { DropEvent } from '../../contracts/drop-events.ts';
import type { JournalEntry, JournalReader } from '../../storage/ports/journal.ts';
import { SqliteSpillStore } from '../../storage/sqlite/spill-sqlite.ts';

const ENTRY_ORDERS = 512;
const REFUND_EVERY = 16;
const REFUNDS = ENTRY_ORDERS / REFUND_EVERY;
const START = 1_800_000_000_000;
const MIB = 2 ** 20;

const [orders = 1_000_000, drops = 100] = process.argv.slice(2).map(Number);
const rounds = Math.ceil(orders / (ENTRY_ORDERS * drops));
const last = drops + rounds * drops;

/** The first entries make the drops; then each entry is of one of them, in turns. */
function entryOf(sequence: number): Uint8Array {
  const index = sequence - 1;
  const drop = index % drops;
  const dropId = `d_${drop}`;
  const round = Math.floor(index / drops) - 1;
  const events: DropEvent[] = [];
  if (round < 0) {
    const terms = {
      id: dropId,
      productId: 'p_1',
      creatorId: 'u_creator',
      startsAt: START,
      endsAt: START + 1e9,
      unitAmount: 1999,
      currency: 'EUR',
      limitPerUser: 10,
      holdSeconds: 60,
      payment: 'instant',
    } as const;
    events.push({ type: 'drop-created', terms, stock: 2 ** 31 }, { type: 'drop-opened' });
    return encodeEntry({
      shard: 0,
      sequence,
      time: START,
      changes: [{ dropId, versionBefore: 0, events }],
    });
  }
  const first = round * ENTRY_ORDERS;
  for (let i = 0; i < ENTRY_ORDERS; i++) {
    const userId = `u_01jd${String((first + i) * 7919).padStart(20, '0')}`;
    events.push({
      type: 'order-placed',
      userId,
      key: `key-${first + i}-0123456789abcdef0123`,
      quantity: 1,
    });
  }
  // Of orders placed half of the journal ago, each once.
  const refunds = round === 0 ? 0 : REFUNDS;
  for (let i = 0; i < refunds; i++) {
    const ordinal = Math.floor(round / 2) * ENTRY_ORDERS + i * REFUND_EVERY + (round % 2);
    events.push({ type: 'order-refunded', ordinal });
  }
  const perRound = ENTRY_ORDERS + REFUNDS;
  const versionBefore = round === 0 ? 2 : 2 + ENTRY_ORDERS + (round - 1) * perRound;
  return encodeEntry({
    shard: 0,
    sequence,
    time: START + sequence,
    changes: [{ dropId, versionBefore, events }],
  });
}

const journal: JournalReader = {
  async read(_shard, after, limit) {
    const entries: JournalEntry[] = [];
    for (let sequence = after + 1; sequence <= last && entries.length < limit; sequence++)
      entries.push({ sequence, epoch: 1, bytes: entryOf(sequence) });
    return entries;
  },
  head: async () => ({ epoch: 1, lastSequence: last }),
  trimmed: async () => 0,
  removed: async () => 0,
};

async function measure(): Promise<void> {
  const states = new DropStates({ openSpill: () => new SqliteSpillStore() });
  const replay = new Replay({ shard: 0, after: 0, journal, snapshots: null, states });
  const residentBefore = process.memoryUsage.rss();
  const startedAt = performance.now();
  const peak = { rss: 0, heapUsed: 0, external: 0 };
  let facts = 0;
  for await (const batch of replay.read(last)) {
    facts += batch.facts.length;
    const usage = process.memoryUsage();
    peak.rss = Math.max(peak.rss, usage.rss);
    peak.heapUsed = Math.max(peak.heapUsed, usage.heapUsed);
    peak.external = Math.max(peak.external, usage.external);
  }
  const seconds = (performance.now() - startedAt) / 1000;
  replay.close();
  process.stdout.write(
    `${JSON.stringify({
      drops,
      orders: rounds * ENTRY_ORDERS * drops,
      facts,
      factsPerSecond: Math.round(facts / seconds),
      idleMiB: Math.round(residentBefore / MIB),
      grownMiB: Math.round((peak.rss - residentBefore) / MIB),
      heapMiB: Math.round(peak.heapUsed / MIB),
      externalMiB: Math.round(peak.external / MIB),
    })}\n`,
  );
}

if (isMainThread) {
  const argv = process.argv.slice(2);
  new Worker(new URL(import.meta.url), { argv, resourceLimits: CONSUMER_MEMORY });
} else await measure();
