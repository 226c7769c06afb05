// The outside stream: order of lines, order ids from any position, positions, full passes,
// visibility, and the shape of each line (C1).

import test, { type ExecutionContext } from 'ava';
import fc from 'fast-check';
import { Value } from 'typebox/value';
import { STREAM_LINES, type StreamKind } from '../../../contracts/changes.ts';
import type { DropEvent } from '../../../contracts/drop-events.ts';
import { encodePosition } from '../../../events/outside/outside-position.ts';
import { OutsideStream, type ReadOptions } from '../../../events/outside/outside-stream.ts';
import { type MemoryStores, memoryStores } from '../../../storage/memory/stores.ts';
import { flush, ManualClock } from '../../actors/manual-clock.ts';
import { failsWith } from '../../storage/contract/errors.ts';
import { created, JournalScript, placed, START } from './journal-script.ts';

const SHARDS = 2;

interface Line {
  readonly kind: StreamKind;
  readonly [field: string]: unknown;
}

interface World {
  readonly stores: MemoryStores;
  readonly script: JournalScript;
  readonly clock: ManualClock;
  readonly stream: OutsideStream;
}

function world(retainedMax?: number): World {
  const stores = memoryStores({ retainedMax });
  const clock = new ManualClock(START);
  const stream = new OutsideStream({ ...stores, shardCount: SHARDS, clock });
  return { stores, script: new JournalScript(stores), clock, stream };
}

const EVERYTHING: ReadOptions = { from: 'start', follow: false, creatorId: null, forMs: 60_000 };

async function linesOf(
  t: ExecutionContext,
  stream: OutsideStream,
  options: Partial<ReadOptions> = {},
): Promise<Line[]> {
  const lines: Line[] = [];
  for await (const chunk of await stream.open({ ...EVERYTHING, ...options }))
    lines.push(...parse(t, chunk));
  return lines;
}

/** Every line of every test has the shape of its kind. */
function parse(t: ExecutionContext, chunk: string): Line[] {
  const lines = chunk.split('\n');
  t.is(lines.pop(), '', 'a chunk has whole lines');
  return lines.map((text) => {
    const line = JSON.parse(text) as Line;
    t.true(Value.Check(STREAM_LINES[line.kind], line), text);
    return line;
  });
}

function positionOf(lines: readonly Line[]): string {
  return lines.findLast(({ kind }) => kind === 'position')!['position'] as string;
}

const withoutPositions = (lines: readonly Line[]) =>
  lines.filter(({ kind }) => kind !== 'position');

test('C1: each drop has its events in order, with order ids, versions and no keys', async (t) => {
  const { script, stream } = world();
  const settled = { ordinal: 1, reference: 'pay_1' };
  await script.append(0, [['drp_a', [created('drp_a'), { type: 'drop-opened' }]]]);
  await script.append(1, [['drp_b', [created('drp_b')]]]);
  await script.append(0, [
    ['drp_a', [placed('user_1'), placed('user_2'), { type: 'order-confirmed', ...settled }]],
  ]);
  await script.append(0, [['drp_a', [placed('user_3'), { type: 'order-cancelled', ordinal: 2 }]]]);
  const lines = await linesOf(t, stream);
  t.notRegex(JSON.stringify(lines), /secret-key/);
  t.deepEqual(
    withoutPositions(lines).map(({ kind, shard, sequence, index, dropVersion, orderId }) =>
      [kind, shard, sequence, index, dropVersion, orderId].join(' '),
    ),
    [
      'drop-created 0 1 0 1 ',
      'drop-opened 0 1 1 2 ',
      'drop-created 1 1 0 1 ',
      'order-placed 0 2 0 3 drp_a-0',
      'order-placed 0 2 1 4 drp_a-1',
      'order-confirmed 0 2 2 5 drp_a-1',
      'order-placed 0 3 0 6 drp_a-2',
      'order-cancelled 0 3 1 7 drp_a-2',
    ],
  );
  t.is(lines.at(-1)!.kind, 'position');
  t.is(withoutPositions(lines)[0]!['at'], new Date(START + 1000).toISOString());
  t.deepEqual(withoutPositions(await linesOf(t, stream, { from: positionOf(lines) })), []);
});

test('C1: from any position the rest equals the whole stream’s, with any snapshot', async (t) => {
  // A step of a drop: more orders, its end, or a snapshot of the shard.
  const step = fc.record({
    drop: fc.nat({ max: 3 }),
    action: fc.constantFrom('order', 'order', 'order', 'orders', 'close', 'snapshot'),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 25 }), async (steps) => {
      const { script, stream } = world();
      const state = new Map<string, 'open' | 'over'>();
      let entries = 0;
      const append = async (dropId: string, events: DropEvent[]) => {
        await script.append(0, [[dropId, events]]);
        entries += 1;
      };
      for (const { drop, action } of steps) {
        const dropId = `drp_${drop}`;
        if (action === 'snapshot') await script.snapshot(0);
        else if (!state.has(dropId)) {
          await append(dropId, [created(dropId), { type: 'drop-opened' }]);
          state.set(dropId, 'open');
        } else if (state.get(dropId) === 'over') continue;
        else if (action === 'close') {
          await append(dropId, [placed('u_last'), { type: 'drop-closed' }]);
          state.set(dropId, 'over');
        } else if (action === 'order') await append(dropId, [placed('u_1')]);
        else await append(dropId, [placed('u_1'), placed('u_2'), placed('u_3')]);
      }
      const whole = withoutPositions(await linesOf(t, stream));
      const placedOrders = whole.filter(({ kind }) => kind === 'order-placed');
      t.is(new Set(placedOrders.map(({ orderId }) => orderId)).size, placedOrders.length);
      for (let after = 0; after <= entries; after++) {
        const position = { shards: [after, 0], buckets: [0, 0, 0, 0], pass: null };
        const rest = await linesOf(t, stream, { from: encodePosition(position) });
        t.deepEqual(
          withoutPositions(rest),
          whole.filter(({ sequence }) => (sequence as number) > after),
        );
      }
    }),
    { numRuns: 40 },
  );
});

test('C1: changes come in order beside events, without e-mail addresses and hashes', async (t) => {
  const { stores, script, stream } = world();
  const { accounts, catalogue, follows } = stores;
  await script.append(0, [['drp_a', [created('drp_a')]]]);
  await accounts.addUser({
    id: 'user_1',
    email: 'secret@example.com',
    name: 'Ada',
    passwordHash: 'h4sh',
    roles: [],
    createdAt: START,
  });
  await accounts.addRole('user_1', 'creator');
  const text = { name: 'Lamp', description: '', imageUrls: [] };
  const product = { id: 'prd_1', creatorId: 'user_1', ...text, createdAt: START, revision: 1 };
  await catalogue.addProduct(product);
  await follows.follow('user_2', 'user_1', START);
  await follows.unfollow('user_2', 'user_1');
  const lines = withoutPositions(await linesOf(t, stream));
  t.notRegex(JSON.stringify(lines), /secret|h4sh|@/);
  const users = lines.filter(({ kind }) => kind === 'user');
  t.deepEqual(
    users.map(({ user }) => (user as { roles: string[] }).roles),
    [[], ['creator']],
  );
  const since = lines.filter(({ kind }) => kind === 'follow').map((line) => line['since']);
  t.deepEqual(since, [new Date(START).toISOString(), null]);
  t.is(lines.filter(({ kind }) => kind === 'product').length, 1);
  t.is(lines.length, 6);
});

test('C1: creators see their own drops, products and followers, from any position', async (t) => {
  const { stores, script, stream } = world();
  for (const creatorId of ['creator_1', 'creator_2']) {
    const dropId = `drp_${creatorId}`;
    await script.append(0, [[dropId, [created(dropId, creatorId), { type: 'drop-opened' }]]]);
    const text = { name: 'Lamp', description: '', imageUrls: [] };
    const id = `prd_${creatorId}`;
    await stores.catalogue.addProduct({ id, creatorId, ...text, createdAt: 1, revision: 1 });
    await stores.follows.follow('user_1', creatorId, 1);
    await stores.follows.follow(creatorId, 'creator_3', 1);
  }
  await script.append(0, [
    ['drp_creator_1', [placed('user_1')]],
    ['drp_creator_2', [placed('user_2')]],
  ]);
  const own = { creatorId: 'creator_2' };
  const all = await linesOf(t, stream, own);
  const shown = withoutPositions(all);
  t.deepEqual(shown.map(({ kind }) => kind).toSorted(), [
    'drop-created',
    'drop-opened',
    'follow',
    'order-placed',
    'product',
  ]);
  t.notRegex(JSON.stringify(shown), /creator_1|creator_3/);
  const order = shown.find(({ kind }) => kind === 'order-placed')!;
  t.like(order, { orderId: 'drp_creator_2-0', index: 1, sequence: 3 });
  const position = { shards: [2, 0], buckets: [0, 0, 0, 0], pass: null };
  const later = await linesOf(t, stream, { ...own, from: encodePosition(position) });
  t.deepEqual(
    withoutPositions(later).filter(({ kind }) => kind === 'order-placed'),
    [order],
  );
});

test('C1: with trimmed changes the start is a full pass with positions of its own', async (t) => {
  const { stores, stream } = world(40);
  for (let i = 0; i < 1500; i++) await stores.follows.follow(`user_${i}`, 'creator_1', i + 1);
  const reading = await stream.open(EVERYTHING);
  await reading.next();
  const first = await reading.next();
  const begun = parse(t, first.value as string);
  t.true(begun.length > 1 && begun.length < 1500);
  await stores.follows.follow('user_late', 'creator_1', 9999);
  const rest = await linesOf(t, stream, { from: positionOf(begun) });
  const lines = withoutPositions([...begun, ...rest]);
  const snapshots = lines.filter(({ snapshot }) => snapshot === true);
  t.true(snapshots.every(({ sequence }) => sequence === undefined));
  const users = new Set(lines.map(({ userId }) => userId));
  t.is(users.size, 1501, 'nobody is missing, whether it changed before, beside or after');
  t.true(snapshots.length === 1500 || snapshots.length === 1501);
  t.is(withoutPositions(await linesOf(t, stream, { from: positionOf(rest) })).length, 0);
});

test('C1: positions that are trimmed, in the future or forged are refused', async (t) => {
  const { stores, script, stream } = world(40);
  const refused = (code: string, from: string) =>
    failsWith(t, code, stream.open({ ...EVERYTHING, from }));
  const zeros = { shards: [0, 0], buckets: [0, 0, 0, 0], pass: null };
  await script.append(0, [['drp_a', [created('drp_a')]]]);
  await t.notThrowsAsync(stream.open({ ...EVERYTHING, from: encodePosition(zeros) }));
  await refused('position-trimmed', encodePosition({ ...zeros, shards: [2, 0] }));
  await refused('position-trimmed', encodePosition({ ...zeros, buckets: [0, 0, 5, 0] }));
  for (let i = 0; i < 200; i++) await stores.follows.follow(`user_${i}`, 'creator_1', 1);
  await refused('position-trimmed', encodePosition(zeros));
  const good = encodePosition({ ...zeros, shards: [1, 0] });
  await refused('invalid-position', encodePosition({ ...zeros, shards: [0, 0, 0] }));
  await refused('invalid-position', encodePosition({ ...zeros, buckets: [0] }));
  for (const text of ['', 'nonsense', good.slice(0, -1), `${good}A`, `A${good}`, `${good}=`])
    await refused('invalid-position', text);
  for (let i = 0; i < good.length; i++) {
    const changed = good[i] === 'x' ? 'y' : 'x';
    await refused('invalid-position', good.slice(0, i) + changed + good.slice(i + 1));
  }
});

test('C1: a reader that follows gets later lines, idle positions and an end', async (t) => {
  const { stores, script, clock, stream } = world();
  await script.append(0, [['drp_a', [created('drp_a')]]]);
  const seen: Line[] = [];
  const reading = await stream.open({ ...EVERYTHING, follow: true, from: 'now', forMs: 20_000 });
  const done = (async () => {
    for await (const chunk of reading) seen.push(...parse(t, chunk));
  })();
  await clock.advance(300);
  t.deepEqual(
    seen.map(({ kind }) => kind),
    ['position'],
  );
  await script.append(0, [['drp_a', [{ type: 'drop-opened' }]]]);
  await stores.follows.follow('user_1', 'creator_1', 1);
  // The wall clock is set an hour back and forth, which changes nothing.
  clock.shiftWall(-3_600_000);
  await clock.advance(250);
  await flush();
  t.deepEqual(
    withoutPositions(seen)
      .map(({ kind }) => kind)
      .toSorted(),
    ['drop-opened', 'follow'],
  );
  const before = seen.length;
  clock.shiftWall(7_200_000);
  await clock.advance(14_000);
  const quiet = seen.slice(before);
  t.true(quiet.length >= 2 && quiet.every(({ kind }) => kind === 'position'));
  await clock.advance(6_000);
  await done;
  t.is(seen.at(-1)!.kind, 'position');
  t.deepEqual(withoutPositions(await linesOf(t, stream, { from: positionOf(seen) })), []);
});

test('C1: a page is bounded, and nothing is lost between pages', async (t) => {
  const { script, stream } = world();
  await script.append(0, [['drp_a', [created('drp_a'), { type: 'drop-opened' }]]]);
  await script.append(1, [['drp_b', [created('drp_b'), { type: 'drop-opened' }]]]);
  for (let i = 0; i < 60; i++) {
    const orders = Array.from({ length: 50 }, () => placed('user_1'));
    await script.append(i % 2, [[i % 2 === 0 ? 'drp_a' : 'drp_b', orders]]);
  }
  let orders = 0;
  let pages = 0;
  let from = 'start';
  for await (const chunk of await stream.open(EVERYTHING)) {
    const lines = parse(t, chunk);
    t.true(lines.length < 2000);
    // Each page is read again from the position before it, as after a lost connection.
    const again = await stream.open({ ...EVERYTHING, from });
    await again.next();
    const { value } = await again.next();
    if (withoutPositions(lines).length > 0)
      t.deepEqual(parse(t, value as string).at(0), lines.at(0));
    from = positionOf(lines);
    orders += lines.filter(({ kind }) => kind === 'order-placed').length;
    pages += 1;
  }
  t.is(orders, 3000);
  t.true(pages >= 3);
});
