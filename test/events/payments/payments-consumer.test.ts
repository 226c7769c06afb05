// Calls of the payment provider: none is lost. Retries, parking, positions, bounds, stopping.

import test from 'ava';
import type { DropEvent } from '../../../contracts/drop-events.ts';
import type { OrderView } from '../../../contracts/orders.ts';
import { REFUND_ID } from '../../../contracts/patterns.ts';
import {
  PaymentsConsumer,
  type PaymentsConsumerOptions,
} from '../../../events/payments/payments-consumer.ts';
import {
  ACCEPTED,
  type PaymentProvider,
  type ProviderAnswer,
  type Refund,
} from '../../../events/payments/payment-provider.ts';
import { refundId } from '../../../events/payments/refunds.ts';
import { FEATURE_LEVEL, ReachedLevel } from '../../../storage/ports/feature-level.ts';
import { StoreUnavailableError } from '../../../storage/ports/journal.ts';
import { MemoryAuditLog } from '../../../storage/memory/audit-log-memory.ts';
import { MemoryConsumerPositions } from '../../../storage/memory/consumer-positions-memory.ts';
import { MemoryParkedRefunds } from '../../../storage/memory/parked-refunds-memory.ts';
import { flush, ManualClock } from '../../actors/manual-clock.ts';
import { FIRST_PAGE, NOW, RecordingLog, ScriptedRouter } from '../../services/harness.ts';
import { batch, placed } from '../batches.ts';
import { parkedRefund } from './parked-refunds.ts';

const refundRequested: DropEvent = { type: 'refund-requested', ordinal: 0, reference: 'ref' };
const lost = { status: 'failed', refundRequested: true } as const;

class TestProvider implements PaymentProvider {
  readonly name = 'test';
  readonly calls: string[] = [];
  readonly refunds: Refund[] = [];
  /** Order ids whose calls fail. */
  readonly failing = new Set<string>();
  /** Why calls of an order are refused for good. */
  readonly refusing = new Map<string, string>();
  /** Order ids whose calls have no answer. */
  readonly silent = new Set<string>();
  aborted = 0;
  /** While set, calls wait here. */
  held: (() => void)[] | null = null;
  underWay = 0;
  underWayMost = 0;

  reference(orderId: string): string {
    return `pay_${orderId}`;
  }
  opened(order: OrderView, signal: AbortSignal): Promise<ProviderAnswer> {
    return this.#call(`opened ${order.id}`, order.id, signal);
  }
  async refund(refund: Refund, signal: AbortSignal): Promise<ProviderAnswer> {
    const answer = await this.#call(`refund ${refund.orderId}`, refund.orderId, signal);
    if (answer.ok) this.refunds.push(refund);
    return answer;
  }
  release(): void {
    const held = this.held ?? [];
    this.held = null;
    for (const go of held) go();
  }

  async #call(text: string, orderId: string, signal: AbortSignal): Promise<ProviderAnswer> {
    this.underWay += 1;
    this.underWayMost = Math.max(this.underWayMost, this.underWay);
    if (this.held !== null) await new Promise<void>((resolve) => this.held!.push(resolve));
    this.underWay -= 1;
    if (this.failing.has(orderId)) throw new Error('the provider is down');
    const reason = this.refusing.get(orderId);
    if (reason !== undefined) return { ok: false, reason };
    if (this.silent.has(orderId)) {
      return await new Promise(() => signal.addEventListener('abort', () => (this.aborted += 1)));
    }
    this.calls.push(text);
    return ACCEPTED;
  }
}

function start(options: Partial<PaymentsConsumerOptions> = {}) {
  const provider = new TestProvider();
  const positions = new MemoryConsumerPositions();
  const clock = new ManualClock(NOW);
  const log = new RecordingLog();
  const parkedRefunds = new MemoryParkedRefunds();
  const router = new ScriptedRouter();
  const levels = new ReachedLevel(FEATURE_LEVEL);
  const auditLog = new MemoryAuditLog();
  const parts = { provider, positions, parkedRefunds, auditLog, router, levels, clock, log };
  return { ...parts, consumer: new PaymentsConsumer({ ...parts, ...options }) };
}

/** The provider refuses the first two orders of the drop. */
function failing(options: Partial<PaymentsConsumerOptions>) {
  const parts = start(options);
  for (const id of ['d_1-0', 'd_1-1']) parts.provider.failing.add(id);
  return parts;
}

test('P1: a payment is opened for each order that waits for one, and no other', async (t) => {
  const { consumer, provider } = start();
  await consumer.consume([
    batch(1, [
      [placed, { id: 'd_1-0' }],
      [placed, { id: 'd_2-0', status: 'confirmed' }, { payment: 'instant' }],
      [placed, { id: 'd_1-1', status: 'expired' }],
      [
        { type: 'order-expired', ordinal: 2 },
        { id: 'd_1-2', status: 'expired' },
      ],
      [{ type: 'drop-opened' }],
    ]),
  ]);
  await flush();
  t.deepEqual(provider.calls, ['opened d_1-0']);
});

test('P4: refunds carry the payment reference and the amount', async (t) => {
  const { consumer, provider } = start();
  const refunded = { id: 'd_1-1', status: 'refunded', paymentReference: 'ch_9' } as const;
  await consumer.consume([
    batch(1, [
      [refundRequested, { ...lost, totalAmount: 5_000 }],
      [
        { type: 'order-refunded', ordinal: 1 },
        { ...refunded, refundRequested: true },
      ],
      [{ type: 'order-refunded', ordinal: 2 }, { id: 'd_2-2' }, { payment: 'instant' }],
    ]),
  ]);
  await flush();
  const ids = [refundId('d_1-0', 'ref'), refundId('d_1-1', 'ch_9')];
  const both = { currency: 'EUR', reason: null };
  t.deepEqual(provider.refunds, [
    { id: ids[0]!, orderId: 'd_1-0', reference: 'ref', amount: 5_000, ...both },
    { id: ids[1]!, orderId: 'd_1-1', reference: 'ch_9', amount: 2_500, ...both },
  ]);
  for (const id of ids) t.regex(id, new RegExp(REFUND_ID));
});

test('P2a, P4a: a rejected payment is refunded as it was paid, is logged and counted', async (t) => {
  const { consumer, provider, log } = start();
  const paid = { reference: 'B', amount: 1, currency: 'JPY' };
  const rejected = { type: 'payment-rejected', ordinal: 0, ...paid } as const;
  await consumer.consume([
    batch(1, [
      [{ ...rejected, reason: 'wrong-amount' }, { id: 'd_1-0' }],
      [{ ...rejected, ordinal: 1, reason: 'order-settled' }, { id: 'd_1-1' }],
      [{ type: 'payment-refunded', ordinal: 0, ...paid }, { id: 'd_1-0' }],
      [
        { type: 'order-refunded-at-provider', ordinal: 2 },
        { id: 'd_1-2', status: 'refunded' },
      ],
    ]),
  ]);
  await flush();
  const refund = { ...paid, reason: null };
  t.deepEqual(provider.refunds, [
    { id: refundId('d_1-0', 'B'), orderId: 'd_1-0', ...refund },
    { id: refundId('d_1-1', 'B'), orderId: 'd_1-1', ...refund },
  ]);
  t.deepEqual(consumer.rejectedPayments(), { 'order-settled': 1, 'wrong-amount': 1 });
  t.is(log.warnings.length, 2);
});

test('O12a: each part of an order is refunded by an id of its own, with its reason', async (t) => {
  const { consumer, provider } = start();
  const about = { id: 'd_1-0', status: 'confirmed', paymentReference: 'ch_9' } as const;
  const refund = { ordinal: 0, amount: 500, quantity: 1, restock: true, reason: 'broken' };
  const part = { ...refund, type: 'order-part-refunded' } as const;
  await consumer.consume([
    batch(1, [
      [{ ...part, number: 1 }, about],
      [{ ...part, number: 2, reason: null }, about],
      [{ ...part, number: 3, amount: 0 }, about],
      [
        { ...refund, type: 'order-rest-refunded', amount: 7 },
        { ...about, status: 'refunded' },
      ],
    ]),
  ]);
  await flush();
  const made = { orderId: 'd_1-0', reference: 'ch_9', currency: 'EUR' };
  t.deepEqual(provider.refunds, [
    { id: refundId('d_1-0', 'ch_9', 1), ...made, amount: 500, reason: 'broken' },
    { id: refundId('d_1-0', 'ch_9', 2), ...made, amount: 500, reason: null },
    { id: refundId('d_1-0', 'ch_9'), ...made, amount: 7, reason: 'broken' },
  ]);
  t.is(new Set(provider.refunds.map(({ id }) => id)).size, 3);
});

test('P5: the provider is never called for an order that costs nothing', async (t) => {
  const { consumer, provider } = start();
  const free = { id: 'd_1-0', totalAmount: 0 };
  await consumer.consume([
    batch(1, [
      [placed, free],
      [
        { type: 'order-confirmed', ordinal: 0, reference: 'pay_d_1-0' },
        { ...free, status: 'confirmed' },
      ],
      [
        { type: 'order-refunded', ordinal: 0 },
        { ...free, status: 'refunded' },
      ],
    ]),
  ]);
  await flush();
  t.deepEqual(provider.calls, []);
});

test('P4: a refund that fails now and then is retried, and the position waits for it', async (t) => {
  const { consumer, provider, parkedRefunds, clock } = start();
  provider.failing.add('d_1-0');
  await consumer.consume([
    batch(1, [[{ type: 'drop-opened' }]]),
    batch(2, [[refundRequested, lost]]),
    batch(3, [[placed, { id: 'd_1-1' }]]),
    batch(4, []),
  ]);
  await clock.advance(5_000);
  t.deepEqual(provider.calls, ['opened d_1-1']);
  t.is(await consumer.position(0), 1);
  provider.failing.clear();
  await clock.advance(31_000);
  t.deepEqual(provider.calls, ['opened d_1-1', 'refund d_1-0']);
  await clock.advance(1_000);
  t.is(await consumer.position(0), 4);
  t.is(await parkedRefunds.count('parked'), 0);
});

test('P6: a refund refused for good is parked, and holds up none of 1,000 behind it', async (t) => {
  const { consumer, provider, parkedRefunds, auditLog, clock } = start();
  provider.refusing.set('d_1-0', 'The card\u0000 was\u202e closed.\n');
  await consumer.consume(
    Array.from({ length: 1_001 }, (_, i) =>
      batch(i + 1, [[refundRequested, { ...lost, id: `d_1-${i}` }]]),
    ),
  );
  await clock.advance(1_000);
  t.is(provider.refunds.length, 1_000);
  t.is(await consumer.position(0), 1_001);
  const { items } = await parkedRefunds.list(null, FIRST_PAGE);
  const [{ id } = { id: '' }] = items;
  t.regex(id, new RegExp(REFUND_ID));
  t.deepEqual(items, [parkedRefund({ id })]);
  t.deepEqual((await auditLog.list({ actor: 'system' }, FIRST_PAGE)).items, [
    {
      sequence: 1,
      at: NOW,
      actor: { kind: 'system', id: 'system', keyId: null },
      action: 'park-refund',
      target: { type: 'refund', id },
      creatorId: 'u_creator',
      params: {
        orderId: 'd_1-0',
        dropId: 'd_1',
        amount: 2_500,
        currency: 'EUR',
        failedAttempts: 1,
      },
      changes: [{ field: 'state', before: null, after: 'parked' }],
      outcome: 'done',
      result: 'The provider refused it for good.',
      address: null,
      requestId: null,
    },
  ]);
});

test('P6: calls that have no answer end, are parked, and hold up nothing', async (t) => {
  const { consumer, provider, parkedRefunds, clock } = start();
  provider.silent.add('d_1-0');
  await consumer.consume(
    Array.from({ length: 101 }, (_, i) =>
      batch(i + 1, [[refundRequested, { ...lost, id: `d_1-${i}` }]]),
    ),
  );
  await clock.advance(0);
  t.is(provider.refunds.length, 100);
  await clock.advance(60_000);
  t.is(await consumer.position(0), 0);
  await clock.advance(120_000);
  t.is(await consumer.position(0), 101);
  const [parked] = (await parkedRefunds.list('parked', FIRST_PAGE)).items;
  t.like(parked, { orderId: 'd_1-0', refused: false, reason: 'no answer within 10 seconds' });
  t.true(parked!.nextAttemptAt! >= parked!.parkedAt + 60_000 / 2);
  t.is(parked!.attempts, provider.aborted, 'the driver was told that nobody waits any more');
  t.true(parked!.attempts > 3 && parked!.attempts <= 10);
});

test('P6: a refund that keeps failing is parked after 10 attempts', async (t) => {
  const { consumer, provider, parkedRefunds, clock } = start();
  provider.failing.add('d_1-0');
  await consumer.consume([batch(1, [[refundRequested, lost]])]);
  await clock.advance(130_000);
  t.like((await parkedRefunds.list('parked', FIRST_PAGE)).items[0], {
    attempts: 10,
    refused: false,
    reason: 'the provider is down',
    firstAttemptAt: NOW,
  });
  t.is(await consumer.position(0), 1);
});

test('P6: after a crash before its position was stored, a refund is parked once', async (t) => {
  const before = start();
  before.provider.refusing.set('d_1-0', 'no');
  const batches = [batch(1, [[refundRequested, lost]])];
  await before.consumer.consume(batches);
  await flush();
  t.is(await before.parkedRefunds.count('parked'), 1);
  // The process dies here: the refund is parked, the position is not stored.
  const { positions, parkedRefunds } = before;
  t.is(await positions.load('payments', 0), 0);
  const after = start({ positions, parkedRefunds });
  after.provider.refusing.set('d_1-0', 'no');
  await after.consumer.consume(batches);
  await after.clock.advance(1_000);
  t.is(await after.consumer.position(0), 1);
  t.is((await parkedRefunds.list(null, FIRST_PAGE)).items.length, 1);
});

test('P6: the position waits while a refund cannot be parked', async (t) => {
  const full = new MemoryParkedRefunds({ max: 1 });
  const broken = new MemoryParkedRefunds();
  broken.park = () => Promise.reject(new StoreUnavailableError('not now'));
  for (const parkedRefunds of [full, broken]) {
    const { consumer, provider, clock } = start({ parkedRefunds });
    const ids = ['d_1-0', 'd_1-1'];
    for (const id of ids) provider.refusing.set(id, 'no');
    await consumer.consume(ids.map((id, i) => batch(i + 1, [[refundRequested, { ...lost, id }]])));
    await clock.advance(600_000);
    t.is(await consumer.position(0), parkedRefunds === full ? 1 : 0);
    provider.refusing.clear();
    await clock.advance(31_000);
    t.is(await consumer.position(0), 2);
  }
});

test('P6, X5: the position waits while a parked refund is not in the audit log', async (t) => {
  const { consumer, provider, parkedRefunds, auditLog, clock } = start();
  const append = auditLog.append.bind(auditLog);
  auditLog.append = () => Promise.reject(new StoreUnavailableError('not now'));
  provider.refusing.set('d_1-0', 'no');
  await consumer.consume([batch(1, [[refundRequested, lost]])]);
  await clock.advance(600_000);
  t.deepEqual([await parkedRefunds.count('parked'), await consumer.position(0)], [1, 0]);
  auditLog.append = append;
  await clock.advance(31_000);
  t.is(await consumer.position(0), 1);
  const { items } = await auditLog.list({}, FIRST_PAGE);
  t.deepEqual(
    items.map(({ action }) => action),
    ['park-refund'],
  );
});

test('P4: after a crash every call that was not finished is made again', async (t) => {
  const before = start();
  before.provider.failing.add('d_1-1');
  const batches = [
    batch(1, [[refundRequested, { ...lost, id: 'd_1-0' }]]),
    batch(2, [[refundRequested, { ...lost, id: 'd_1-1' }]]),
    batch(3, [[refundRequested, { ...lost, id: 'd_1-2' }]]),
  ];
  await before.consumer.consume(batches);
  await before.clock.advance(5_000);
  // The process dies here: only the positions are left.
  const after = start({ positions: before.positions });
  const position = await after.consumer.position(0);
  t.is(position, 1);
  await after.consumer.consume(batches.filter(({ sequence }) => sequence > position));
  await flush();
  t.deepEqual(after.provider.calls, ['refund d_1-1', 'refund d_1-2']);
});

test('N11: repeated batches whose calls are in progress add no calls', async (t) => {
  const { consumer, provider } = start();
  provider.held = [];
  const batches = [batch(1, [[placed, {}]]), batch(2, [[placed, { id: 'd_1-1' }]])];
  await consumer.consume(batches);
  await consumer.consume(batches);
  provider.release();
  await flush();
  await consumer.consume(batches);
  await flush();
  t.deepEqual(provider.calls, ['opened d_1-0', 'opened d_1-1']);
});

test('P1: calls that failed together are retried apart, at most every 30 seconds', async (t) => {
  const chances = [0, 0.5];
  let draws = 0;
  const random = () => chances[draws++ % 2]!;
  const { consumer, log, clock } = failing({ random });
  await consumer.consume([
    batch(1, [
      [placed, { id: 'd_1-0', holdExpiresAt: NOW + 3_600_000 }],
      [placed, { id: 'd_1-1', holdExpiresAt: NOW + 3_600_000 }],
    ]),
  ]);
  await flush();
  t.is(log.warnings.length, 2);
  // 100 ms, of which chance takes a half away, and a quarter.
  await clock.advance(49);
  t.is(log.warnings.length, 2);
  await clock.advance(1);
  t.is(log.warnings.length, 3);
  clock.shiftWall(-3_600_000);
  await clock.advance(24);
  t.is(log.warnings.length, 3);
  await clock.advance(1);
  t.is(log.warnings.length, 4);
  await clock.advance(600_000);
  const before = log.warnings.length;
  await clock.advance(30_000);
  t.true(log.warnings.length - before >= 2 && log.warnings.length - before <= 4);
});

test('P1: an opening that keeps failing is given up when the hold expires', async (t) => {
  const { consumer, provider, clock, log } = start();
  provider.failing.add('d_1-0');
  await consumer.consume([batch(1, [[placed, { holdExpiresAt: NOW + 10_000 }]])]);
  await clock.advance(60_000);
  t.true(log.warnings.length > 3);
  t.is(await consumer.position(0), 1);
  const attempts = log.warnings.length;
  await clock.advance(60_000);
  t.is(log.warnings.length, attempts);
});

test('P1, P6: an opening that fails for long is retried without holding the position', async (t) => {
  const { consumer, provider, clock } = start();
  provider.failing.add('d_1-0');
  await consumer.consume([batch(1, [[placed, { holdExpiresAt: NOW + 3_600_000 }]])]);
  await clock.advance(130_000);
  t.is(await consumer.position(0), 1);
  provider.failing.clear();
  await clock.advance(31_000);
  t.deepEqual(provider.calls, ['opened d_1-0']);
  await consumer.stop();
  t.is(await consumer.position(0), 1);
});

test('P1: an opening that the provider refuses for good is not repeated', async (t) => {
  const { consumer, provider, log, clock } = start();
  provider.refusing.set('d_1-0', 'The amount is too small.');
  await consumer.consume([batch(1, [[placed, {}]])]);
  await clock.advance(600_000);
  t.is(log.warnings.length, 1);
  t.is(await consumer.position(0), 1);
});

test('P1: a slow provider delays no batch until the bounded queue is full', async (t) => {
  const { consumer, provider } = start({ concurrency: 2, queueLengthMax: 4 });
  provider.held = [];
  const batches = Array.from({ length: 6 }, (_, i) => batch(i + 1, [[placed, { id: `d_1-${i}` }]]));
  await consumer.consume(batches.slice(0, 4));
  t.is(provider.underWay, 2);
  const consumed = consumer.consume(batches.slice(4));
  await flush();
  t.is(await Promise.race([consumed, Promise.resolve('waiting')]), 'waiting');
  provider.release();
  await consumed;
  await flush();
  t.is(provider.calls.length, 6);
  t.is(provider.underWayMost, 2);
});

test('J2: positions are stored late and together, and a failing store loses none', async (t) => {
  const { consumer, positions, clock, log } = start();
  const saves: number[] = [];
  const save = positions.save.bind(positions);
  positions.save = async (name, moved) => {
    saves.push(moved.length);
    if (saves.length === 1) throw new StoreUnavailableError('not now');
    await save(name, moved);
  };
  await consumer.consume([batch(1, [], 0), batch(5, [[placed, {}]], 1), batch(2, [], 0)]);
  await clock.advance(999);
  t.deepEqual(saves, []);
  await clock.advance(1);
  t.deepEqual(saves, [2]);
  t.is(log.warnings.length, 1);
  await consumer.consume([batch(3, [], 0)]);
  await clock.advance(1_000);
  t.deepEqual(saves, [2, 2]);
  t.deepEqual(await Promise.all([0, 1].map((shard) => consumer.position(shard))), [3, 5]);
});

test('P4: stopping waits for calls in progress and leaves the rest for later', async (t) => {
  const { consumer, provider, clock } = start({ concurrency: 1, queueLengthMax: 3 });
  provider.held = [];
  const batches = [0, 1, 2, 3].map((i) =>
    batch(i + 1, [[refundRequested, { ...lost, id: `d_1-${i}` }]]),
  );
  const consumed = consumer.consume(batches);
  await flush();
  const stopped = consumer.stop();
  await consumed;
  provider.release();
  await stopped;
  t.deepEqual(provider.calls, ['refund d_1-0']);
  t.is(await consumer.position(0), 1);
  await clock.advance(3_600_000);
  t.is(provider.calls.length, 1);
});
