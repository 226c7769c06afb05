// What operators can do (X1 to X3, P6): see nodes and shards, change where shards should be, prove
// or repair what is derived from the journals, and settle refunds that the payment provider did not
// make. Only callers with the operator's role may, and all
// others are refused before a store or a node is asked. Changes themselves are in `changes.ts`
// and `refunds.ts`.

import type { NodeReport } from '../../actors/node-report.ts';
import type { RunContext } from '../../actors/run-context.ts';
import type { ActionParams } from '../../contracts/actions.ts';
import { PAGE_LIMIT_DEFAULT, REBALANCE_MOVES_DEFAULT } from '../../contracts/bounds.ts';
import type {
  MovePlan,
  MoveRecord,
  NodeRow,
  RebuildReport,
  RunReport,
  RunState,
  ShardRow,
  VerifyReport,
} from '../../contracts/operator.ts';
import type { Page } from '../../contracts/paging.ts';
import { SHARD_ID } from '../../contracts/patterns.ts';
import type { Job, JobChange } from '../../contracts/jobs.ts';
import type { PaymentProblem } from '../../contracts/payment-problems.ts';
import type { ParkedRefund, RefundChange } from '../../contracts/refunds.ts';
import type { Outcome } from '../../contracts/refusals.ts';
import { shardOf } from '../../domain/ids.ts';
import { refusal, success } from '../../domain/refusal.ts';
import type { NodeSession, Placement } from '../../storage/ports/placement.ts';
import type { PaymentProblems } from '../../storage/ports/payment-problems.ts';
import { isOperator, maySeeOperations } from '../caller.ts';
import { unlessAnswered } from '../repeated-requests.ts';
import { type ChangesOptions, OperatorChanges, reportSoon } from './changes.ts';
import { OperatorJobs, type OperatorJobsOptions } from './jobs.ts';
import { OperatorRefunds, type OperatorRefundsOptions } from './refunds.ts';
import { isKnown, planDrain, planEvenLoad, planPin, planUndrain } from './plan.ts';
import { type OperatorRuns, type RunRequest, startOnce } from './runs.ts';
import { nodeRows, ownersOf, placementOfOne, type Reports, shardRows } from './view.ts';

const shardForm = new RegExp(SHARD_ID);

/** `placement` is null for one node alone, which has no other node for its shards. */
export interface OperatorsOptions
  extends ChangesOptions,
    OperatorRefundsOptions,
    OperatorJobsOptions {
  readonly runs: OperatorRuns;
  readonly paymentProblems: Pick<PaymentProblems, 'list'>;
  readonly verify: (run: RunContext) => Promise<VerifyReport>;
  /** The session of this node: the only one to show where `placement` is null. */
  readonly self: () => NodeSession;
}

type AskedRun = Omit<ActionParams<'operator.startRun'>, 'caller' | 'request'>;

export class Operators {
  readonly #options: OperatorsOptions;
  readonly #changes: OperatorChanges;
  readonly #refunds: OperatorRefunds;
  readonly #jobs: OperatorJobs;

  constructor(options: OperatorsOptions) {
    this.#options = options;
    this.#changes = new OperatorChanges(options);
    this.#refunds = new OperatorRefunds(options);
    this.#jobs = new OperatorJobs(options);
  }

  /** For a change with an Idempotency-Key: unless it was answered already (H11). */
  async once<T>(
    { caller, request }: Pick<ActionParams<'operator.restartNode'>, 'caller' | 'request'>,
    change: () => Promise<Outcome<T>>,
  ): Promise<Outcome<T>> {
    if (!isOperator(caller)) return refusal('forbidden');
    return await unlessAnswered(this.#options, request, change);
  }

  async nodes({
    caller,
  }: ActionParams<'operator.listNodes'>): Promise<Outcome<readonly NodeRow[]>> {
    if (!maySeeOperations(caller)) return refusal('forbidden');
    const placement = await this.#loadPlacement();
    const reports = await this.#reportsOf(placement);
    return success(nodeRows(placement, this.#options.shardCount, reports));
  }

  /**
   * All shards, or those of one owner or in one state. Refuses `not-found` for a node that never
   * was there.
   */
  async shards({
    caller,
    node,
    state,
  }: ActionParams<'operator.listShards'>): Promise<Outcome<readonly ShardRow[]>> {
    if (!maySeeOperations(caller)) return refusal('forbidden');
    const placement = await this.#loadPlacement();
    if (node !== undefined && !isKnown(placement, node))
      return refusal('not-found', `There is no node ${node}.`);
    const reports = await this.#reportsOf(placement);
    const rows = shardRows(placement, this.#options.shardCount, reports).filter(
      ({ owner, status }) =>
        (node === undefined || owner === node) && (state === undefined || status === state),
    );
    return success(rows);
  }

  /** Newest first. */
  async moves({
    caller,
    limit = PAGE_LIMIT_DEFAULT,
  }: ActionParams<'operator.listMoves'>): Promise<Outcome<readonly MoveRecord[]>> {
    if (!maySeeOperations(caller)) return refusal('forbidden');
    const { placement } = this.#options;
    return success(placement === null ? [] : await placement.listMoves(limit));
  }

  /** `to` null removes the pin. Refuses `not-found` for an id without the form of a shard's id. */
  async pin({
    caller,
    shardId,
    to,
    dryRun = false,
    request: keyed,
  }: ActionParams<'operator.pinShard'>): Promise<Outcome<MovePlan>> {
    if (!isOperator(caller)) return refusal('forbidden');
    if (!shardForm.test(shardId)) return refusal('not-found');
    const shard = Number(shardId);
    const action = to === null ? 'unpin' : 'pin';
    const request = { operatorId: caller.userId, keyed, action, params: { shard, to } };
    return await this.#changes.change(request, dryRun, (situation) =>
      planPin(situation, shard, to),
    );
  }

  async drain({
    caller,
    nodeId,
    dryRun = false,
    request: keyed,
  }: ActionParams<'operator.drainNode'>): Promise<Outcome<MovePlan>> {
    if (!isOperator(caller)) return refusal('forbidden');
    const request = { operatorId: caller.userId, keyed, action: 'drain', params: { nodeId } };
    return await this.#changes.change(request, dryRun, (situation) => planDrain(situation, nodeId));
  }

  async undrain({
    caller,
    nodeId,
    dryRun = false,
    request: keyed,
  }: ActionParams<'operator.undrainNode'>): Promise<Outcome<MovePlan>> {
    if (!isOperator(caller)) return refusal('forbidden');
    const request = { operatorId: caller.userId, keyed, action: 'undrain', params: { nodeId } };
    return await this.#changes.change(request, dryRun, (situation) =>
      planUndrain(situation, nodeId),
    );
  }

  async rebalance({
    caller,
    movesMax = REBALANCE_MOVES_DEFAULT,
    dryRun = false,
    request: keyed,
  }: ActionParams<'operator.rebalanceShards'>): Promise<Outcome<MovePlan>> {
    if (!isOperator(caller)) return refusal('forbidden');
    const request = { operatorId: caller.userId, keyed, action: 'rebalance', params: { movesMax } };
    return await this.#changes.change(request, dryRun, async (situation) => {
      const reports = await this.#reportsOf(situation.placement);
      return planEvenLoad(situation, reports, movesMax);
    });
  }

  /** Succeeds when the node has accepted the restart, before it ends. */
  async restart({
    caller,
    nodeId,
    request: keyed,
  }: ActionParams<'operator.restartNode'>): Promise<Outcome<null>> {
    if (!isOperator(caller)) return refusal('forbidden');
    const request = { operatorId: caller.userId, keyed, action: 'restart', params: { nodeId } };
    return await this.#changes.restart(request, nodeId);
  }

  async releaseDrop({
    caller,
    dropId,
    request: keyed,
  }: ActionParams<'operator.releaseDrop'>): Promise<Outcome<null>> {
    if (!isOperator(caller)) return refusal('forbidden');
    const { shardCount } = this.#options;
    const owners = ownersOf(await this.#loadPlacement(), shardCount);
    const owner = owners[shardOf(dropId, shardCount)] ?? null;
    const request = { operatorId: caller.userId, keyed, action: 'release', params: { dropId } };
    return await this.#changes.release(request, owner, dropId);
  }

  /** A rebuild is of all shards where none are listed. */
  async startRun({
    caller,
    request: keyed,
    ...asked
  }: ActionParams<'operator.startRun'>): Promise<Outcome<RunState>> {
    if (!isOperator(caller)) return refusal('forbidden');
    return await this.#withRun(caller.userId, asked, (request) =>
      startOnce(this.#options, request, keyed),
    );
  }

  async followRun({
    caller,
    runId,
  }: ActionParams<'operator.followRun'>): Promise<Outcome<RunState>> {
    return maySeeOperations(caller) ? await this.#options.runs.follow(runId) : refusal('forbidden');
  }

  async cancelRun({ caller, runId }: ActionParams<'operator.cancelRun'>): Promise<Outcome<null>> {
    return isOperator(caller) ? await this.#options.runs.cancel(runId) : refusal('forbidden');
  }

  async listRuns({
    caller,
  }: ActionParams<'operator.listRuns'>): Promise<Outcome<readonly RunState[]>> {
    return maySeeOperations(caller)
      ? success(await this.#options.runs.list())
      : refusal('forbidden');
  }

  /** `startRun` and its end, for gateways that do not follow runs. */
  async rebuild({
    caller,
    ...asked
  }: ActionParams<'operator.rebuildLists'>): Promise<Outcome<RebuildReport>> {
    if (!isOperator(caller)) return refusal('forbidden');
    const run = { kind: 'rebuild', ...asked } as const;
    return (await this.#reportOf(caller.userId, run)) as Outcome<RebuildReport>;
  }

  /** As `rebuild`. */
  async verify({
    caller,
  }: ActionParams<'operator.verifyJournals'>): Promise<Outcome<VerifyReport>> {
    if (!isOperator(caller)) return refusal('forbidden');
    return (await this.#reportOf(caller.userId, { kind: 'verify' })) as Outcome<VerifyReport>;
  }

  async #reportOf(operatorId: string, asked: AskedRun): Promise<Outcome<RunReport>> {
    const ended = await this.#withRun(operatorId, asked, (request) =>
      this.#options.runs.toEnd(request),
    );
    if (!ended.ok) return ended;
    const { end, fault } = ended.value;
    if (end.type === 'report') return success(end.report);
    if (end.type === 'cancelled') return refusal('unavailable', `Cancelled: ${end.reason}.`);
    throw fault;
  }

  async #withRun<T>(
    operatorId: string,
    { kind, shards = null, dryRun = false }: AskedRun,
    begin: (request: RunRequest) => Promise<Outcome<T>>,
  ): Promise<Outcome<T>> {
    if (kind === 'rebuild') return await this.#changes.rebuild(operatorId, shards, dryRun, begin);
    return await begin({ kind, operatorId, work: this.#options.verify });
  }

  /** Newest first; of all states, or of one. */
  async refunds({
    caller,
    state,
    page,
  }: ActionParams<'operator.listRefunds'>): Promise<Outcome<Page<ParkedRefund>>> {
    if (!maySeeOperations(caller)) return refusal('forbidden');
    return success(await this.#refunds.list(state ?? null, page));
  }

  /** Newest first; of one kind, or open or not, where the filter says so. */
  async paymentProblems({
    caller,
    kind,
    open,
    page,
  }: ActionParams<'operator.listPaymentProblems'>): Promise<Outcome<Page<PaymentProblem>>> {
    if (!maySeeOperations(caller)) return refusal('forbidden');
    const filter = { ...(kind !== undefined && { kind }), ...(open !== undefined && { open }) };
    return success(await this.#options.paymentProblems.list(filter, page));
  }

  async retryRefund({
    caller,
    refundId,
    dryRun = false,
    request: keyed,
  }: ActionParams<'operator.retryRefund'>): Promise<Outcome<RefundChange>> {
    if (!isOperator(caller)) return refusal('forbidden');
    return await this.#refunds.retry({ operatorId: caller.userId, keyed }, refundId, dryRun);
  }

  async dismissRefund({
    caller,
    refundId,
    reason,
    dryRun = false,
    request: keyed,
  }: ActionParams<'operator.dismissRefund'>): Promise<Outcome<RefundChange>> {
    if (!isOperator(caller)) return refusal('forbidden');
    return await this.#refunds.dismiss(
      { operatorId: caller.userId, keyed },
      refundId,
      reason,
      dryRun,
    );
  }

  /** Newest first; of all states, or of one. */
  async jobs({
    caller,
    state,
    page,
  }: ActionParams<'operator.listJobs'>): Promise<Outcome<Page<Job>>> {
    if (!maySeeOperations(caller)) return refusal('forbidden');
    return success(await this.#jobs.list(state, page));
  }

  async job({ caller, jobId }: ActionParams<'operator.getJob'>): Promise<Outcome<Job>> {
    return maySeeOperations(caller) ? await this.#jobs.get(jobId) : refusal('forbidden');
  }

  async retryJob({
    caller,
    jobId,
    dryRun = false,
    request: keyed,
  }: ActionParams<'operator.retryJob'>): Promise<Outcome<JobChange>> {
    if (!isOperator(caller)) return refusal('forbidden');
    return await this.#jobs.retry({ operatorId: caller.userId, keyed }, jobId, dryRun);
  }

  async cancelJob({
    caller,
    jobId,
    dryRun = false,
    request: keyed,
  }: ActionParams<'operator.cancelJob'>): Promise<Outcome<JobChange>> {
    if (!isOperator(caller)) return refusal('forbidden');
    return await this.#jobs.cancel({ operatorId: caller.userId, keyed }, jobId, dryRun);
  }

  async #loadPlacement(): Promise<Placement> {
    const { placement, self, shardCount } = this.#options;
    return placement === null ? placementOfOne(self(), shardCount) : await placement.load();
  }

  /** Requests the reports of all living nodes at once, and leaves out slow nodes. */
  async #reportsOf({ sessions }: Placement): Promise<Reports> {
    const answers = await Promise.all(
      sessions.map(({ nodeId }) => reportSoon(this.#options, nodeId)),
    );
    const reports = new Map<string, NodeReport>();
    for (const [index, { nodeId }] of sessions.entries()) {
      const report = answers[index];
      if (report !== undefined && report !== null) reports.set(nodeId, report);
    }
    return reports;
  }
}
