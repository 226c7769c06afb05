// The payments consumer with a provider that prepares payments (R5): what is asked of it for each
// event, in which order, and what the drop's actor is told.

import test from 'ava';
import type { CommandReply, DropCommand } from '../../../contracts/commands.ts';
import type { DropEvent } from '../../../contracts/drop-events.ts';
import { success } from '../../../domain/refusal.ts';
import { FairQueue } from '../../../events/payments/fair-queue.ts';
import { PaymentsConsumer } from '../../../events/payments/payments-consumer.ts';
import {
  ACCEPTED,
  type PaymentProvider,
  type PreparedAnswer,
  type ProviderAnswer,
} from '../../../events/payments/payment-provider.ts';
import { ReachedLevel } from '../../../storage/ports/feature-level.ts';
import { MemoryAuditLog } from '../../../storage/memory/audit-log-memory.ts';
import { MemoryConsumerPositions } from '../../../storage/memory/consumer-positions-memory.ts';
import { MemoryParkedRefunds } from '../../../storage/memory/parked-refunds-memory.ts';
import { flush, ManualClock } from '../../actors/manual-clock.ts';
import { NOW, orderView, RecordingLog, ScriptedRouter } from '../../services/harness.ts';
import { batch, placed } from '../batches.ts';

type Answer = ProviderAnswer | Error;

class PreparingProvider implements PaymentProvider {
  readonly name = 'test';
  readonly calls: string[] = [];
  /** By the call, such as `capture pi_d_1-0`. */
  readonly answers = new Map<string, Answer>();
  turns = Number.POSITIVE_INFINITY;
  #waiting: (() => void)[] = [];

  readonly prepared = {
    paceMs: 80,
    turn: async () => {
      while (this.turns <= 0) await new Promise<void>((resolve) => this.#waiting.push(resolve));
      this.turns -= 1;
    },
    prepare: async ({ id }: { readonly id: string }): Promise<PreparedAnswer> => {
      const answer = await this.#call(`prepare ${id}`);
      return answer.ok ? { ok: true, reference: `pi_${id}` } : answer;
    },
    capture: (reference: string) => this.#call(`capture ${reference}`),
    release: (reference: string) => this.#call(`release ${reference}`),
    secretOf: async () => null,
    orderOf: async () => null,
  };

  reference(orderId: string): string {
    return `pay_${orderId}`;
  }
  opened(): Promise<ProviderAnswer> {
    throw new Error('a payment is prepared instead');
  }
  refund({ orderId }: { readonly orderId: string }): Promise<ProviderAnswer> {
    return this.#call(`refund ${orderId}`);
  }

  allow(turns: number): void {
    this.turns = turns;
    for (const go of this.#waiting.splice(0)) go();
  }

  async #call(call: string): Promise<ProviderAnswer> {
    this.calls.push(call);
    const answer = this.answers.get(call) ?? ACCEPTED;
    if (answer instanceof Error) throw answer;
    return answer;
  }
}

function start({ level = 3, concurrency = 16 } = {}) {
  const provider = new PreparingProvider();
  const positions = new MemoryConsumerPositions();
  const clock = new ManualClock(NOW);
  const log = new RecordingLog();
  const parkedRefunds = new MemoryParkedRefunds();
  const router = new ScriptedRouter();
  const levels = new ReachedLevel(level);
  router.answer = (command: DropCommand): CommandReply => {
    if (!('orderId' in command)) throw new Error(`unexpected: ${command.type}`);
    const { orderId: id } = command;
    const paymentReference = 'reference' in command ? command.reference : null;
    return success(orderView({ id, paymentReference }));
  };
  const auditLog = new MemoryAuditLog();
  const parts = { provider, positions, parkedRefunds, auditLog, router, levels, clock, log };
  const consumer = new PaymentsConsumer({ ...parts, concurrency, random: () => 1 });
  return { ...parts, consumer };
}

function of(type: 'order-confirmed' | 'order-confirmed-late', id = 'd_1-0'): DropEvent {
  return { type, ordinal: 0, reference: `pi_${id}` };
}

test('R5: a payment is prepared after the order, and the drop is told its reference', async (t) => {
  const { consumer, provider, router, clock } = start();
  await consumer.consume([batch(1, [[placed, { id: 'd_1-0' }]])]);
  await clock.advance(1_000);
  t.deepEqual(provider.calls, ['prepare d_1-0']);
  const about = { dropId: 'd_1', orderId: 'd_1-0', reference: 'pi_d_1-0' };
  t.deepEqual(router.commands, [{ type: 'prepare-payment', ...about }]);
  t.is(await consumer.position(0), 1);
});

test('R5: below feature level 3 no payment is prepared; it is once the level is reached', async (t) => {
  const { consumer, provider, levels, clock } = start({ level: 2 });
  await consumer.consume([batch(1, [[placed, { id: 'd_1-0' }]])]);
  await clock.advance(10_000);
  t.deepEqual(provider.calls, []);
  levels.raise(3);
  await clock.advance(31_000);
  t.deepEqual(provider.calls, ['prepare d_1-0']);
});

test('R5: a payment that the drop did not take is let go at once', async (t) => {
  const { consumer, provider, router } = start();
  router.answer = () => success(orderView({ status: 'expired' }));
  await consumer.consume([batch(1, [[placed, { id: 'd_1-0' }]])]);
  await flush();
  t.deepEqual(provider.calls, ['prepare d_1-0', 'release pi_d_1-0']);
});

test('R5: a payment is prepared again until the drop has taken it', async (t) => {
  const { consumer, provider, router, clock } = start();
  const answer = router.answer;
  router.answer = () => ({ ok: false, code: 'unavailable' });
  await consumer.consume([batch(1, [[placed, { id: 'd_1-0' }]])]);
  await clock.advance(2_000);
  t.is(await consumer.position(0), 0);
  router.answer = answer;
  await clock.advance(5_000);
  t.is(await consumer.position(0), 1);
  t.true(provider.calls.length > 1);
});

test('R5: an order that the provider will never take a payment for fails at once', async (t) => {
  const { consumer, provider, router, clock } = start();
  provider.answers.set('prepare d_1-0', { ok: false, reason: 'The amount is too small.' });
  await consumer.consume([batch(1, [[placed, { id: 'd_1-0' }]])]);
  await clock.advance(1_000);
  t.like(router.commands, [
    { type: 'record-payment', outcome: 'voided', reference: 'pay_d_1-0', orderId: 'd_1-0' },
  ]);
  t.is(await consumer.position(0), 1);
});

test('R5: the payment of a confirmed order is captured, and none other', async (t) => {
  const { consumer, provider } = start();
  const id = 'd_1-1';
  await consumer.consume([
    batch(1, [
      [of('order-confirmed'), { status: 'confirmed', paymentReference: 'pi_d_1-0' }],
      [of('order-confirmed-late', id), { id, status: 'confirmed', paymentReference: 'pi_d_1-1' }],
      [of('order-confirmed', 'free'), { status: 'confirmed', totalAmount: 0 }],
    ]),
  ]);
  await flush();
  t.deepEqual(provider.calls, ['capture pi_d_1-0', 'capture pi_d_1-1']);
});

test('R5: a capture that fails holds the position; one that is refused fails the order', async (t) => {
  const { consumer, provider, router, clock } = start();
  provider.answers.set('capture pi_d_1-0', new Error('the provider is down'));
  await consumer.consume([
    batch(1, [[of('order-confirmed'), { status: 'confirmed', paymentReference: 'pi_d_1-0' }]]),
  ]);
  await clock.advance(3_600_000);
  t.is(await consumer.position(0), 0);
  t.deepEqual(router.commands, []);
  provider.answers.set('capture pi_d_1-0', { ok: false, reason: 'The authorisation expired.' });
  await clock.advance(32_000);
  t.like(router.commands, [
    { type: 'record-payment', outcome: 'voided', reference: 'pi_d_1-0', orderId: 'd_1-0' },
  ]);
  t.is(await consumer.position(0), 1);
});

test('R5: a prepared payment is let go when its hold ends in any way', async (t) => {
  const { consumer, provider } = start();
  const events: [DropEvent, 'expired' | 'cancelled' | 'failed'][] = [
    [{ type: 'order-expired', ordinal: 0 }, 'expired'],
    [{ type: 'order-cancelled', ordinal: 1 }, 'cancelled'],
    [{ type: 'order-failed', ordinal: 2, reference: 'pi_d_1-2' }, 'failed'],
    // Its payment was not prepared.
    [{ type: 'order-expired', ordinal: 3 }, 'expired'],
  ];
  await consumer.consume([
    batch(
      1,
      events.map(([event, status], i) => {
        const id = `d_1-${i}`;
        return [event, { id, status, paymentReference: i === 3 ? `pay_${id}` : `pi_${id}` }];
      }),
    ),
  ]);
  await flush();
  t.deepEqual(provider.calls, ['release pi_d_1-0', 'release pi_d_1-1', 'release pi_d_1-2']);
});

test('R5: a release that keeps failing holds up nothing, and is given up at last', async (t) => {
  const { consumer, provider, clock } = start();
  provider.answers.set('release pi_d_1-0', new Error('the provider is down'));
  await consumer.consume([
    batch(1, [
      [
        { type: 'order-expired', ordinal: 0 },
        { status: 'expired', paymentReference: 'pi_d_1-0' },
      ],
    ]),
  ]);
  await clock.advance(150_000);
  t.is(await consumer.position(0), 1);
  await clock.advance(3_600_000);
  t.is(provider.calls.length, 50);
});

test('R5: captures, releases and refunds do not wait behind a crowd’s turns', async (t) => {
  const { consumer, provider } = start({ concurrency: 2 });
  provider.allow(2);
  await consumer.consume([
    batch(
      1,
      Array.from({ length: 100 }, (_, i) => [placed, { id: `d_1-${i}` }]),
    ),
    batch(2, [
      [of('order-confirmed', 'x'), { id: 'd_1-200', status: 'confirmed' }],
      [
        { type: 'order-expired', ordinal: 0 },
        { status: 'expired', paymentReference: 'pi_y' },
      ],
      [
        { type: 'order-refunded', ordinal: 9 },
        { id: 'd_1-9', status: 'refunded' },
      ],
    ]),
  ]);
  await flush();
  t.deepEqual(consumer.unfinishedCalls(), { open: 98, capture: 1, release: 1, refund: 1 });
  provider.allow(6);
  await flush();
  t.deepEqual(
    new Set(provider.calls.slice(2, 5)),
    new Set(['capture pi_x', 'release pi_y', 'refund d_1-9']),
  );
});

test('R5: the turns of a crowd and of another drop alternate', (t) => {
  const queue = new FairQueue<string>();
  for (let i = 0; i < 4; i++) queue.push('crowd', `crowd ${i}`);
  queue.push('small', 'small 0');
  queue.push('other', 'other 0');
  queue.push('small', 'small 1');
  const taken = Array.from({ length: 8 }, () => queue.shift());
  t.deepEqual(taken, [
    'crowd 0',
    'small 0',
    'other 0',
    'crowd 1',
    'small 1',
    'crowd 2',
    'crowd 3',
    undefined,
  ]);
});
