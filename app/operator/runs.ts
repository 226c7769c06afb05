// Verifications and rebuilds as runs: one of each kind at a time, in a cluster too, where a lease
// in the store says so. A run is on the node that started it; other nodes are asked for it.

import { randomUUID } from 'node:crypto';
import type { Clock, Timer } from '../../actors/clock.ts';
import type { RunContext } from '../../actors/run-context.ts';
import { CancelledError, type Ended, Runs } from '../../actors/runs.ts';
import type { RunKind, RunReport, RunState } from '../../contracts/operator.ts';
import type { Outcome } from '../../contracts/refusals.ts';
import type { KeyedRequest } from '../../contracts/requests.ts';
import { refusal, success } from '../../domain/refusal.ts';
import type { ConsumerLeases } from '../../storage/ports/consumer-leases.ts';
import type { RequestLog } from '../../storage/ports/requests.ts';
import { keepAnswer } from '../repeated-requests.ts';

/** A node that dies during a run holds up the next one for so long. */
const LEASE_MS = 15_000;
const RENEW_MS = 5_000;
/** Below `UNFOLLOWED_MAX_MS`. */
const FOLLOW_MS = 1_000;

/** The runs on other nodes. No method rejects: a node that does not answer has no run. */
export interface OtherRuns {
  follow(runId: string): Promise<RunState | null>;
  /** Whether a node had the run. */
  cancel(runId: string): Promise<boolean>;
  list(): Promise<RunState[]>;
}

export interface OperatorRunsOptions {
  readonly clock: Clock;
  /** Null where only this node starts runs. */
  readonly leases: ConsumerLeases | null;
  readonly others: OtherRuns;
  /** As in `RunsOptions`. */
  readonly unfollowedMaxMs?: number;
}

export interface RunRequest {
  readonly kind: RunKind;
  readonly operatorId: string;
  /** Resolves to the report. */
  readonly work: (run: RunContext) => Promise<RunReport>;
}

export class OperatorRuns {
  readonly #options: OperatorRunsOptions;
  /** On this node. */
  readonly local: Runs;

  constructor(options: OperatorRunsOptions) {
    this.#options = options;
    this.local = new Runs(options);
  }

  async start({ kind, operatorId, work }: RunRequest): Promise<Outcome<RunState>> {
    const { leases } = this.#options;
    const id = randomUUID();
    const name = `operator-${kind}`;
    const held = leases === null || (await leases.hold(name, id, LEASE_MS));
    const started = held
      ? this.local.begin({
          kind,
          startedBy: operatorId,
          id,
          work: (run) => (leases === null ? work(run) : this.#leased(leases, name, id, work, run)),
        })
      : null;
    if (started !== null) return success(started);
    if (held) await leases?.release(name, id);
    return refusal('already-running', `Another ${kind} is under way: wait for it, or cancel it.`);
  }

  async follow(runId: string): Promise<Outcome<RunState>> {
    const run = this.local.follow(runId) ?? (await this.#options.others.follow(runId));
    return run === null ? refusal('not-found', `There is no run ${runId}.`) : success(run);
  }

  async cancel(runId: string): Promise<Outcome<null>> {
    if (this.local.cancel(runId) || (await this.#options.others.cancel(runId)))
      return success(null);
    return refusal('not-found', `There is no run ${runId} under way.`);
  }

  async list(): Promise<RunState[]> {
    return [...this.local.list(), ...(await this.#options.others.list())];
  }

  /** Starts a run and waits for its end, for a caller who neither follows nor cancels. */
  async toEnd(request: RunRequest): Promise<Outcome<Ended>> {
    const started = await this.start(request);
    if (!started.ok) return started;
    const { id } = started.value;
    const ended = this.local.ended(id);
    let following: Timer;
    const follow = () => {
      this.local.follow(id);
      following = this.#options.clock.after(FOLLOW_MS, follow);
    };
    follow();
    return success(await ended.finally(() => following.cancel()));
  }

  /** Renews the lease while the work goes on; without it, the work ends. */
  async #leased(
    leases: ConsumerLeases,
    name: string,
    id: string,
    work: RunRequest['work'],
    { signal, progress }: RunContext,
  ): Promise<RunReport> {
    const lost = new AbortController();
    let timer: Timer;
    const renew = async () => {
      // Where the store does not answer, the work fails by itself.
      const held = await leases.hold(name, id, LEASE_MS).catch(() => true);
      if (!held) lost.abort(new CancelledError('another node has begun such a run'));
      else if (!ended) timer = this.#options.clock.after(RENEW_MS, () => void renew());
    };
    let ended = false;
    timer = this.#options.clock.after(RENEW_MS, () => void renew());
    try {
      return await work({ signal: AbortSignal.any([signal, lost.signal]), progress });
    } finally {
      ended = true;
      timer.cancel();
      await leases.release(name, id).catch(() => undefined);
    }
  }
}

/**
 * Starts a run at most once for a request with a key (H11). The run does nothing before its answer
 * is kept, so a crash between the two is one in the run, which ends with its node anyway.
 */
export async function startOnce(
  { runs, requests }: { readonly runs: OperatorRuns; readonly requests: RequestLog },
  request: RunRequest,
  keyed: KeyedRequest | undefined,
): Promise<Outcome<RunState>> {
  const { promise: isFirst, resolve } = Promise.withResolvers<boolean>();
  const work = async (run: RunContext) => {
    if (!(await isFirst)) throw new CancelledError('its request was not kept, or made before');
    return await request.work(run);
  };
  let kept: Outcome<RunState> | null = null;
  try {
    const started = await runs.start({ ...request, work });
    if (!started.ok) return started;
    kept = await keepAnswer(requests, keyed, started.value);
    return kept;
  } finally {
    resolve(kept?.ok === true && kept.replayed !== true);
  }
}
