// `livedrops pin`, `move`, `unpin`, `drain`, `undrain` and `rebalance`: requests a change of the
// placement and waits until every move that follows from it has ended. The command succeeds when
// every shard reached its target.

import type { MovePlan } from '../contracts/operator.ts';
import { MOVES_LISTED_MAX, type OperatorApi } from './api-client.ts';
import { connectOperator, type ConnectOptions } from './connect.ts';
import { followMoves, type MovesApi } from './follow-moves.ts';
import { MoveProgress } from './move-progress.ts';
import { endsText, endText, planText } from './move-text.ts';
import { type Pace, realPace } from './pace.ts';
import { count } from './table.ts';

export interface ChangeOptions extends ConnectOptions {
  readonly dryRun?: true;
  readonly json?: true;
  readonly wait: boolean;
  /** How long to wait for the moves, in seconds. */
  readonly timeout: number;
}

export type RequestChange<A> = (api: A, dryRun: boolean) => Promise<MovePlan>;

export interface RunChangeOptions<A extends MovesApi> {
  readonly api: A;
  readonly request: RequestChange<A>;
  /** True if the shards only have to leave their node, whichever node takes them. */
  readonly anyTarget: boolean;
  readonly options: ChangeOptions;
  readonly pace: Pace;
  readonly write: (text: string) => void;
}

export async function pin(shard: number, to: string | null, options: ChangeOptions): Promise<void> {
  await change(options, (api, dryRun) => api.pin(shard, to, dryRun));
}

export async function drain(nodeId: string, options: ChangeOptions): Promise<void> {
  await change(options, (api, dryRun) => api.drain(nodeId, dryRun), true);
}

export async function undrain(nodeId: string, options: ChangeOptions): Promise<void> {
  await change(options, (api, dryRun) => api.undrain(nodeId, dryRun));
}

export async function rebalance(options: ChangeOptions & { movesMax: number }): Promise<void> {
  await change(options, (api, dryRun) => api.rebalance(options.movesMax, dryRun));
}

async function change(
  options: ChangeOptions,
  request: RequestChange<OperatorApi>,
  anyTarget = false,
): Promise<void> {
  const succeeded = await runChange({
    api: await connectOperator(options),
    request,
    anyTarget,
    options,
    pace: realPace(),
    write: (text) => process.stdout.write(text),
  });
  if (!succeeded) process.exitCode = 1;
}

/** Resolves to false if a move failed or did not end in time. With `--no-wait`: always true. */
export async function runChange<A extends MovesApi>(run: RunChangeOptions<A>): Promise<boolean> {
  const { api, request, anyTarget, options, pace, write } = run;
  const { dryRun = false, json = false, wait, timeout } = options;
  const finishedBefore = dryRun || !wait ? [] : await api.moves(MOVES_LISTED_MAX);
  const plan = await request(api, dryRun);
  if (dryRun || !wait || plan.moves.length === 0) {
    const result = { ...plan, ok: true };
    write(json ? `${JSON.stringify(result, null, 2)}\n` : planText(plan.moves, dryRun));
    return true;
  }
  const writeText = (text: string): void => {
    if (!json) write(text);
  };
  writeText(`${count(plan.moves.length, 'shard')} to move\n`);
  const progress = new MoveProgress({
    moves: plan.moves,
    finishedBefore: finishedBefore,
    anyTarget,
  });
  const startedAt = pace.now();
  const onEnd = (end: Parameters<typeof endText>[0]): void => writeText(endText(end));
  await followMoves({ api, progress, timeoutMs: timeout * 1000, pace, onEnd });
  const { ends, succeeded } = progress;
  writeText(endsText(ends, pace.now() - startedAt));
  if (json) {
    write(`${JSON.stringify({ applied: plan.applied, moves: ends, ok: succeeded }, null, 2)}\n`);
  }
  return succeeded;
}
