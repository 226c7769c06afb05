// What every driver of the parked refunds must do. They are one list for the whole store, so the
// tests run one after the other.

import test, { type ExecutionContext } from 'ava';
import type { ParkedRefund } from '../../../contracts/refunds.ts';
import type { ParkedRefunds } from '../../../storage/ports/parked-refunds.ts';
import { parkedRefund } from '../../events/payments/parked-refunds.ts';
import { failsWith } from './errors.ts';

/** The bound of the stores that the contract tests. */
export const PARKED_MAX = 12;

export function parkedRefundsContract(store: () => ParkedRefunds): void {
  const refundOf = (number: number, change: Partial<ParkedRefund> = {}) =>
    parkedRefund({ id: `rf_${number}`, orderId: `d_1-${number}`, parkedAt: number, ...change });

  async function park(t: ExecutionContext, ...refunds: ParkedRefund[]): Promise<void> {
    for (const refund of refunds) t.true(await store().park(refund));
  }

  async function listed(state: ParkedRefund['state'] | null, limit: number) {
    const pages: string[][] = [];
    let cursor: string | null = null;
    do {
      const page = await store().list(state, { limit, cursor });
      pages.push(page.items.map(({ id }) => id));
      cursor = page.nextCursor;
    } while (cursor !== null && pages.length < 10);
    return pages;
  }

  test.serial('P6: a refund is found as it was parked, and parked only once', async (t) => {
    t.is(await store().find('rf_1'), null);
    const first = refundOf(1, { reason: 'no, "never", ünïcode', nextAttemptAt: 5 });
    await park(t, first, refundOf(1, { reason: 'another' }));
    t.deepEqual(await store().find('rf_1'), first);
    t.is(await store().count('parked'), 1);
  });

  test.serial('P6: only the next revision replaces a refund', async (t) => {
    const before = (await store().find('rf_1'))!;
    t.false(await store().replace(before));
    t.false(await store().replace({ ...before, state: 'done', revision: 2 }));
    t.false(await store().replace(refundOf(99, { revision: 1 })));
    t.deepEqual(await store().find('rf_1'), before);
    const both = await Promise.all([
      store().replace({ ...before, state: 'retrying', revision: 1 }),
      store().replace({ ...before, state: 'dismissed', revision: 1 }),
    ]);
    t.deepEqual(both.filter(Boolean).length, 1);
    const after = (await store().find('rf_1'))!;
    t.is(after.state, both[0] ? 'retrying' : 'dismissed');
    t.true(await store().replace({ ...after, state: 'done', nextAttemptAt: null, revision: 2 }));
  });

  test.serial('P6: a finished refund that is parked again stays finished', async (t) => {
    await park(t, refundOf(1));
    t.is((await store().find('rf_1'))?.state, 'done');
  });

  test.serial('P6: refunds are listed newest first, all or of one state', async (t) => {
    await park(t, refundOf(2), refundOf(4), refundOf(3), refundOf(5, { parkedAt: 4 }));
    t.deepEqual(await listed(null, 2), [['rf_5', 'rf_4'], ['rf_3', 'rf_2'], ['rf_1']]);
    t.deepEqual(await listed('parked', 3), [['rf_5', 'rf_4', 'rf_3'], ['rf_2']]);
    t.deepEqual(await listed('done', 3), [['rf_1']]);
    t.deepEqual(await listed('retrying', 3), [[]]);
    t.deepEqual(await Promise.all([store().count('parked'), store().count('done')]), [4, 1]);
    await failsWith(t, 'invalid-cursor', store().list(null, { limit: 2, cursor: 'nonsense' }));
  });

  test.serial('P6: due are those whose next attempt has come, earliest first', async (t) => {
    await park(t, refundOf(6, { nextAttemptAt: 70 }), refundOf(7, { nextAttemptAt: 60 }));
    const due = async (time: number, limit: number) =>
      (await store().due(time, limit)).map(({ id }) => id);
    t.deepEqual(await due(59, 9), []);
    t.deepEqual(await due(60, 9), ['rf_7']);
    t.deepEqual(await due(70, 9), ['rf_7', 'rf_6']);
    t.deepEqual(await due(70, 1), ['rf_7']);
    await store().replace(refundOf(7, { nextAttemptAt: null, revision: 1 }));
    await store().replace(refundOf(6, { nextAttemptAt: 80, revision: 1 }));
    t.deepEqual(await due(79, 9), []);
    t.deepEqual(await due(80, 9), ['rf_6']);
  });

  test.serial('P6: both the unfinished and the finished refunds are bounded', async (t) => {
    let number = 100;
    const room = PARKED_MAX - (await store().count('parked'));
    const parked = await Promise.all(
      Array.from({ length: room }, () => store().park(refundOf(number++))),
    );
    t.true(parked.every(Boolean));
    t.false(await store().park(refundOf(number)));
    t.is(await store().find(`rf_${number}`), null);
    t.true(await store().park(refundOf(100)), 'one that is stored needs no room');

    const finish = (id: number) =>
      store().replace(refundOf(id, { state: 'done', nextAttemptAt: null, revision: 1 }));
    const last = number - 1;
    await Promise.all(Array.from({ length: room }, (_, i) => finish(100 + i)));
    t.true(await store().park(refundOf(number)));
    const rest = PARKED_MAX - (await store().count('done'));
    const added = Array.from({ length: rest + 1 }, (_, i) => number + i);
    await Promise.all(added.map((id) => store().park(refundOf(id))));
    await Promise.all(added.map(finish));
    t.is(await store().count('done'), PARKED_MAX);
    t.is(await store().find('rf_1'), null, 'the oldest is gone');
    t.is((await store().find(`rf_${last}`))?.state, 'done');
  });

  test.serial(
    'P6, H11: a refund is replaced once for a request, its answer kept with it',
    async (t) => {
      const request = { id: 'refund_once', fingerprint: 'f', callerId: 'olga' };
      const refund = refundOf(900);
      await park(t, refund);
      const retried = { ...refund, state: 'retrying', nextAttemptAt: 1, revision: 1 } as const;
      const late = await store().replaceOnce(request, { ...retried, revision: 9 }, 'late');
      t.deepEqual(late, { result: 'new', value: null });
      t.is(await store().requests.find(request), null, 'what replaced nothing is not kept');
      const retry = (after: ParkedRefund) => store().replaceOnce(request, after, 'first');
      const tries = await Promise.all([retry(retried), retry(retried)]);
      t.deepEqual(tries.map(({ result }) => result).toSorted(), ['new', 'repeated']);
      t.deepEqual(await store().find('rf_900'), retried);
      // Somebody else's change in between must stay.
      const dismissed = {
        ...retried,
        state: 'dismissed',
        nextAttemptAt: null,
        revision: 2,
      } as const;
      t.true(await store().replace(dismissed));
      const again = await retry({ ...retried, revision: 3 });
      t.deepEqual(again, { result: 'repeated', value: 'first' });
      t.deepEqual(await store().find('rf_900'), dismissed);
      const other = { ...request, fingerprint: 'g' };
      t.deepEqual(await store().replaceOnce(other, dismissed, 'b'), { result: 'reused' });
      // Past the bound the oldest are removed in this step, too.
      for (let i = 0; i <= PARKED_MAX; i++) {
        const done = refundOf(1_000 + i, { state: 'done', nextAttemptAt: null, revision: 1 });
        await park(t, refundOf(1_000 + i));
        const finishing = { ...request, id: `refund_done_${i}` };
        t.like(await store().replaceOnce(finishing, done, 'done'), { result: 'new' });
      }
      t.is(await store().count('done'), PARKED_MAX);
      t.is(await store().find('rf_1000'), null, 'the oldest is gone');
    },
  );
}
