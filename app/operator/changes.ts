// Changes by operators: each is planned, recorded in the operator log, and only then written, so
// that no change is without a record (X3). Refused changes are recorded too; dry runs are not.
// Where writing fails half-way, a second record says so. A change can be repeated safely.

import type { RunContext } from '../../actors/run-context.ts';
import type { Outcome } from '../../contracts/refusals.ts';
import { refusal, success } from '../../domain/refusal.ts';
import type {
  MovePlan,
  PlannedMove,
  RebuildReport,
  RebuiltShard,
} from '../../contracts/operator.ts';
import type { PlacementStore } from '../../storage/ports/placement.ts';
import { ActionRecord, type ActionRecordOptions, type ChangeRequest } from './action-record.ts';
import type { RunRequest } from './runs.ts';
import { type ChangePlan, isKnown, type Situation } from './plan.ts';

export interface ChangesOptions extends ActionRecordOptions {
  readonly placement: PlacementStore | null;
  readonly restartNode: (nodeId: string) => Promise<boolean>;
  /**
   * Whether the drop was in quarantine on the node; null where the node does not answer.
   */
  readonly releaseDrop: (nodeId: string, dropId: string) => Promise<boolean | null>;
  readonly rebuild: (
    shards: readonly number[],
    write: boolean,
    run: RunContext,
  ) => Promise<RebuiltShard[]>;
  readonly shardCount: number;
}

/** Moves that a record lists. Of more moves it has the number. */
const MOVES_LISTED_MAX = 8;

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
    const planned =
      placement === null
        ? refusal('invalid-request', 'One node has nowhere to move a shard.')
        : await plan({ placement: await placement.load(), shardCount });
    if (!planned.ok) return dryRun ? planned : await this.#log.refuse(request, planned);
    const { moves } = planned.value;
    if (dryRun) return success({ applied: false, moves });
    await this.#log.record(request, tellMoves(moves));
    await this.#log.recordFault(request, () => this.#write(planned.value));
    return success({ applied: true, moves });
  }

  async restart(request: ChangeRequest, nodeId: string): Promise<Outcome<null>> {
    const { placement, restartNode } = this.#options;
    if (placement === null) {
      const why = 'One node alone is started again by hand.';
      return await this.#log.refuse(request, refusal('invalid-request', why));
    }
    const state = await placement.load();
    if (!isKnown(state, nodeId)) {
      return await this.#log.refuse(request, refusal('not-found', `There is no node ${nodeId}.`));
    }
    if (!state.sessions.some((session) => session.nodeId === nodeId)) {
      const why = `${nodeId} is not running.`;
      return await this.#log.refuse(request, refusal('invalid-request', why));
    }
    await this.#log.record(request, `${nodeId} was asked to end, so that it is started again.`);
    if (await restartNode(nodeId)) return success(null);
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
    await this.#log.record(request, `${owner} was asked to serve ${dropId} again.`);
    const wasQuarantined = await this.#options.releaseDrop(owner, dropId);
    if (wasQuarantined === true) return success(null);
    const refused =
      wasQuarantined === null
        ? refusal('unavailable', `${owner} did not answer.`)
        : refusal('not-found', `${dropId} is not in quarantine.`);
    return await this.#log.refuse(request, refused);
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

  async #write({ pins, drained }: ChangePlan): Promise<void> {
    const placement = this.#options.placement!;
    for (const { shard, nodeId } of pins) await placement.setPin(shard, nodeId);
    if (drained !== null) await placement.setDrained(drained.nodeId, drained.drained);
  }
}

function tellMoves(moves: readonly PlannedMove[]): string {
  if (moves.length === 0) return 'Set; no shard moves because of it.';
  if (moves.length > MOVES_LISTED_MAX) return `Set; ${moves.length} shards are to move.`;
  const listed = moves.map(({ shard, from, to }) => `${shard} from ${from ?? 'nobody'} to ${to}`);
  return `Set; to move: shard ${listed.join(', ')}.`;
}
