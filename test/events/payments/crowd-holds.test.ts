// A crowd at a provider that prepares so many payments a second (R5): each hold waits for its turn,
// and then has its whole time to pay. A real drop, the real consumer and pace, a clock of the test.

import test from 'ava';
import { type FactBatch, factAfter } from '../../../actors/shard/facts.ts';
import type { DropCommand } from '../../../contracts/commands.ts';
import type { DropEvent } from '../../../contracts/drop-events.ts';
import { applyEvent, createDrop } from '../../../domain/apply.ts';
import { answerTo, decide, decideDueOrders } from '../../../domain/decide.ts';
import { success } from '../../../domain/refusal.ts';
import { CallPace } from '../../../events/payments/call-pace.ts';
import { ACCEPTED, type PaymentProvider } from '../../../events/payments/payment-provider.ts';
import { PaymentsConsumer } from '../../../events/payments/payments-consumer.ts';
import { MemoryAuditLog } from '../../../storage/memory/audit-log-memory.ts';
import { MemoryConsumerPositions } from '../../../storage/memory/consumer-positions-memory.ts';
import { MemoryParkedRefunds } from '../../../storage/memory/parked-refunds-memory.ts';
import { ReachedLevel } from '../../../storage/ports/feature-level.ts';
import { ManualClock } from '../../actors/manual-clock.ts';
import { NOW, RecordingLog, ScriptedRouter } from '../../services/harness.ts';

const CROWD = 400;
const CALLS_PER_SECOND = 25;
const HOLD_MS = 5_000;
const PACE_MS = (2 * 1_000) / CALLS_PER_SECOND;

test('R5: each hold of a crowd waits for its turn, then has its whole time, and no longer', async (t) => {
  const clock = new ManualClock(NOW);
  const pace = new CallPace({ rate: () => CALLS_PER_SECOND, clock });
  const calls: number[] = [];
  const call = () => {
    calls.push(clock.now());
    return Promise.resolve(ACCEPTED);
  };
  const provider: PaymentProvider = {
    name: 'test',
    reference: (id) => `pay_${id}`,
    opened: call,
    refund: call,
    prepared: {
      paceMs: PACE_MS,
      turn: () => pace.turn(),
      prepare: ({ id }) => call().then(() => ({ ok: true, reference: `pi_${id}` })),
      capture: call,
      release: call,
      secretOf: async () => null,
      orderOf: async () => null,
    },
  };
  const terms = {
    id: 'd_1',
    productId: 'p_1',
    creatorId: 'c',
    startsAt: NOW,
    endsAt: NOW + 3_600_000,
    unitAmount: 100,
    currency: 'EUR',
    limitPerUser: 1,
    holdSeconds: HOLD_MS / 1_000,
    payment: 'provider',
    paymentPaceMs: PACE_MS,
  } as const;
  const state = createDrop({ type: 'drop-created', terms, stock: CROWD }, NOW);
  applyEvent(state, { type: 'drop-opened' }, NOW);
  const router = new ScriptedRouter();
  const consumer = new PaymentsConsumer({
    provider,
    positions: new MemoryConsumerPositions(),
    parkedRefunds: new MemoryParkedRefunds(),
    auditLog: new MemoryAuditLog(),
    router,
    levels: new ReachedLevel(3),
    clock,
    log: new RecordingLog(),
  });
  let sequence = 0;
  const apply = async (events: readonly DropEvent[]) => {
    if (events.length === 0) return;
    const facts = events.map((event, index) => {
      applyEvent(state, event, clock.now());
      return Object.assign(factAfter(state, event, null), { index });
    });
    sequence += 1;
    const batch: FactBatch = { shard: 0, sequence, time: clock.now(), facts };
    await consumer.consume([batch]);
  };
  const readyAt = new Map<number, number>();
  const endedAt = new Map<number, number>();
  router.answer = async (command: DropCommand) => {
    const decision = decide(state, command, clock.now());
    if (!decision.ok) return decision;
    for (const event of decision.events)
      if (event.type === 'payment-prepared') readyAt.set(event.ordinal, clock.now());
    await apply(decision.events);
    return success(answerTo(state, command, decision));
  };
  for (let i = 0; i < CROWD; i++) {
    const command = { type: 'place-order', dropId: 'd_1', userId: `u_${i}`, key: 'k' } as const;
    const decision = decide(state, { ...command, quantity: 1 }, clock.now());
    if (decision.ok) await apply(decision.events);
  }
  const shown = state.orderView(CROWD - 1).holdExpiresAt! - NOW;
  for (let ms = 0; ms < CROWD * PACE_MS + 2 * HOLD_MS; ms += 20) {
    await clock.advance(20);
    const due = decideDueOrders(state, clock.now(), CROWD);
    for (const event of due) if ('ordinal' in event) endedAt.set(event.ordinal, clock.now());
    await apply(due);
  }
  t.is(readyAt.size, CROWD, 'everybody got a turn');
  t.is(endedAt.size, CROWD);
  for (const [ordinal, ended] of endedAt) {
    const heldMs = ended - readyAt.get(ordinal)!;
    t.true(heldMs >= HOLD_MS && heldMs <= HOLD_MS + 40, `${ordinal} had ${heldMs} ms to pay`);
  }
  t.true(Math.max(...readyAt.values()) - NOW + HOLD_MS <= shown, 'within what the buyer was told');
  t.true(Math.max(...readyAt.values()) - NOW > 3 * HOLD_MS, 'longer than a hold');
  for (let i = CALLS_PER_SECOND; i < calls.length; i++)
    t.true(calls[i]! - calls[i - CALLS_PER_SECOND]! >= 980, 'never more than the pace');
  await consumer.stop();
});
