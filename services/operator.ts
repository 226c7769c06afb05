// The Moleculer services of `app/operator/`: what gateways call, and what services on other nodes
// ask of this node's runs.

import type { ActionSchema, Context, ServiceSchema } from 'moleculer';
import type { OperatorAccounts } from '../app/operator/operator-accounts.ts';
import { Operators, type OperatorsOptions } from '../app/operator/operators.ts';
import { OperatorAlarms, type OperatorAlarmsOptions } from '../app/operator/alarms.ts';
import { OperatorCaches, type OperatorCachesOptions } from '../app/operator/caches.ts';
import { OperatorLedger, type OperatorLedgerOptions } from '../app/operator/ledger.ts';
import { OperatorMedia, type OperatorMediaOptions } from '../app/operator/media.ts';
import { OperatorPushKeys, type OperatorPushKeysOptions } from '../app/operator/push-keys.ts';
import { OperatorSearch, type OperatorSearchOptions } from '../app/operator/search.ts';
import { OperatorWebhooks, type OperatorWebhooksOptions } from '../app/operator/webhooks.ts';
import type { AskedOfRun } from './other-runs.ts';
import { defineService } from './moleculer/define-service.ts';
import { operatorActionsBelowLevel7 } from './operator-level-6.ts';
import { operatorActionsOfLevel0 } from './operator-level-0.ts';

/** Gateways that do not follow runs wait for their ends. */
const RUN_TIMEOUT_MS = 600_000;
const WHOLE_RUNS = ['verifyJournals', 'rebuildLists', 'verify', 'rebuild'] as const;

export function operatorServices(
  options: OperatorsOptions &
    OperatorSearchOptions &
    OperatorMediaOptions &
    OperatorCachesOptions &
    OperatorAlarmsOptions &
    OperatorLedgerOptions &
    OperatorPushKeysOptions &
    OperatorWebhooksOptions & { readonly accounts: OperatorAccounts },
): ServiceSchema[] {
  const { accounts } = options;
  const media = new OperatorMedia(options);
  const search = new OperatorSearch(options);
  const alarms = new OperatorAlarms(options);
  const caches = new OperatorCaches(options);
  const ledger = new OperatorLedger(options);
  const pushKeys = new OperatorPushKeys(options);
  const webhooks = new OperatorWebhooks(options);
  const operators = new Operators(options);
  const { name, actions } = defineService('operator', {
    listNodes: (params) => operators.nodes(params),
    listShards: (params) => operators.shards(params),
    listMoves: (params) => operators.moves(params),
    pinShard: (params) => operators.once(params, () => operators.pin(params)),
    drainNode: (params) => operators.once(params, () => operators.drain(params)),
    undrainNode: (params) => operators.once(params, () => operators.undrain(params)),
    rebalanceShards: (params) => operators.once(params, () => operators.rebalance(params)),
    restartNode: (params) => operators.once(params, () => operators.restart(params)),
    releaseDrop: (params) => operators.once(params, () => operators.releaseDrop(params)),
    startRun: (params) => operators.once(params, () => operators.startRun(params)),
    followRun: (params) => operators.followRun(params),
    cancelRun: (params) => operators.cancelRun(params),
    listRuns: (params) => operators.listRuns(params),
    rebuildLists: (params) => operators.rebuild(params),
    verifyJournals: (params) => operators.verify(params),
    listRefunds: (params) => operators.refunds(params),
    listPaymentProblems: (params) => operators.paymentProblems(params),
    retryRefund: (params) => operators.once(params, () => operators.retryRefund(params)),
    listJobs: (params) => operators.jobs(params),
    getJob: (params) => operators.job(params),
    retryJob: (params) => operators.once(params, () => operators.retryJob(params)),
    cancelJob: (params) => operators.once(params, () => operators.cancelJob(params)),
    dismissRefund: (params) => operators.once(params, () => operators.dismissRefund(params)),
    listSearchNodes: (params) => search.list(params),
    reportAlarms: (params) => alarms.report(params),
    listCaches: (params) => caches.list(params),
    evictCaches: (params) => operators.once(params, () => caches.evict(params)),
    rebuildSearch: (params) => operators.once(params, () => search.rebuild(params)),
    getMedia: (params) => media.get(params),
    removeMedia: (params) => media.remove(params),
    getLedger: (params) => ledger.status(params),
    getLedgerTile: (params) => ledger.tile(params),
    getLedgerLeaves: (params) => ledger.leaves(params),
    getLedgerEdge: (params) => ledger.edge(params),
    proveLedger: (params) => ledger.prove(params),
    proveLedgerConsistency: (params) => ledger.consistency(params),
    noteLedgerCheck: (params) => ledger.noteCheck(params),
    rotateLedgerKey: (params) => ledger.rotateKey(params),
    removeLedgerKey: (params) => ledger.removeKey(params),
    listPushKeys: (params) => pushKeys.list(params),
    rotatePushKeys: (params) => pushKeys.rotate(params),
    removePushKey: (params) => pushKeys.remove(params),
    listWebhooks: (params) => webhooks.list(params),
    listDeliveries: (params) => webhooks.deliveries(params),
    disableWebhook: (params) => webhooks.disable(params),
    resendDelivery: (params) => webhooks.resend(params),
    addOperator: (params) => accounts.add(params),
    listOperators: (params) => accounts.list(params),
    removeOperator: (params) => accounts.remove(params),
    ...operatorActionsOfLevel0(operators),
    ...operatorActionsBelowLevel7(options.log),
  });
  const plain = actions as Record<string, ActionSchema['handler']>;
  const wholeRuns: ServiceSchema['actions'] = {};
  for (const action of WHOLE_RUNS) wholeRuns[action] = waiting(plain[action]);
  const { local } = options.runs;
  const runs: ServiceSchema = {
    name: 'runs',
    actions: {
      follow: ({ params }: Context<AskedOfRun>) => local.follow(params.runId),
      cancel: ({ params }: Context<AskedOfRun>) => local.cancel(params.runId),
      list: () => local.list(),
    },
    stopped: () => local.cancelAll(),
  };
  return [{ name, actions: { ...actions, ...wholeRuns } }, runs];
}

/** Moleculer supports a timeout of one action; its types lack it. */
function waiting(handler: ActionSchema['handler']): ActionSchema & { timeout: number } {
  return { timeout: RUN_TIMEOUT_MS, handler };
}
