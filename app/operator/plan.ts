// Plans an operator's change before anything is written: the pins and drains that it sets, and the
// shards that move because of it. Pure, so that a dry run and the change itself agree.

import { assignmentOf, takersOf } from '../../actors/cluster/assignment.ts';
import { movesTo, planRebalance, type ShardMove } from '../../domain/placement.ts';
import { refusal, success } from '../../domain/refusal.ts';
import type { Outcome, Refusal } from '../../contracts/refusals.ts';
import type { Placement } from '../../storage/ports/placement.ts';
import type { PlannedMove } from '../../contracts/operator.ts';
import { ownersOf, type Reports } from './view.ts';

export interface ChangePlan {
  readonly moves: readonly PlannedMove[];
  /** Pins to set; null removes the pin. */
  readonly pins: readonly { readonly shard: number; readonly nodeId: string | null }[];
  readonly drained: { readonly nodeId: string; readonly drained: boolean } | null;
}

export interface Situation {
  readonly placement: Placement;
  readonly shardCount: number;
}

/**
 * The weight of a live drop against orders a second when loads are compared, so that sales count
 * before their rush begins.
 */
const LIVE_DROP_LOAD = 1;

/** `to` null removes the pin. */
export function planPin(
  { placement, shardCount }: Situation,
  shard: number,
  to: string | null,
): Outcome<ChangePlan> {
  if (!Number.isInteger(shard) || shard < 0 || shard >= shardCount) {
    return refusal('invalid-request', `There is no such shard: they are 0 to ${shardCount - 1}.`);
  }
  if (to !== null) {
    const refused = refuseTarget(placement, to);
    if (refused !== null) return refused;
  }
  const pins = new Map(placement.pins);
  if (to === null) pins.delete(shard);
  else pins.set(shard, to);
  const after = { ...placement, pins };
  const reason = to === null ? 'An operator took its pin away.' : `An operator pinned it to ${to}.`;
  const concerned = (move: ShardMove) => move.shard === shard;
  const moves = movesAfter({ placement: after, shardCount }, concerned, reason);
  return success({ moves, pins: [{ shard, nodeId: to }], drained: null });
}

function refuseTarget(placement: Placement, nodeId: string): Refusal | null {
  const session = placement.sessions.find((living) => living.nodeId === nodeId);
  if (session === undefined) return refusal('invalid-request', `${nodeId} is no living node.`);
  if (session.leaving) return refusal('invalid-request', `${nodeId} is about to end.`);
  if (placement.drained.has(nodeId)) {
    return refusal('invalid-request', `${nodeId} is drained and takes no shards.`);
  }
  return null;
}

export function planDrain({ placement, shardCount }: Situation, nodeId: string) {
  if (!isKnown(placement, nodeId)) return refusal('not-found', `There is no node ${nodeId}.`);
  const drained = new Set(placement.drained).add(nodeId);
  const after = { ...placement, drained };
  const takes = takersOf(placement).some((taker) => taker.nodeId === nodeId);
  if (takes && takersOf(after).length === 0) {
    const why = 'no other node takes shards, so that its own have nowhere to go';
    return refusal('invalid-request', `${nodeId} cannot be drained: ${why}.`);
  }
  const wantedThere = assignmentOf(placement, shardCount).map((wanted) => wanted === nodeId);
  const concerned = ({ shard, from }: ShardMove) => from === nodeId || wantedThere[shard] === true;
  const moves = movesAfter({ placement: after, shardCount }, concerned, `${nodeId} is drained.`);
  return success<ChangePlan>({ moves, pins: [], drained: { nodeId, drained: true } });
}

export function planUndrain({ placement, shardCount }: Situation, nodeId: string) {
  if (!isKnown(placement, nodeId)) return refusal('not-found', `There is no node ${nodeId}.`);
  const drained = new Set(placement.drained);
  drained.delete(nodeId);
  const after = { ...placement, drained };
  const concerned = ({ to }: ShardMove) => to === nodeId;
  const reason = `${nodeId} takes shards again.`;
  const moves = movesAfter({ placement: after, shardCount }, concerned, reason);
  return success<ChangePlan>({ moves, pins: [], drained: { nodeId, drained: false } });
}

/**
 * Moves load only between nodes with a report: a node without one would look idle and get the load
 * of all others.
 */
export function planEvenLoad(
  { placement, shardCount }: Situation,
  reports: Reports,
  movesMax: number,
): Outcome<ChangePlan> {
  if (!Number.isInteger(movesMax) || movesMax < 1 || movesMax > shardCount) {
    return refusal('invalid-request', `movesMax must be 1 to ${shardCount}.`);
  }
  const nodes = takersOf(placement).filter(({ nodeId }) => reports.has(nodeId));
  if (nodes.length < 2) {
    return refusal('invalid-request', 'Fewer than two nodes take shards and say what they carry.');
  }
  const owners = ownersOf(placement, shardCount).map((owner) =>
    nodes.some(({ nodeId }) => nodeId === owner) ? owner : null,
  );
  const loads = loadsOf(reports, shardCount);
  const moves = planRebalance({ owners, loads, nodes, movesMax }).map((move) => ({
    ...move,
    reason: `To even out the load: about ${loads[move.shard]!.toFixed(1)} orders/s go along.`,
  }));
  const pins = moves.map(({ shard, to }) => ({ shard, nodeId: to }));
  return success({ moves, pins, drained: null });
}

function loadsOf(reports: Reports, shardCount: number): number[] {
  const loads = new Array<number>(shardCount).fill(0);
  for (const { shards } of reports.values()) {
    for (const { shard, ordersPerSecond, liveDrops } of shards) {
      if (shard < shardCount) loads[shard]! += ordersPerSecond + LIVE_DROP_LOAD * liveDrops;
    }
  }
  return loads;
}

/** Whether a node of that name exists or existed lately. */
export function isKnown({ sessions, lost, shards, drained }: Placement, nodeId: string): boolean {
  const named = (one: { nodeId: string }) => one.nodeId === nodeId;
  return (
    sessions.some(named) ||
    lost.some(named) ||
    drained.has(nodeId) ||
    [...shards.values()].some(named)
  );
}

function movesAfter(
  situation: Situation,
  concerned: (move: ShardMove) => boolean,
  reason: string,
): PlannedMove[] {
  const owners = ownersOf(situation.placement, situation.shardCount);
  return movesTo(assignmentOf(situation.placement, situation.shardCount), owners)
    .filter(concerned)
    .map((move) => ({ ...move, reason }));
}
