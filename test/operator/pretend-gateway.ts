// A real gateway in front of a fake cluster, for tests of operator commands. Each request for the
// moves lets a few more shards move, so that a wait ends after a known number of polls.

import { JobQueue } from '../../events/jobs/job-queue.ts';
import { bansService } from '../../services/bans.ts';
import { sellersService } from '../../services/sellers.ts';
import { OperatorApi } from '../../operator/api-client.ts';
import type { Pace } from '../../operator/pace.ts';
import type { ActionName } from '../../contracts/actions.ts';
import type { OperatorsOptions } from '../../app/operator/operators.ts';
import { operatorServices } from '../../services/operator.ts';
import { type Fixture, startFixture } from '../gateway/fixture.ts';
import { startServices } from '../services/harness.ts';
import { PretendCluster } from '../app/operator/pretend-cluster.ts';
import { operatorAccountsOn } from '../app/operator/operator-accounts-harness.ts';

/** A token that the gateway of these tests accepts. */
export const TOKEN = 'valid.boss+operator';

const ACTIONS: readonly ActionName[] = [
  'operator.listNodes',
  'operator.listShards',
  'operator.pinShard',
  'operator.drainNode',
  'operator.undrainNode',
  'operator.rebalanceShards',
  'operator.restartNode',
  'operator.releaseDrop',
  'operator.startRun',
  'operator.followRun',
  'operator.cancelRun',
  'operator.listRuns',
  'operator.listRefunds',
  'operator.listPaymentProblems',
  'operator.retryRefund',
  'operator.dismissRefund',
  'operator.listJobs',
  'operator.getJob',
  'operator.retryJob',
  'operator.cancelJob',
  'operator.listSearchNodes',
  'operator.rebuildSearch',
  'operator.reportAlarms',
  'operator.listCaches',
  'operator.evictCaches',
  'operator.getMedia',
  'operator.removeMedia',
  'operator.listWebhooks',
  'operator.listDeliveries',
  'operator.disableWebhook',
  'operator.resendDelivery',
  'operator.addOperator',
  'operator.listOperators',
  'operator.listPushKeys',
  'operator.rotatePushKeys',
  'operator.removePushKey',
  'operator.removeOperator',
  'bans.put',
  'bans.lift',
  'bans.list',
  'sellers.list',
  'sellers.get',
  'sellers.change',
  'sellers.takeDowns',
  'sellers.takeDown',
  'sellers.restore',
];

export interface PretendGateway {
  readonly cluster: PretendCluster;
  readonly fixture: Fixture;
  readonly url: string;
  readonly api: OperatorApi;
}

export async function startPretendGateway(
  t: Parameters<typeof startFixture>[0],
  nodeIds: readonly string[],
  options: Partial<OperatorsOptions> = {},
): Promise<PretendGateway> {
  const cluster = await PretendCluster.start(nodeIds, options);
  const { now, jobs, log: auditLog } = cluster.options;
  const queue = new JobQueue({ jobs, now });
  const { call } = await startServices(t, ({ stores, ...parts }) => [
    ...operatorServices({ ...cluster.options, accounts: operatorAccountsOn().accounts }),
    bansService({ ...stores, ...parts, auditLog, queue, now }),
    sellersService({ ...stores, ...parts, auditLog, queue, now }),
  ]);
  const fixture = await startFixture(t);
  const url = `http://127.0.0.1:${fixture.port}`;
  const gateway = {
    cluster,
    fixture,
    url,
    api: new OperatorApi({ url, token: () => TOKEN }),
  };
  for (const action of ACTIONS) {
    fixture.actions[action] = (params: never) => call(action, params);
  }
  fixture.actions['operator.listMoves'] = async (params: never) => {
    const moves = await call('operator.listMoves', params);
    await cluster.step(cluster.movesALook);
    return moves;
  };
  return gateway;
}

/** Its pauses take no time. The pause number `interruptAt` rejects as after Ctrl-C. */
export class PretendPace implements Pace {
  pauses = 0;
  interruptAt = Number.POSITIVE_INFINITY;
  #time = 0;

  now(): number {
    return this.#time;
  }

  async pause(ms: number): Promise<void> {
    this.pauses += 1;
    this.#time += ms;
    if (this.pauses >= this.interruptAt) throw new Error('interrupted');
  }
}
