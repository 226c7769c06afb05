// Parked refunds are attempted again: by themselves, and because an operator wants it.

import test from 'ava';
import { dismissed, retryRequested } from '../../../events/payments/parked-refund.ts';
import { ParkedRefundRetries } from '../../../events/payments/parked-refund-retries.ts';
import {
  ACCEPTED,
  type PaymentProvider,
  type ProviderAnswer,
  type Refund,
} from '../../../events/payments/payment-provider.ts';
import { MemoryAuditLog } from '../../../storage/memory/audit-log-memory.ts';
import { MemoryParkedRefunds } from '../../../storage/memory/parked-refunds-memory.ts';
import { StoreUnavailableError } from '../../../storage/ports/journal.ts';
import { ManualClock } from '../../actors/manual-clock.ts';
import { FIRST_PAGE, NOW, RecordingLog } from '../../services/harness.ts';
import { parkedRefund } from './parked-refunds.ts';

const SILENCE = 'silence';

function start(t: { teardown(undo: () => Promise<void>): void }) {
  const clock = new ManualClock(NOW);
  const parkedRefunds = new MemoryParkedRefunds();
  const auditLog = new MemoryAuditLog();
  const log = new RecordingLog();
  const asked: Refund[] = [];
  const answers: { next: ProviderAnswer | Error | typeof SILENCE } = { next: ACCEPTED };
  const provider: PaymentProvider = {
    name: 'test',
    reference: (orderId) => orderId,
    opened: () => Promise.reject(new Error('nothing is opened here')),
    async refund(refund) {
      asked.push(refund);
      const { next } = answers;
      if (next === SILENCE) return await new Promise(() => undefined);
      if (next instanceof Error) throw next;
      return next;
    },
  };
  const make = () =>
    new ParkedRefundRetries({ provider, parkedRefunds, auditLog, clock, log, random: () => 1 });
  const retries = make();
  retries.start();
  t.teardown(() => retries.stop());
  const stored = async () => (await parkedRefunds.find(parkedRefund().id))!;
  /** The newest first: each attempt's end. */
  const recorded = async () =>
    (await auditLog.list({ actor: 'system', action: 'attempt-refund' }, FIRST_PAGE)).items;
  return { clock, parkedRefunds, auditLog, log, asked, answers, retries, make, stored, recorded };
}

test('P6: a refund refused for good is attempted only when an operator wants it', async (t) => {
  const { clock, parkedRefunds, asked, retries, stored } = start(t);
  await parkedRefunds.park(parkedRefund({ refundReason: 'One was missing.' }));
  await clock.advance(3_600_000);
  t.deepEqual(asked, []);
  t.deepEqual(retries.unmade(), { parked: 1, retrying: 0 });
  const wanted = retryRequested(await stored(), clock.now())!;
  t.true(await parkedRefunds.replace(wanted));
  await clock.advance(1_000);
  const { id, orderId, reference, amount, currency } = parkedRefund();
  t.deepEqual(asked, [{ id, orderId, reference, amount, currency, reason: 'One was missing.' }]);
  t.like(await stored(), { state: 'done', nextAttemptAt: null, lastAttemptAt: clock.now() });
  await clock.advance(1_000);
  t.deepEqual(retries.unmade(), { parked: 0, retrying: 0 });
});

test('P6: an operator’s retry that is refused again is parked with the new reason', async (t) => {
  const { clock, parkedRefunds, answers, stored } = start(t);
  await parkedRefunds.park(parkedRefund());
  answers.next = { ok: false, reason: 'long '.repeat(1_000) };
  await parkedRefunds.replace(retryRequested(await stored(), NOW)!);
  await clock.advance(1_000);
  const refund = await stored();
  t.like(refund, { state: 'parked', refused: true, attempts: 2, nextAttemptAt: null });
  t.true(refund.reason.startsWith('long long') && refund.reason.length <= 300);
});

test('P6: a refund without an answer is attempted ever more rarely, and at last made', async (t) => {
  const { clock, parkedRefunds, answers, asked, stored } = start(t);
  await parkedRefunds.park(parkedRefund({ refused: false, nextAttemptAt: NOW + 60_000 }));
  answers.next = new Error('the provider is down');
  await clock.advance(59_000);
  t.is(asked.length, 0);
  await clock.advance(3 * 3_600_000);
  // After 1, 2, 4, 8, 16, 32 and 64 minutes, then each hour.
  t.is(asked.length, 8);
  t.like(await stored(), { state: 'parked', refused: false, reason: 'the provider is down' });
  answers.next = ACCEPTED;
  await clock.advance(3_601_000);
  t.like(await stored(), { state: 'done', attempts: asked.length });
});

test('P6: an attempt without an answer ends, and the next one is later', async (t) => {
  const { clock, parkedRefunds, answers, stored } = start(t);
  await parkedRefunds.park(parkedRefund({ nextAttemptAt: NOW, refused: false }));
  answers.next = SILENCE;
  await clock.advance(5_000);
  t.is((await stored()).state, 'retrying');
  await clock.advance(5_000);
  t.like(await stored(), { state: 'parked', reason: 'no answer within 10 seconds' });
});

test('P6, X5: each attempt is in the audit log with what came of it', async (t) => {
  const { clock, parkedRefunds, auditLog, answers, stored, recorded } = start(t);
  await parkedRefunds.park(parkedRefund({ refused: false, nextAttemptAt: NOW + 1_000 }));
  const secret = 'The card of Ada Lovelace was closed.';
  answers.next = new Error(secret);
  await clock.advance(2_000);
  answers.next = { ok: false, reason: secret };
  await clock.advance(3_600_000);
  answers.next = ACCEPTED;
  await parkedRefunds.replace(retryRequested(await stored(), clock.now())!);
  await clock.advance(1_000);
  const { id, orderId, dropId, amount, currency } = parkedRefund();
  const about = {
    actor: { kind: 'system', id: 'system', keyId: null },
    target: { type: 'refund', id },
    creatorId: 'u_creator',
    address: null,
  } as const;
  const entries = await recorded();
  t.like(entries, [
    {
      ...about,
      params: { orderId, dropId, amount, currency, failedAttempts: 3 },
      outcome: 'done',
      changes: [{ field: 'state', before: 'parked', after: 'done' }],
    },
    { ...about, outcome: 'refused', changes: [] },
    { ...about, outcome: 'failed', changes: [] },
  ]);
  t.false(JSON.stringify(entries).includes('Ada'));
  t.deepEqual(await auditLog.listBegun(Infinity, 10), []);
});

test('P6, X5: no attempt is made without a place for its record', async (t) => {
  const { clock, parkedRefunds, auditLog, asked, stored, recorded } = start(t);
  const begin = auditLog.begin.bind(auditLog);
  auditLog.begin = () => Promise.reject(new StoreUnavailableError('not now'));
  await parkedRefunds.park(parkedRefund({ nextAttemptAt: NOW, refused: false }));
  await clock.advance(200_000);
  t.deepEqual([asked, (await stored()).state], [[], 'retrying']);
  auditLog.begin = begin;
  await clock.advance(61_000);
  t.is((await stored()).state, 'done');
  t.is((await recorded()).length, 1);
});

test('P6, X5: an attempt is begun in the log while the provider is asked', async (t) => {
  const { clock, parkedRefunds, auditLog, answers, stored, log } = start(t);
  auditLog.finish = () => Promise.reject(new StoreUnavailableError('not now'));
  await parkedRefunds.park(parkedRefund({ nextAttemptAt: NOW, refused: false }));
  answers.next = SILENCE;
  await clock.advance(5_000);
  t.like(await auditLog.listBegun(Infinity, 10), [
    { entry: { action: 'attempt-refund', outcome: 'unknown' } },
  ]);
  await clock.advance(6_000);
  t.is((await stored()).state, 'parked', 'what the provider answered counts');
  t.true(log.warnings.length > 0);
});

test('P6: an attempt that a crash cut off is made again by another node', async (t) => {
  const { clock, parkedRefunds, answers, asked, make, stored } = start(t);
  answers.next = ACCEPTED;
  // What a node stores before it calls the provider, and then dies.
  await parkedRefunds.park(parkedRefund({ state: 'retrying', nextAttemptAt: NOW + 60_000 }));
  const other = make();
  other.start();
  t.teardown(() => other.stop());
  await clock.advance(59_000);
  t.is(asked.length, 0);
  await clock.advance(2_000);
  t.is(asked.length, 1, 'one of the two nodes made it');
  t.is((await stored()).state, 'done');
});

test('P6: a dismissal during an attempt stays, unless the refund was made', async (t) => {
  for (const [answer, state] of [
    [new Error('down'), 'dismissed'],
    [ACCEPTED, 'done'],
  ] as const) {
    const { clock, parkedRefunds, answers, stored } = start(t);
    const replace = parkedRefunds.replace.bind(parkedRefunds);
    await parkedRefunds.park(parkedRefund({ nextAttemptAt: NOW, refused: false }));
    answers.next = answer;
    parkedRefunds.replace = async (next) => {
      const replaced = await replace(next);
      parkedRefunds.replace = replace;
      // The operator is between the begin of the attempt and its result.
      await replace(dismissed(await stored(), 'Paid back by hand.')!);
      return replaced;
    };
    await clock.advance(1_000);
    t.is((await stored()).state, state);
  }
});

test('P6: a store that is away ends no retries', async (t) => {
  const { clock, parkedRefunds, log, stored } = start(t);
  const due = parkedRefunds.due.bind(parkedRefunds);
  parkedRefunds.due = () => Promise.reject(new StoreUnavailableError('not now'));
  await parkedRefunds.park(parkedRefund({ nextAttemptAt: NOW }));
  await clock.advance(3_000);
  t.true(log.warnings.length >= 3);
  parkedRefunds.due = due;
  await clock.advance(1_000);
  t.is((await stored()).state, 'done');
});
