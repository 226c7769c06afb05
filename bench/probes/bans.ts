// Measures what the look-up of bans adds to an order (A9): while nobody is banned, and with as many
// bans as there may be, for users who are not banned. Run: node_modules/.bin/node
// bench/probes/bans.ts

import { systemClock } from '../../actors/clock.ts';
import { InProcessLiveBus, RESTRICTIONS_TOPIC } from '../../actors/live-bus.ts';
import { RestrictionSet } from '../../events/restriction-set.ts';
import { memoryStores } from '../../storage/memory/stores.ts';

const USERS = 10_000;
const ORDERS = 5_000_000;
const ROUNDS = 7;
const BANS = 100_000;

async function setOf(count: number): Promise<RestrictionSet> {
  const bus = new InProcessLiveBus();
  const log = { warn: () => undefined };
  const set = new RestrictionSet({ ...memoryStores(), bus, clock: systemClock, log });
  await set.start();
  for (let i = 0; i < count; i++) {
    const subject = `u_01kb9c0q0banned${String(i).padStart(10, '0')}`;
    const key = { kind: 'ban', scope: i % 2 === 0 ? '' : 'u_creator', subject } as const;
    const change = { ...key, until: null, isLifted: false, sequence: i + 1 };
    bus.publish(RESTRICTIONS_TOPIC, { type: 'restriction', change });
  }
  return set;
}

/** Nanoseconds of CPU for each order. */
function measure(bans: Pick<RestrictionSet, 'isEmpty' | 'banOf'>, users: readonly string[]) {
  const before = process.cpuUsage();
  let banned = 0;
  for (let i = 0; i < ORDERS; i++) {
    const user = users[(i * 7919) % USERS]!;
    if (!bans.isEmpty && bans.banOf(user, 'u_creator') === 'banned') banned += 1;
  }
  const { user, system } = process.cpuUsage(before);
  if (banned > 0) throw new Error('somebody is banned');
  return ((user + system) * 1_000) / ORDERS;
}

const users = Array.from(
  { length: USERS },
  (_, i) => `u_01kb9c0q0buyers${String(i).padStart(10, '0')}`,
);
const heapBefore = process.memoryUsage().heapUsed;
const full = await setOf(BANS);
const heapMiB = (process.memoryUsage().heapUsed - heapBefore) / 2 ** 20;
const cases = { 'nobody is banned': await setOf(0), [`${BANS} bans`]: full };
const figures = new Map<string, number[]>(Object.keys(cases).map((name) => [name, []]));
for (let round = 0; round < ROUNDS; round++) {
  for (const [name, bans] of Object.entries(cases)) figures.get(name)!.push(measure(bans, users));
}
for (const [name, values] of figures) {
  const median = values.toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)]!;
  process.stdout.write(`${name}: ${median.toFixed(0)} ns of CPU to look a user up\n`);
}
process.stdout.write(`${BANS} bans: ${heapMiB.toFixed(0)} MiB of heap\n`);
