// N2a on a shard: when a drop's return to stock is published, and how often.

import test from 'ava';
import pino from 'pino';
import type { LiveMessage } from '../../actors/live-bus.ts';
import { BackInStock } from '../../actors/shard/back-in-stock.ts';
import { ShardHost, type ShardHostOptions } from '../../actors/shard/shard-host.ts';
import type { DropCommand } from '../../contracts/commands.ts';
import type { DropTerms } from '../../contracts/drops.ts';
import type { OrderView } from '../../contracts/orders.ts';
import { ReachedLevel } from '../../storage/ports/feature-level.ts';
import { ask, createDrop, type Harness, listen, NOW, order, place, startHost } from './harness.ts';
import { flush, ManualClock } from './manual-clock.ts';

const ANN = { userId: 'ann', operator: false };
const CREATOR = { userId: 'creator', operator: false };

/** A drop of one unit, and what its topic and its creator's topic were told after it was made. */
async function openDrop(
  terms: Partial<DropTerms>,
  change: Partial<ShardHostOptions> = {},
  stock = 1,
): Promise<Harness & { readonly ofDrop: LiveMessage[]; readonly ofCreator: LiveMessage[] }> {
  const started = await startHost(undefined, 1);
  await started.host.stop();
  const { journal, snapshots, orderList, bus, clock } = started;
  const stores = { journal, snapshots, orderList, bus, clock };
  const log = pino({ level: 'silent' });
  const host = new ShardHost({ ...stores, nodeId: 'test', shardCount: 1, log, ...change });
  await host.start();
  await createDrop(host, stock, terms);
  const ofDrop = listen(bus, 'drop.d_1');
  const ofCreator = listen(bus, 'creator.creator');
  return { ...started, host, ofDrop, ofCreator };
}

/** Milestones as text: the type and the free units. */
function saidIn(messages: readonly LiveMessage[]): string[] {
  return messages
    .flatMap((message) => {
      if (message.type === 'drop') return message.milestones;
      return message.type === 'milestone' ? [message.milestone] : [];
    })
    .map(({ type, view }) => `${type} ${view.free}`);
}

function cancel({ id }: OrderView): DropCommand {
  return { type: 'cancel-order', dropId: 'd_1', orderId: id, caller: ANN };
}

function restock(addStock: number): DropCommand {
  return { type: 'amend-drop', dropId: 'd_1', caller: CREATOR, addStock };
}

test('N2a: a hold of the last unit that ends is back in stock, to the drop and to followers', async (t) => {
  const { host, clock, ofDrop, ofCreator } = await openDrop({
    payment: 'provider',
    holdSeconds: 60,
  });
  await order(host, 'ann');
  await clock.advance(59_900);
  t.deepEqual(saidIn(ofCreator), ['sold_out 0']);
  await clock.advance(200);
  t.deepEqual(saidIn(ofDrop), ['sold_out 0', 'back_in_stock 1']);
  t.deepEqual(saidIn(ofCreator), ['sold_out 0', 'back_in_stock 1']);
});

const endings: readonly [
  reason: string,
  DropTerms['payment'],
  (order: OrderView) => DropCommand,
][] = [
  ['a cancelled order', 'provider', cancel],
  [
    'a refunded order',
    'instant',
    ({ id }) => ({ type: 'refund-order', dropId: 'd_1', orderId: id, caller: CREATOR }),
  ],
  [
    'a failed payment',
    'provider',
    ({ id }) => ({
      type: 'settle-payment',
      dropId: 'd_1',
      orderId: id,
      succeeded: false,
      reference: 'pay',
    }),
  ],
];
for (const [reason, payment, end] of endings) {
  test(`N2a: ${reason} that frees the last unit is back in stock`, async (t) => {
    const { host, ofCreator } = await openDrop({ payment });
    const { order: placed } = await order(host, 'ann');
    t.true((await ask(host, end(placed))).ok);
    t.deepEqual(saidIn(ofCreator), ['sold_out 0', 'back_in_stock 1']);
  });
}

test('N2a: a restock is back_in_stock where nothing was free, and restocked otherwise', async (t) => {
  const { host, clock, ofDrop, ofCreator } = await openDrop({});
  await order(host, 'ann');
  await ask(host, restock(4));
  await ask(host, restock(5));
  await order(host, 'bob', 'key', 2);
  await clock.advance(5_000);
  const expected = ['sold_out 0', 'back_in_stock 4', 'restocked 9'];
  t.deepEqual(saidIn(ofDrop), expected);
  t.deepEqual(saidIn(ofCreator), expected);
});

test('N2a: at most one a second; a later one waits, and is said with what is free then', async (t) => {
  const { host, clock, ofDrop, ofCreator } = await openDrop({ payment: 'provider' });
  const { order: first } = await order(host, 'ann', 'a');
  await ask(host, cancel(first));
  await clock.advance(300);
  const { order: second } = await order(host, 'ann', 'b');
  await ask(host, cancel(second));
  await ask(host, restock(2));
  await clock.advance(699);
  const before = ['sold_out 0', 'back_in_stock 1', 'sold_out 0', 'restocked 3'];
  t.deepEqual(saidIn(ofCreator), before);
  await clock.advance(1);
  t.deepEqual(saidIn(ofCreator), [...before, 'back_in_stock 3']);
  t.deepEqual(saidIn(ofDrop), saidIn(ofCreator));
  await clock.advance(10_000);
  t.is(saidIn(ofCreator).length, 5);
});

test('N2a: one that waits is not said where the drop is sold out again, or over', async (t) => {
  for (const over of [false, true]) {
    const { host, clock, ofCreator } = await openDrop({ payment: 'provider' });
    for (const key of ['a', 'b']) {
      const { order: placed } = await order(host, 'ann', key);
      await ask(host, cancel(placed));
    }
    if (over) await ask(host, { type: 'cancel-drop', dropId: 'd_1', caller: CREATOR });
    else await order(host, 'ann', 'c');
    await clock.advance(5_000);
    t.is(saidIn(ofCreator).filter((said) => said.startsWith('back')).length, 1);
  }
});

test('N2a: a restock that is too early for back_in_stock is restocked, and nothing waits', async (t) => {
  const { host, clock, ofCreator } = await openDrop({ payment: 'provider' });
  const { order: placed } = await order(host, 'ann', 'a');
  await ask(host, cancel(placed));
  await order(host, 'ann', 'b');
  await ask(host, restock(1));
  await clock.advance(5_000);
  t.deepEqual(saidIn(ofCreator), ['sold_out 0', 'back_in_stock 1', 'sold_out 0', 'restocked 1']);
});

test('N2a: units that another order of the same entry takes are not back in stock', async (t) => {
  const { host, journal, clock, ofCreator, ofDrop } = await openDrop({ payment: 'provider' });
  const { order: placed } = await order(host, 'ann');
  journal.hold();
  const unrelated = createDrop(host, 1, { id: 'd_2' });
  await flush();
  const replies = host.execute([cancel(placed), place('bob')]);
  await flush();
  journal.release();
  t.true((await replies).every(({ ok }) => ok));
  await unrelated;
  await clock.advance(5_000);
  t.false(saidIn([...ofCreator, ...ofDrop]).some((said) => said.startsWith('back_in_stock')));
});

test('N2a: units that return to a drop that is over are not back in stock', async (t) => {
  const { host, clock, ofCreator } = await openDrop({ endsAt: NOW + 1_000 });
  const { order: placed } = await order(host, 'ann');
  await clock.advance(1_000);
  const { id } = placed;
  t.true(
    (await ask(host, { type: 'refund-order', dropId: 'd_1', orderId: id, caller: CREATOR })).ok,
  );
  await clock.advance(5_000);
  t.deepEqual(saidIn(ofCreator), ['sold_out 0', 'ended 0']);
});

test('N2a: below feature level 2 nothing is said of it, and a restock is restocked', async (t) => {
  const levels = new ReachedLevel(1);
  const { host, clock, ofCreator } = await openDrop({ payment: 'provider' }, { levels });
  const { order: placed } = await order(host, 'ann', 'a');
  await ask(host, cancel(placed));
  await order(host, 'ann', 'b');
  await ask(host, restock(1));
  await clock.advance(5_000);
  t.deepEqual(saidIn(ofCreator), ['sold_out 0', 'sold_out 0', 'restocked 1']);
  await order(host, 'bob');
  levels.raise(2);
  await ask(host, restock(1));
  t.is(saidIn(ofCreator).at(-1), 'back_in_stock 1');
});

test('N2a: a return while the lease had run out is said when the lease is back', async (t) => {
  let valid = true;
  const { host, clock, journal, ofCreator } = await openDrop(
    { payment: 'provider' },
    {
      shared: {
        lease: { valid: () => valid },
        redirect: (shard) => ({
          ok: false,
          code: 'moved',
          shard,
          nodeId: null,
          version: 0,
          executed: 'no',
        }),
        fenced: () => t.fail(),
      },
    },
  );
  const { order: placed } = await order(host, 'ann');
  journal.hold();
  void host.execute([cancel(placed)]);
  await flush();
  valid = false;
  journal.release();
  await clock.advance(3_000);
  t.deepEqual(saidIn(ofCreator), ['sold_out 0']);
  valid = true;
  await clock.advance(1_000);
  t.deepEqual(saidIn(ofCreator), ['sold_out 0', 'back_in_stock 1']);
});

test('N2a: what is remembered is bounded, and is forgotten after a second', async (t) => {
  const clock = new ManualClock(NOW);
  const back = new BackInStock({
    clock,
    levels: new ReachedLevel(2),
    publish: () => t.fail(),
  });
  const view = await createDrop((await startHost()).host, 1);
  const admitted = (index: number) =>
    back.admit(`d_${index}`, 1, [{ type: 'back_in_stock', view, isRestock: index % 2 === 0 }]);
  for (let i = 0; i < 2_000; i++) t.like(admitted(i), [{ type: 'back_in_stock' }]);
  t.like(admitted(2_000), [{ type: 'restocked' }]);
  t.deepEqual(admitted(2_001), []);
  await clock.advance(1_000);
  t.is(clock.timerCount, 0);
  t.like(admitted(2_001), [{ type: 'back_in_stock' }]);
  back.clear();
  t.is(clock.timerCount, 0);
});
