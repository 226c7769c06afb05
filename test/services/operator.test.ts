// The service of the operators' use cases: every action calls its own, under today's names and
// under those of gateways of level 0.

import test from 'ava';
import type { ServiceSchema } from 'moleculer';
import type { RebuiltShard, VerifyReport } from '../../contracts/operator.ts';
import { refusal, success } from '../../domain/refusal.ts';
import { operatorServices } from '../../services/operator.ts';
import { operatorAccountsOn } from '../app/operator/operator-accounts-harness.ts';
import { PretendCluster, SHARDS } from '../app/operator/pretend-cluster.ts';
import { parkedRefund } from '../events/payments/parked-refunds.ts';
import { FIRST_PAGE, startServices } from './harness.ts';

const caller = { userId: 'olga', roles: ['operator'] };
const operatorId = caller.userId;
const REPORT: VerifyReport = { ok: true, shards: 1, entries: 2, drops: 1, orders: 1, findings: [] };

async function start(t: Parameters<typeof startServices>[0]) {
  const cluster = await PretendCluster.start(['node-1', 'node-2'], {
    verify: async () => REPORT,
    rebuild: async (shards) => shards.map(rebuilt),
  });
  const { call } = await startServices(t, () =>
    operatorServices({ ...cluster.options, accounts: operatorAccountsOn().accounts }),
  );
  return { cluster, call };
}

function rebuilt(shard: number): RebuiltShard {
  return { shard, entries: 9, orders: 1, notifications: 2, reason: null };
}

test('X1, X2: every action calls its use case, also under the names of level 0', async (t) => {
  const [today, before] = [await start(t), await start(t)];
  const shard = (await today.cluster.shardsOf('node-1'))[0]!;
  const shardId = String(shard);
  const to = 'node-2';
  const nodeId = 'node-1';
  const dryRun = false;
  const answers = [
    await today.call('operator.listNodes', { caller }),
    await today.call('operator.listShards', { caller }),
    await today.call('operator.pinShard', { caller, shardId, to }),
    await today.call('operator.pinShard', { caller, shardId, to: null, dryRun: true }),
    await today.call('operator.drainNode', { caller, nodeId }),
    await today.call('operator.undrainNode', { caller, nodeId }),
    await today.call('operator.rebalanceShards', { caller, movesMax: 3 }),
    await today.call('operator.rebuildLists', { caller }),
    await today.call('operator.rebuildLists', { caller, shards: [5], dryRun: true }),
    await today.call('operator.verifyJournals', { caller }),
    await today.call('operator.restartNode', { caller, nodeId }),
    await today.call('operator.listMoves', { caller, limit: 5 }),
    await today.call('operator.listActions', { caller, page: FIRST_PAGE }),
  ];
  const answersBefore = [
    await before.call('operator.nodes', {}),
    await before.call('operator.shards', {}),
    await before.call('operator.pin', { operatorId, shard, to, dryRun }),
    await before.call('operator.pin', { operatorId, shard, to: null, dryRun: true }),
    await before.call('operator.drain', { operatorId, nodeId, dryRun }),
    await before.call('operator.undrain', { operatorId, nodeId, dryRun }),
    await before.call('operator.rebalance', { operatorId, movesMax: 3, dryRun }),
    await before.call('operator.rebuild', { operatorId, shards: null, dryRun }),
    await before.call('operator.rebuild', { operatorId, shards: [5], dryRun: true }),
    await before.call('operator.verify', {}),
    await before.call('operator.restart', { operatorId, nodeId }),
    await before.call('operator.moves', { limit: 5 }),
    await before.call('operator.actions', { page: FIRST_PAGE }),
  ];
  t.deepEqual(answersBefore, answers);
  t.deepEqual(
    answers.map(({ ok }) => ok),
    answers.map(() => true),
  );
  t.deepEqual(answers[8], success({ applied: false, shards: [rebuilt(5)] }));
  t.deepEqual(answers[9], success(REPORT));
  t.deepEqual(
    today.cluster.log.actions.map(({ actor, action, params }) => [actor.id, action, params]),
    [
      [operatorId, 'pin', { shard, to }],
      [operatorId, 'drain', { nodeId }],
      [operatorId, 'undrain', { nodeId }],
      [operatorId, 'rebalance', { movesMax: 3 }],
      [operatorId, 'rebuild', { shards: null }],
      [operatorId, 'restart', { nodeId }],
    ],
  );
  t.is(SHARDS, answers[1]?.ok ? (answers[1].value as readonly unknown[]).length : 0);
});

test('P6: refunds are listed and changed through their actions', async (t) => {
  const { cluster, call } = await start(t);
  const refundId = parkedRefund().id;
  await cluster.parkedRefunds.park(parkedRefund());
  t.like(await call('operator.retryRefund', { caller, refundId }), {
    ok: true,
    value: { refund: { state: 'retrying' } },
  });
  await call('operator.dismissRefund', { caller, refundId, reason: 'Paid back.' });
  const page = await call('operator.listRefunds', { caller, state: 'dismissed', page: FIRST_PAGE });
  t.like(page, { ok: true, value: { items: [{ id: refundId, dismissal: 'Paid back.' }] } });
});

test('X3: an action refuses callers without the role', async (t) => {
  const { call } = await start(t);
  const buyer = { userId: 'ben', roles: [] };
  t.deepEqual(await call('operator.listNodes', { caller: buyer }), refusal('forbidden'));
});

test('X2: replays may take ten minutes under either name', async (t) => {
  const { cluster } = await start(t);
  const [{ actions = {} }] = operatorServices({
    ...cluster.options,
    accounts: operatorAccountsOn().accounts,
  }) as [ServiceSchema];
  for (const name of ['rebuild', 'rebuildLists', 'verify', 'verifyJournals']) {
    t.like(actions[name], { timeout: 600_000 }, name);
  }
});
