// Changes by operators: each is planned, recorded in the operator log, and only then written, so
// that no change is without a record (X3). Refused changes are recorded too; dry runs are not.
// Where writing fails, a second record says so. A change of the placement is one atomic step with
// the answer to its request (H11); what is asked of a node names the very run or quarantine that it
// is about, so that a repeat ends no other one.

import pTimeout from 'p-timeout';
import type { NodeReport } from '../../actors/node-report.ts';
import type { RunContext } from '../../actors/run-context.ts';
import type { Outcome, Refusal } from '../../contracts/refusals.ts';
import type { KeyedRequest } from '../../contracts/requests.ts';
import { refusal, success } from '../../domain/refusal.ts';
import type {
  MovePlan,
  PlannedMove,
  RebuildReport,
  RebuiltShard,
  ShardReport,
} from '../../contracts/operator.ts';
import type { Placement, PlacementStore } from '../../storage/ports/placement.ts';
import {
  answerOf,
  answerText,
  findAnswer,
  forgetTarget,
  type OnceOptions,
  targetOf,
} from '../repeated-requests.ts';
import { ActionRecord, type ActionRecordOptions, type ChangeRequest } from './action-record.ts';
import type { RunRequest } from './runs.ts';
import { type ChangePlan, isKnown, type Situation } from './plan.ts';

export interface ChangesOptions extends ActionRecordOptions, OnceOptions {
  readonly placement: PlacementStore | null;
  /**
   * Ends the node's run of this incarnation, if it has not ended. False: the node did not answer.
   */
  readonly restartNode: (nodeId: string, incarnation: string) => Promise<boolean>;
  /** A node's report; null where the node does not answer. A rejection is a defect. */
  readonly reportOf: (nodeId: string) => Promise<NodeReport | null>;
  readonly reportTimeoutMs?: number;
  /**
   * Whether the drop was in quarantine on the node since then; null where the node does not answer.
   */
  readonly releaseDrop: (nodeId: string, dropId: string, since: number) => Promise<boolean | null>;
  readonly rebuild: (
    shards: readonly number[],
    write: boolean,
    run: RunContext,
  ) => Promise<RebuiltShard[]>;
  readonly shardCount: number;
}

/** A node without a report after this time counts as one that does not answer. */
const REPORT_TIMEOUT_MS = 2_000;
/** Moves that a record lists. Of more moves it has the number. */
const MOVES_LISTED_MAX = 8;

type ReportOptions = Pick<ChangesOptions, 'reportOf' | 'reportTimeoutMs'>;

export class OperatorChanges {
  readonly #options: ChangesOptions;
  readonly #log: ActionRecord;

  constructor(options: ChangesOptions) {
    this.#options = options;
    this.#log = new ActionRecord(options);
  }

  /** Plans the change with `plan`. Unless it is a dry run, records the plan and writes it. */
  async change(
    request: ChangeRequest,
    dryRun: boolean,
    plan: (situation: Situation) => Outcome<ChangePlan> | Promise<Outcome<ChangePlan>>,
  ): Promise<Outcome<MovePlan>> {
    const { placement, shardCount } = this.#options;
    const refuse = (refused: Refusal) => (dryRun ? refused : this.#log.refuse(request, refused));
    if (placement === null)
      return await refuse(refusal('invalid-request', 'One node has nowhere to move a shard.'));
    const before = await findAnswer<MovePlan>(placement.requests, request.keyed);
    if (before !== null) return before;
    const planned = await plan({ placement: await placement.load(), shardCount });
    if (!planned.ok) return await refuse(planned);
    const { moves } = planned.value;
    if (dryRun) return success({ applied: false, moves });
    await this.#log.record(request, tellMoves(moves));
    const changed = await this.#log.recordFault(request, () =>
      write(placement, planned.value, request.keyed),
    );
    return changed.ok ? changed : await refuse(changed);
  }

  async restart(request: ChangeRequest, nodeId: string): Promise<Outcome<null>> {
    const { placement, restartNode } = this.#options;
    if (placement === null) {
      const why = 'One node alone is started again by hand.';
      return await this.#log.refuse(request, refusal('invalid-request', why));
    }
    const state = await placement.load();
    const target = await targetOf(this.#options.requests, request.keyed, async () =>
      incarnationOf(state, nodeId),
    );
    if (!target.ok) return await this.#log.refuse(request, target);
    const { value: incarnation } = target;
    if (!state.sessions.some((session) => session.incarnation === incarnation))
      return { ...target, value: null };
    await this.#log.record(request, `${nodeId} was asked to end, so that it is started again.`);
    if (await restartNode(nodeId, incarnation)) return { ...target, value: null };
    return await this.#log.refuse(request, refusal('unavailable', `${nodeId} did not answer.`));
  }

  /** `owner`: of the drop's shard; null where no living node serves it. */
  async release(
    request: ChangeRequest,
    owner: string | null,
    dropId: string,
  ): Promise<Outcome<null>> {
    if (owner === null) {
      const why = `No living node serves the shard of ${dropId}.`;
      return await this.#log.refuse(request, refusal('unavailable', why));
    }
    const { requests, releaseDrop } = this.#options;
    const present = await this.#since(owner, dropId);
    const target = await targetOf(requests, request.keyed, async () => present);
    if (!target.ok) return await this.#log.refuse(request, target);
    const isThere = present.ok && present.value === target.value;
    const isGone = present.ok ? !isThere : present.code === 'not-found';
    // An earlier try released it, or it ended by itself.
    if (isGone) return { ...target, value: null };
    if (!isThere) return await this.#log.refuse(request, present as Refusal);
    await this.#log.record(request, `${owner} was asked to serve ${dropId} again.`);
    const wasQuarantined = await releaseDrop(owner, dropId, Number(target.value));
    if (wasQuarantined === null)
      return await this.#log.refuse(request, refusal('unavailable', `${owner} did not answer.`));
    if (wasQuarantined || target.replayed === true) return { ...target, value: null };
    await forgetTarget(requests, request.keyed, target.value);
    return await this.#log.refuse(request, notQuarantined(dropId));
  }

  /** Since when the owner has the drop in quarantine: that names the quarantine. */
  async #since(owner: string, dropId: string): Promise<Outcome<string>> {
    const report = await reportSoon(this.#options, owner);
    if (report === null) return refusal('unavailable', `${owner} did not answer.`);
    // A node of an earlier version leaves `quarantined` out.
    const drops = (report.shards as Partial<ShardReport>[]).flatMap((shard) => {
      return shard.quarantined ?? [];
    });
    const found = drops.find((drop) => drop.dropId === dropId);
    return found === undefined ? notQuarantined(dropId) : success(String(found.since));
  }

  /** Begins a rebuild with `begin`. `shards` null: all. Dry runs write nothing, also no record. */
  async rebuild<T>(
    operatorId: string,
    shards: readonly number[] | null,
    dryRun: boolean,
    begin: (request: RunRequest) => Promise<Outcome<T>>,
  ): Promise<Outcome<T>> {
    const { shardCount, rebuild } = this.#options;
    const selected = shards ?? Array.from({ length: shardCount }, (_, shard) => shard);
    const unknown = selected.find((shard) => shard >= shardCount);
    const params = { shards: shards?.join(', ') ?? null };
    const request = { operatorId, action: 'rebuild', params };
    const work = async (run: RunContext): Promise<RebuildReport> => {
      if (dryRun) return { applied: false, shards: await rebuild(selected, false, run) };
      const many = `${selected.length} shard${selected.length === 1 ? '' : 's'}`;
      await this.#log.record(request, `To be made again: what the read models lost of ${many}.`);
      const rebuilt = await this.#log.recordFault(request, () => rebuild(selected, true, run));
      return { applied: true, shards: rebuilt };
    };
    const begun =
      unknown === undefined
        ? await begin({ kind: 'rebuild', operatorId, work })
        : refusal('invalid-request', `There is no shard ${unknown}.`);
    return begun.ok || dryRun ? begun : await this.#log.refuse(request, begun);
  }
}

/** Null where the node does not answer soon. */
export async function reportSoon(
  { reportOf, reportTimeoutMs = REPORT_TIMEOUT_MS }: ReportOptions,
  nodeId: string,
): Promise<NodeReport | null> {
  const wait = { milliseconds: reportTimeoutMs, fallback: () => null };
  return await pTimeout(reportOf(nodeId), wait);
}

async function write(
  placement: PlacementStore,
  { moves, pins, drained }: ChangePlan,
  keyed: KeyedRequest | undefined,
): Promise<Outcome<MovePlan>> {
  const answer = { applied: true, moves };
  const change = { pins, ...(drained && { drained }) };
  if (keyed !== undefined)
    return answerOf(await placement.changeOnce(keyed, change, answerText(answer)));
  await placement.change(change);
  return success(answer);
}

function incarnationOf(placement: Placement, nodeId: string): Outcome<string> {
  if (!isKnown(placement, nodeId)) return refusal('not-found', `There is no node ${nodeId}.`);
  const session = placement.sessions.find((living) => living.nodeId === nodeId);
  if (session === undefined) return refusal('invalid-request', `${nodeId} is not running.`);
  return success(session.incarnation);
}

function notQuarantined(dropId: string): Refusal {
  return refusal('not-found', `${dropId} is not in quarantine.`);
}

function tellMoves(moves: readonly PlannedMove[]): string {
  if (moves.length === 0) return 'Set; no shard moves because of it.';
  if (moves.length > MOVES_LISTED_MAX) return `Set; ${moves.length} shards are to move.`;
  const listed = moves.map(({ shard, from, to }) => `${shard} from ${from ?? 'nobody'} to ${to}`);
  return `Set; to move: shard ${listed.join(', ')}.`;
}
