// `verify`: drops in memory and sealed ones against a replay, and how read models are compared with
// drops that may change meanwhile.

import test from 'ava';
import type { RunContext } from '../../../actors/run-context.ts';
import type { RunProgress } from '../../../contracts/operator.ts';
import type { DropState } from '../../../domain/drop-state.ts';
import {
  type VerificationOptions,
  verifyShards,
} from '../../../events/verify/shard-verification.ts';
import { MemorySpillStore } from '../../../storage/memory/spill-memory.ts';
import type { OrderListStore } from '../../../storage/ports/order-list.ts';
import {
  ask,
  createDrop,
  type Harness,
  NOW,
  order,
  place,
  startHost,
} from '../../actors/harness.ts';
import { idleUpkeep } from '../../actors/idle-upkeep.ts';

function totals(harness: Harness, listed: () => void, isBehind: boolean): OrderListStore {
  const totalsOf = async (dropId: string) => {
    if (isBehind) return { orders: 0, heldUnits: 0, soldUnits: 0 };
    for (const shard of harness.host.shards) {
      const state = await shard.inspect((drops) => drops.get(dropId) ?? null);
      if (state === null) continue;
      return { orders: state.orders.size, heldUnits: state.held, soldUnits: state.sold };
    }
    return { orders: 10, heldUnits: 0, soldUnits: 10 };
  };
  const store: Pick<OrderListStore, 'totalsOfDrops'> = {
    async totalsOfDrops(dropIds) {
      listed();
      const all = dropIds.map(async (id) => [id, await totalsOf(id)] as const);
      return new Map(await Promise.all(all));
    },
  };
  return store as OrderListStore;
}

interface Run extends Partial<RunContext> {
  readonly listed?: () => void;
  readonly isBehind?: boolean;
  readonly openSpill?: VerificationOptions['openSpill'];
}

async function verify(harness: Harness, run: Run = {}) {
  const { listed = () => undefined, isBehind = false } = run;
  const options = {
    ...harness,
    shards: harness.host.shards.map(({ id }) => id),
    orderList: totals(harness, listed, isBehind),
    openSpill: run.openSpill ?? (() => new MemorySpillStore()),
    upkeep: idleUpkeep(),
    missing: async () => [],
  };
  const { signal = new AbortController().signal, progress = () => undefined } = run;
  return await verifyShards(options, { signal, progress });
}

/** Lets a test damage a drop in the shard's memory. */
async function stateOf({ host }: Harness, dropId: string): Promise<DropState> {
  for (const shard of host.shards) {
    const state = await shard.inspect((drops) => drops.get(dropId) ?? null);
    if (state !== null) return state;
  }
  throw new Error(`${dropId} is not in memory`);
}

async function sale() {
  const harness = await startHost(undefined, 2);
  const { host, clock } = harness;
  await createDrop(host, 3000, { payment: 'provider', limitPerUser: 3000 });
  await host.execute(Array.from({ length: 700 }, (_, i) => place(`user${i % 9}`, `key${i}`)));
  const caller = { userId: 'user1', operator: false };
  await ask(host, { type: 'cancel-order', dropId: 'd_1', orderId: 'd_1-1', caller });
  const reference = 'a reference';
  await ask(host, {
    type: 'settle-payment',
    dropId: 'd_1',
    orderId: 'd_1-2',
    succeeded: true,
    reference,
  });
  await clock.advance(61_000);
  await host.execute(Array.from({ length: 300 }, (_, i) => place(`user${i % 9}`, `late${i}`)));
  return harness;
}

test('X2: a drop in memory equals the replay of its journal', async (t) => {
  const harness = await sale();
  const { ok, findings, verified, ...counts } = await verify(harness);
  t.deepEqual([findings, ok], [[], true]);
  t.like(counts, { shards: 1, drops: 1, orders: 1000 });
  t.deepEqual(verified, [0, 1]);
});

for (const [what, damage] of [
  ['a count', (drop) => void (drop.held += 1)],
  ['a status', ({ orders }) => orders.change(400, 'confirmed', false, orders.version(400))],
  ['a version', ({ orders }) => orders.change(7, orders.status(7), false, 3)],
  [
    'a request for a refund',
    ({ orders }) => orders.change(7, orders.status(7), true, orders.version(7)),
  ],
  ['a reference', ({ orders }) => orders.setPayments(8, 'another')],
  ['a key', ({ orders }) => void (orders.keys.segments[0]!.bytes[5]! ^= 1)],
  ['a user', ({ users }) => void (users.segments[0]!.bytes[1]! ^= 1)],
  ['the user of an order', ({ orders }) => void (orders.keys.segments[0]!.salts[3]! ^= 1)],
  ['a quantity', ({ orders }) => void (orders.columns[0]!.quantities[900] = 2)],
  ['a time', ({ orders }) => void (orders.columns[0]!.createdAt[900]! += 1)],
] as [string, (drop: DropState) => void][]) {
  test(`X2: ${what} that differs in memory is a finding`, async (t) => {
    const harness = await sale();
    damage(await stateOf(harness, 'd_1'));
    const { ok, findings } = await verify(harness);
    t.false(ok);
    t.deepEqual(findings, ['drop d_1 in memory is not what its journal says']);
  });
}

test('X2: a drop that only memory has is a finding', async (t) => {
  const harness = await sale();
  const state = await stateOf(harness, 'd_1');
  const shard = harness.host.shards.find(({ dropCount }) => dropCount > 0)!;
  await shard.inspect((drops) => (drops as Map<string, DropState>).set('d_ghost', state));
  const { findings } = await verify(harness);
  t.true(findings.includes('drop d_ghost is in memory, but not in the journal'), findings.join());
});

test('X2: the order lists are read once for many drops', async (t) => {
  const harness = await startHost(undefined, 1);
  const ids = Array.from({ length: 30 }, (_, i) => `d_${i}`);
  for (const id of ids) await createDrop(harness.host, 10, { id });
  await harness.host.execute(ids.map((id) => place('ann', 'key', 1, id)));
  let reads = 0;
  const { findings, drops } = await verify(harness, { listed: () => void (reads += 1) });
  t.deepEqual([findings, drops, reads], [[], 30, 1]);
  const behind = await verify(harness, { isBehind: true });
  t.is(behind.findings.length, 30);
  t.true(behind.findings.every((finding) => finding.startsWith('the order lists have 0 orders')));
});

test('X2: sealed drops are compared too, and one that is missing is a finding', async (t) => {
  const harness = await startHost(undefined, 1);
  const { host, clock, snapshots } = harness;
  await createDrop(host, 10, { limitPerUser: 10, endsAt: NOW + 100_000 });
  await host.execute(Array.from({ length: 10 }, (_, i) => place('ann', `key${i}`)));
  await clock.advance(100_000);
  await clock.advance(120_000);
  t.not(await snapshots.findSealedDrop('d_1'), null);
  t.deepEqual((await verify(harness)).findings, []);
  const lost = { ...harness, snapshots: { findSealedDrop: async () => null } };
  t.deepEqual((await verify(lost as unknown as Harness)).findings, [
    'drop d_1 is in the journal, but neither in memory nor sealed',
  ]);
});

test('X2: a drop that changes, and one that is created, during a verification is no finding', async (t) => {
  const harness = await sale();
  let entries = 0;
  const progress = ({ phase, done }: RunProgress) => {
    if (phase !== 'drops' || done === 0 || ++entries > 3) return;
    void order(harness.host, 'ann', `meanwhile${entries}`);
    if (entries === 1) void createDrop(harness.host, 5, { id: 'd_2' });
  };
  const { findings } = await verify(harness, { progress });
  t.true(entries > 3);
  t.deepEqual(findings, []);
});

test('X2: a verification says how far it is, and ends when it is aborted', async (t) => {
  const harness = await sale();
  const seen: RunProgress[] = [];
  await verify(harness, { progress: (now) => void seen.push({ ...now }) });
  const total = harness.host.shards.reduce((sum, { sequence }) => sum + sequence, 0);
  t.deepEqual(seen[0], { phase: 'drops', shards: 2, shardsDone: 0, total, done: 0 });
  t.deepEqual(seen.at(-1), { phase: 'drops', shards: 2, shardsDone: 2, total, done: total });
  const aborter = new AbortController();
  const reason = new Error('enough');
  let after = 0;
  const progress = ({ done }: RunProgress) => {
    if (aborter.signal.aborted) after += 1;
    if (done > 0) aborter.abort(reason);
  };
  const aborted = verify(harness, { signal: aborter.signal, progress });
  t.is(await t.throwsAsync(aborted), reason);
  t.true(after <= 2, `${after} entries were replayed after the end`);
});

test('X2: order lists that differ from an idle drop are a finding', async (t) => {
  const harness = await startHost();
  await createDrop(harness.host, 10);
  await order(harness.host, 'ann');
  const { ok, findings } = await verify(harness, { isBehind: true });
  t.false(ok);
  t.regex(findings[0]!, /^the order lists have 0 orders .* its owner 1 \(0 held, 1 sold\)$/);
});

test('X2: order lists that lag behind a selling drop are no finding', async (t) => {
  const harness = await startHost();
  await createDrop(harness.host, 100);
  let buyers = 0;
  // The next order comes when this look is over, so that the drop stood still during each look.
  const listed = () => void setImmediate(() => void order(harness.host, `buyer-${++buyers}`));
  await order(harness.host, 'first');
  const { ok, findings } = await verify(harness, { listed, isBehind: true });
  t.deepEqual(findings, []);
  t.true(ok && buyers > 10);
});
