// A drop with very many orders is sealed, loaded and recovered in steps, between which everything
// else has its turn. Turns are counted, not timed.

import test from 'ava';
import type { DropCommand } from '../../contracts/commands.ts';
import { shardOf } from '../../domain/ids.ts';
import { SEGMENT_LENGTH } from '../../domain/text-index.ts';
import { codeOf, createDrop, type Harness, NOW, order, place, startHost } from './harness.ts';

const ORDERS = 100_000;
const ORDERS_PER_CALL = 4000;
/** Full segments of the orders, each by a user of its own. */
const SEGMENTS = Math.floor(ORDERS / SEGMENT_LENGTH);
const ENDS_AFTER_MS = 10_000;
const SEALED_AFTER_MS = 30_000;

async function sellMany({ host }: Harness): Promise<void> {
  await createDrop(host, ORDERS, { endsAt: NOW + ENDS_AFTER_MS });
  for (let placed = 0; placed < ORDERS; placed += ORDERS_PER_CALL) {
    const orders = Array.from({ length: ORDERS_PER_CALL }, (_, i) => place(`user${placed + i}`));
    const replies = await host.execute(orders);
    if (!replies.every((reply) => reply.ok)) throw new Error('an order was refused');
  }
}

/** How often others had their turn until the work was done. */
async function turnsDuring(work: Promise<unknown>): Promise<number> {
  let turns = 0;
  let counting = setImmediate(function count() {
    turns += 1;
    counting = setImmediate(count);
  });
  await work.finally(() => clearImmediate(counting));
  return turns;
}

async function untilSealed({ host }: Harness): Promise<void> {
  while ((await dropCount(host)) > 0) await turn();
}

function dropCount(host: Harness['host']): Promise<number> {
  return host.shards[shardOf('d_1', 4)]!.inspect((drops) => drops.size);
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

test('J6: recovering, sealing and loading a large drop yield to other work', async (t) => {
  const first = await startHost();
  await sellMany(first);
  await first.host.stop();

  let again: Harness | null = null;
  const recovering = startHost(first).then((started) => (again = started));
  t.true((await turnsDuring(recovering)) >= 2 * SEGMENTS, 'while it was recovered');

  const harness: Harness = again!;
  await harness.clock.advance(ENDS_AFTER_MS);
  await harness.clock.advance(SEALED_AFTER_MS);
  // Moving the clock on took some turns, in which a single step would have ended.
  t.is(await dropCount(harness.host), 1, 'while it was sealed');
  await untilSealed(harness);

  const loading = order(harness.host, 'user7').then(({ replayed }) => t.true(replayed));
  t.true((await turnsDuring(loading)) >= 2 * SEGMENTS, 'while it was loaded');
});

test('O2: a drop that changes during its sealing is sealed with the change', async (t) => {
  const harness = await startHost();
  const { host, clock } = harness;
  await sellMany(harness);
  const { order: placed } = await order(host, 'user7');
  await clock.advance(ENDS_AFTER_MS);
  await clock.advance(SEALED_AFTER_MS);
  t.is(await dropCount(host), 1);
  const question = { dropId: 'd_1', orderId: placed.id };
  const caller = { userId: 'creator', operator: false };
  const refund: DropCommand = { type: 'refund-order', ...question, caller };
  t.is(codeOf((await host.execute([refund]))[0]), 'ok');
  for (let i = 0; i < 10 * SEGMENTS; i++) await turn();
  t.is(await dropCount(host), 1);

  await clock.advance(2 * SEALED_AFTER_MS);
  await untilSealed(harness);
  const { order: refunded } = await order(host, 'user7');
  t.is(refunded.status, 'refunded');
});
