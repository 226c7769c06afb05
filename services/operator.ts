// What operators ask of running nodes (X1, X2): how nodes and shards are, where shards should be,
// and the proof that journals, memory and read models agree. Who may ask is the gateway's to check.

import type { ActionSchema, ServiceSchema } from 'moleculer';
import pTimeout from 'p-timeout';
import type { NodeReport } from '../actors/node-report.ts';
import type { VerifyReport, RebuiltShard } from '../contracts/operator.ts';
import { success } from '../domain/refusal.ts';
import type { OperatorLog } from '../storage/ports/operator-log.ts';
import type { NodeSession, Placement, PlacementStore } from '../storage/ports/placement.ts';
import { defineService } from './moleculer/define-service.ts';
import { OperatorChanges } from './operator-changes.ts';
import { planDrain, planEvenLoad, planPin, planUndrain } from './operator-plan.ts';
import { nodeRows, placementOfOne, type Reports, shardRows } from './operator-view.ts';

/** Replaying large journals takes longer than other calls may. */
const REPLAY_TIMEOUT_MS = 600_000;
/** A node that has not told of itself by then is shown with zeros. */
const REPORT_TIMEOUT_MS = 2_000;

export interface OperatorServiceOptions {
  readonly verify: () => Promise<VerifyReport>;
  /** As `Rebuild.run`. */
  readonly rebuild: (shards: readonly number[], write: boolean) => Promise<RebuiltShard[]>;
  /** Null: one node alone, which has nowhere to move a shard. */
  readonly placement: PlacementStore | null;
  /** The session of the node this runs on: what there is to show where `placement` is null. */
  readonly self: () => NodeSession;
  readonly log: OperatorLog;
  /** What a node tells of itself; null where it does not answer. A rejection is a defect. */
  readonly reportOf: (nodeId: string) => Promise<NodeReport | null>;
  /** Asks a node to end in good order; false where it did not answer. */
  readonly restartNode: (nodeId: string) => Promise<boolean>;
  /** Fixed at the store's first start. */
  readonly shardCount: number;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  readonly reportTimeoutMs?: number;
}

export function operatorService(options: OperatorServiceOptions): ServiceSchema {
  const { placement, shardCount, log } = options;
  const changes = new OperatorChanges(options);
  const load = async () =>
    placement === null ? placementOfOne(options.self(), shardCount) : await placement.load();
  const { verify, rebuild, ...others } = defineService('operator', {
    verify: verifyOneAtATime(options.verify),
    rebuild: ({ operatorId, shards, dryRun }) => changes.rebuild(operatorId, shards, dryRun),
    async nodes() {
      const state = await load();
      return success(nodeRows(state, shardCount, await reportsOf(options, state)));
    },
    async shards() {
      const state = await load();
      return success(shardRows(state, shardCount, await reportsOf(options, state)));
    },
    async moves({ limit }) {
      return success(placement === null ? [] : await placement.listMoves(limit));
    },
    pin: ({ operatorId, shard, to, dryRun }) =>
      changes.change(
        { operatorId, action: to === null ? 'unpin' : 'pin', params: { shard, to } },
        dryRun,
        (situation) => planPin(situation, shard, to),
      ),
    drain: ({ operatorId, nodeId, dryRun }) =>
      changes.change({ operatorId, action: 'drain', params: { nodeId } }, dryRun, (situation) =>
        planDrain(situation, nodeId),
      ),
    undrain: ({ operatorId, nodeId, dryRun }) =>
      changes.change({ operatorId, action: 'undrain', params: { nodeId } }, dryRun, (situation) =>
        planUndrain(situation, nodeId),
      ),
    rebalance: ({ operatorId, movesMax, dryRun }) =>
      changes.change(
        { operatorId, action: 'rebalance', params: { movesMax } },
        dryRun,
        async (situation) => {
          const reports = await reportsOf(options, situation.placement);
          return planEvenLoad(situation, reports, movesMax);
        },
      ),
    restart: ({ operatorId, nodeId }) =>
      changes.restart({ operatorId, action: 'restart', params: { nodeId } }, nodeId),
    async actions({ page }) {
      return success(await log.list(page));
    },
  }).actions as Record<'verify' | 'rebuild', ActionSchema['handler']> & ServiceSchema['actions'];
  return {
    name: 'operator',
    actions: { ...others, verify: replaying(verify), rebuild: replaying(rebuild) },
  };
}

/** Moleculer knows an action's own timeout; its types do not. */
function replaying(handler: ActionSchema['handler']): ActionSchema & { timeout: number } {
  return { timeout: REPLAY_TIMEOUT_MS, handler };
}

/** Whoever asks while a verification runs gets the same report. */
function verifyOneAtATime(verify: () => Promise<VerifyReport>) {
  let underWay: Promise<VerifyReport> | null = null;
  return async () => {
    underWay ??= verify().finally(() => {
      underWay = null;
    });
    return success(await underWay);
  };
}

/** All living nodes are asked at once; one that is too slow is left out. */
async function reportsOf(
  { reportOf, reportTimeoutMs = REPORT_TIMEOUT_MS }: OperatorServiceOptions,
  { sessions }: Placement,
): Promise<Reports> {
  const reports = await Promise.all(
    sessions.map(({ nodeId }) =>
      pTimeout(reportOf(nodeId), { milliseconds: reportTimeoutMs, fallback: () => null }),
    ),
  );
  const told = new Map<string, NodeReport>();
  for (const [index, { nodeId }] of sessions.entries()) {
    const report = reports[index];
    if (report !== undefined && report !== null) told.set(nodeId, report);
  }
  return told;
}
