// The operators' use cases of parked refunds: what they change, what is recorded, and that
// repeating them is harmless.

import test from 'ava';
import { refusal, success } from '../../../domain/refusal.ts';
import { parkedRefund } from '../../events/payments/parked-refunds.ts';
import { FIRST_PAGE, NOW } from '../../services/harness.ts';
import { PretendCluster } from './pretend-cluster.ts';

const caller = { userId: 'olga', roles: ['operator'] };
const refundId = parkedRefund().id;
const retrying = parkedRefund({ state: 'retrying', nextAttemptAt: NOW, revision: 1 });

async function start() {
  const cluster = await PretendCluster.start(['node-1']);
  const { operators, parkedRefunds } = cluster;
  await parkedRefunds.park(parkedRefund());
  const recorded = () =>
    cluster.log.actions.map(({ action, params, result }) => [action, params, result]);
  return { cluster, operators, parkedRefunds, recorded };
}

test('P6: operators see refunds of all states, or of one', async (t) => {
  const { operators } = await start();
  const page = { items: [parkedRefund()], nextCursor: null };
  t.deepEqual(await operators.refunds({ caller, page: FIRST_PAGE }), success(page));
  t.deepEqual(
    await operators.refunds({ caller, state: 'done', page: FIRST_PAGE }),
    success({ items: [], nextCursor: null }),
  );
});

test('P6, X3: a retry makes the refund due and is recorded; once more changes nothing', async (t) => {
  const { operators, parkedRefunds, recorded } = await start();
  const dry = await operators.retryRefund({ caller, refundId, dryRun: true });
  t.deepEqual(dry, success({ applied: false, refund: retrying }));
  t.deepEqual([await parkedRefunds.find(refundId), recorded()], [parkedRefund(), []]);
  const first = await operators.retryRefund({ caller, refundId });
  t.deepEqual(first, success({ applied: true, refund: retrying }));
  t.deepEqual(await operators.retryRefund({ caller, refundId }), first);
  t.deepEqual(await parkedRefunds.find(refundId), retrying);
  t.deepEqual(recorded(), [
    ['retry-refund', { refundId }, 'To be attempted again.'],
    ['retry-refund', { refundId }, 'Nothing to do: it is so already, or the refund is made.'],
  ]);
});

test('P6, X3: a dismissal keeps its reason and is recorded; a retry takes it back', async (t) => {
  const { operators, parkedRefunds, recorded } = await start();
  await operators.dismissRefund({ caller, refundId, reason: 'Paid back by hand.' });
  await operators.dismissRefund({ caller, refundId, reason: 'another' });
  t.like(await parkedRefunds.find(refundId), {
    state: 'dismissed',
    dismissal: 'Paid back by hand.',
    nextAttemptAt: null,
  });
  t.deepEqual(recorded()[0], [
    'dismiss-refund',
    { refundId, reason: 'Paid back by hand.' },
    'Dismissed: the provider is not asked again.',
  ]);
  await operators.retryRefund({ caller, refundId });
  t.like(await parkedRefunds.find(refundId), { state: 'retrying', dismissal: null });
});

test('P6: a refund that is made stays so', async (t) => {
  const { operators, parkedRefunds } = await start();
  const made = parkedRefund({ state: 'done', revision: 1 });
  await parkedRefunds.replace(made);
  for (const outcome of [
    await operators.retryRefund({ caller, refundId }),
    await operators.dismissRefund({ caller, refundId, reason: 'no' }),
  ]) {
    t.deepEqual(outcome, success({ applied: true, refund: made }));
  }
  t.deepEqual(await parkedRefunds.find(refundId), made);
});

test('P6: an id that names no refund is not-found; one of another form is not recorded', async (t) => {
  const { operators, recorded } = await start();
  const unknown = `rf_${'0'.repeat(24)}`;
  const refused = refusal('not-found', `There is no refund ${unknown}.`);
  t.deepEqual(await operators.retryRefund({ caller, refundId: unknown }), refused);
  for (const id of ['7', '__proto__', `${unknown}0`, '']) {
    t.deepEqual(await operators.retryRefund({ caller, refundId: id }), refusal('not-found'));
  }
  t.deepEqual(recorded(), [['retry-refund', { refundId: unknown }, `Refused: ${refused.detail}`]]);
});

test('P6: a retry while an attempt ends is decided on what is stored then', async (t) => {
  const { operators, parkedRefunds, recorded } = await start();
  const replace = parkedRefunds.replace.bind(parkedRefunds);
  const failed = parkedRefund({ reason: 'refused again', attempts: 2, revision: 1 });
  parkedRefunds.replace = async (next) => {
    parkedRefunds.replace = replace;
    await replace(failed);
    return await replace(next);
  };
  const outcome = await operators.retryRefund({ caller, refundId });
  t.like(outcome, { ok: true, value: { refund: { state: 'retrying', attempts: 2, revision: 2 } } });
  t.is(recorded().length, 1);
});

test('X3: what the log does not take is not done; what the store does not take is recorded', async (t) => {
  const { cluster, operators, parkedRefunds, recorded } = await start();
  const away = Object.assign(new Error('away'), { code: 'store-unavailable' });
  cluster.log.fault = away;
  await t.throwsAsync(operators.retryRefund({ caller, refundId }), { message: 'away' });
  t.deepEqual(await parkedRefunds.find(refundId), parkedRefund());
  cluster.log.fault = null;
  parkedRefunds.replace = () => Promise.reject(away);
  await t.throwsAsync(operators.retryRefund({ caller, refundId }), { message: 'away' });
  t.deepEqual(
    recorded().map(([, , result]) => result),
    ['To be attempted again.', 'Done in part or not at all: the store did not answer.'],
  );
});
