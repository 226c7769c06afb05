// What every driver of the payment problems must do. They are one list for the whole store, so the
// tests run one after the other.

import test from 'ava';
import type { PaymentProblem, ProblemFilter } from '../../../contracts/payment-problems.ts';
import type { ConsumerPositions } from '../../../storage/ports/consumer-positions.ts';
import {
  PAYMENT_PROBLEMS_CONSUMER,
  type PaymentProblems,
  type ProblemChange,
} from '../../../storage/ports/payment-problems.ts';
import { paymentProblem } from '../../events/payments/payment-problems.ts';
import { failsWith } from './errors.ts';

/** The bound of the stores that the contract tests. */
export const PROBLEMS_MAX = 8;

interface ProblemStores {
  readonly paymentProblems: PaymentProblems;
  readonly consumerPositions: ConsumerPositions;
}

export function paymentProblemsContract(stores: () => ProblemStores): void {
  const store = () => stores().paymentProblems;
  const position = (shard: number) =>
    stores().consumerPositions.load(PAYMENT_PROBLEMS_CONSUMER, shard);
  const opened = (number: number, change: Partial<PaymentProblem> = {}): ProblemChange => ({
    type: 'opened',
    problem: paymentProblem({ id: `pp_${number}`, openedAt: number, ...change }),
  });
  const closed = (
    id: string,
    change: Partial<ProblemChange & { type: 'closed' }> = {},
  ): ProblemChange => ({
    type: 'closed',
    id,
    kind: 'disputed',
    outcome: 'won',
    closedAt: 90,
    amount: null,
    ...change,
  });

  async function listed(filter: ProblemFilter = {}, limit = 100): Promise<PaymentProblem[]> {
    const problems: PaymentProblem[] = [];
    let cursor: string | null = null;
    do {
      const page = await store().list(filter, { limit, cursor });
      problems.push(...page.items);
      cursor = page.nextCursor;
    } while (cursor !== null && problems.length < 100);
    return problems;
  }
  const ids = async (filter: ProblemFilter = {}, limit = 100) =>
    (await listed(filter, limit)).map(({ id }) => id);
  const count = async (kind: string, open: boolean) =>
    (await store().counts()).find((one) => one.kind === kind && one.open === open)?.count;

  test.serial('P2a: a payment to look at is stored once, with its position', async (t) => {
    t.deepEqual(await listed(), []);
    const first = opened(1, { reference: 'no, "never", ünïcode', amount: 2 ** 53 - 1 });
    const batch = { shard: 3, sequence: 7, rows: [first] };
    await store().store([batch]);
    await store().store([batch, { shard: 3, sequence: 6, rows: [opened(99)] }]);
    t.deepEqual(await listed(), [first.type === 'opened' ? first.problem : null] as object);
    await store().store([
      { shard: 3, sequence: 8, rows: [] },
      { shard: 4, sequence: 2, rows: [opened(1, { amount: 1 })] },
    ]);
    t.is((await listed())[0]?.amount, 2 ** 53 - 1, 'it stays as it was');
    t.deepEqual(await Promise.all([3, 4, 5].map(position)), [8, 2, 0]);
  });

  test.serial('P7: a dispute is open until it ends, and its end stays', async (t) => {
    await store().store([
      { shard: 3, sequence: 9, rows: [opened(2, { kind: 'disputed', reason: null })] },
      { shard: 3, sequence: 10, rows: [opened(3, { kind: 'disputed' }), closed('pp_3')] },
    ]);
    t.deepEqual(await ids({ kind: 'disputed', open: true }), ['pp_2']);
    const lost = closed('pp_3', { outcome: 'lost', closedAt: 95 });
    await store().store([{ shard: 3, sequence: 11, rows: [lost, closed('pp_none')] }]);
    t.like((await listed({ kind: 'disputed', open: false }))[0], {
      id: 'pp_3',
      open: false,
      outcome: 'won',
      closedAt: 90,
    });
  });

  test.serial('P2a: a rejected payment is open until all of it is refunded', async (t) => {
    const refunded = (amount: number) =>
      closed('pp_4', { kind: 'rejected', outcome: 'refunded', amount });
    await store().store([
      { shard: 3, sequence: 12, rows: [opened(4, { amount: 500 }), refunded(499)] },
    ]);
    t.deepEqual(await ids({ open: true, kind: 'rejected' }), ['pp_4', 'pp_1']);
    await store().store([{ shard: 3, sequence: 13, rows: [refunded(500)] }]);
    t.deepEqual(await ids({ open: true, kind: 'rejected' }), ['pp_1']);
    t.like((await listed({ kind: 'rejected', open: false }))[0], { outcome: 'refunded' });
  });

  test.serial('P7: they are listed newest first, page by page, by kind and by open', async (t) => {
    const voided = opened(5, { kind: 'voided', open: false, openedAt: 3 });
    await store().store([{ shard: 5, sequence: 1, rows: [voided] }]);
    const all = ['pp_4', 'pp_5', 'pp_3', 'pp_2', 'pp_1'];
    for (const limit of [1, 2, 3, 5, 6]) t.deepEqual(await ids({}, limit), all, `${limit}`);
    t.deepEqual(await ids({ open: true }, 1), ['pp_2', 'pp_1']);
    t.deepEqual(await ids({ open: false }, 2), ['pp_4', 'pp_5', 'pp_3']);
    t.deepEqual(await ids({ kind: 'voided' }), ['pp_5']);
    t.deepEqual(await ids({ kind: 'voided', open: true }), []);
    const kinds = ['rejected', 'disputed', 'voided'];
    t.deepEqual(await Promise.all(kinds.map((kind) => count(kind, true))), [1, 1, 0]);
    t.deepEqual(await Promise.all(kinds.map((kind) => count(kind, false))), [1, 1, 1]);
    const cursor = 'nonsense';
    await failsWith(t, 'invalid-cursor', store().list({}, { limit: 2, cursor }));
  });

  test.serial('P2a: of each kind the newest stay, whatever the order of the entries', async (t) => {
    const numbers = Array.from({ length: PROBLEMS_MAX + 3 }, (_, i) => 100 + i);
    const rows = numbers.toReversed().map((number) => opened(number, { kind: 'voided' }));
    await store().store([
      { shard: 6, sequence: 1, rows: [...rows, closed('pp_103', { kind: 'voided' })] },
      { shard: 6, sequence: 2, rows },
    ]);
    const newest = numbers.slice(-PROBLEMS_MAX).toReversed();
    t.deepEqual(
      await ids({ kind: 'voided' }),
      newest.map((number) => `pp_${number}`),
    );
    t.deepEqual(await ids({ kind: 'rejected' }), ['pp_4', 'pp_1'], 'another kind keeps its own');
    t.deepEqual(await ids({ kind: 'voided', open: false }), ['pp_103']);
  });
}
