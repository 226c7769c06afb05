// Verification of a node's shards on behalf of another node, which asks how far it is. A node that
// is not asked any more stops: whoever wanted the report is gone.

import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Context, ServiceBroker } from 'moleculer';
import type { RunProgress, ShardsVerified } from '../../contracts/operator.ts';
import { systemClock } from '../clock.ts';
import { type RunContext, UNWATCHED } from '../run-context.ts';
import { Runs } from '../runs.ts';

/** A verification takes as long as its journals are large; its node is asked how far it is. */
const VERIFY_TIMEOUT_MS = 86_400_000;
const PROGRESS_INTERVAL_MS = 250;
const PROGRESS_TIMEOUT_MS = 2_000;

/** Verifies the given shards, except those that this node does not serve. */
export type VerifyShards = (shards: readonly number[], run: RunContext) => Promise<ShardsVerified>;

interface VerifyRequest {
  readonly shards: readonly number[];
  /** Absent: from a node of an earlier version, which does not ask for the progress. */
  readonly runId?: string;
}

interface ProgressRequest {
  readonly runId: string;
  readonly cancel: boolean;
}

/** Actions of the service of a node's shards. */
export function verifyActions(verify: VerifyShards) {
  const runs = new Runs({ clock: systemClock });
  return {
    async verify({ params: { shards, runId } }: Context<VerifyRequest>): Promise<ShardsVerified> {
      if (runId === undefined) return await verify(shards, UNWATCHED);
      const work = (run: RunContext) => verify(shards, run);
      if (runs.begin({ kind: 'verify', startedBy: '', id: runId, work }) === null)
        throw new Error('another verification is under way here');
      const { end, fault } = await runs.ended(runId);
      if (end.type !== 'report') throw fault;
      return end.report as ShardsVerified;
    },
    /** Null where the run is unknown. To be asked again within `UNFOLLOWED_MAX_MS`. */
    verifyProgress({ params }: Context<ProgressRequest>): RunProgress | null {
      if (params.cancel) runs.cancel(params.runId);
      return runs.follow(params.runId)?.progress ?? null;
    },
  };
}

/**
 * Lets a node verify the shards. Rejects with the signal's reason soon after it is aborted; rejects
 * if the node does not answer.
 */
export async function verifyOnNode(
  broker: ServiceBroker,
  nodeId: string,
  shards: readonly number[],
  { signal, progress }: RunContext,
): Promise<ShardsVerified> {
  const runId = randomUUID();
  const request: VerifyRequest = { shards, runId };
  const options = { nodeID: nodeId, timeout: VERIFY_TIMEOUT_MS };
  const answer = broker.call<ShardsVerified, VerifyRequest>('shards.verify', request, options);
  let isDone = false;
  const end = () => {
    isDone = true;
  };
  answer.then(end, end);
  for (;;) {
    const pause = delay(PROGRESS_INTERVAL_MS, undefined, { ref: false });
    await Promise.race([answer, pause]);
    if (isDone) return await answer;
    const now = await progressOf(broker, nodeId, { runId, cancel: signal.aborted });
    signal.throwIfAborted();
    if (now !== null) progress(now);
  }
}

/** Null if the node does not answer, or is of an earlier version. */
async function progressOf(
  broker: ServiceBroker,
  nodeId: string,
  request: ProgressRequest,
): Promise<RunProgress | null> {
  try {
    return await broker.call<RunProgress | null, ProgressRequest>(
      'shards.verifyProgress',
      request,
      { nodeID: nodeId, timeout: PROGRESS_TIMEOUT_MS },
    );
  } catch (error) {
    broker.logger.debug(`${nodeId} does not say how far it is`, error);
    return null;
  }
}
