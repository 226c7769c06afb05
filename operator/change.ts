// `livedrops pin`, `move`, `unpin`, `drain`, `undrain` and `rebalance`: asks for a change and waits
// until every shard that moves because of it has ended its move. It ended well when all of them are
// where they should be.

import type { MovePlan } from '../services/contracts.ts';
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
  /** Seconds. */
  readonly timeout: number;
}

export type AskForChange<A> = (api: A, dryRun: boolean) => Promise<MovePlan>;

export interface RunChangeOptions<A extends MovesApi> {
  readonly api: A;
  readonly ask: AskForChange<A>;
  /** Shards only have to leave where they are. */
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
  ask: AskForChange<OperatorApi>,
  anyTarget = false,
): Promise<void> {
  const endedWell = await runChange({
    api: connectOperator(options),
    ask,
    anyTarget,
    options,
    pace: realPace(),
    write: (text) => process.stdout.write(text),
  });
  if (!endedWell) process.exitCode = 1;
}

/** Resolves to whether it ended well. What is not waited for counts as well. */
export async function runChange<A extends MovesApi>(run: RunChangeOptions<A>): Promise<boolean> {
  const { api, ask, anyTarget, options, pace, write } = run;
  const { dryRun = false, json = false, wait, timeout } = options;
  const earlier = dryRun || !wait ? [] : await api.moves(MOVES_LISTED_MAX);
  const plan = await ask(api, dryRun);
  if (dryRun || !wait || plan.moves.length === 0) {
    const nothing = { ...plan, ok: true };
    write(json ? `${JSON.stringify(nothing, null, 2)}\n` : planText(plan.moves, dryRun));
    return true;
  }
  const tell = (text: string): void => {
    if (!json) write(text);
  };
  tell(`${count(plan.moves.length, 'shard')} to move\n`);
  const progress = new MoveProgress({ moves: plan.moves, earlier, anyTarget });
  const startedAt = pace.now();
  const onEnd = (end: Parameters<typeof endText>[0]): void => tell(endText(end));
  await followMoves({ api, progress, timeoutMs: timeout * 1000, pace, onEnd });
  const { ends, endedWell } = progress;
  tell(endsText(ends, pace.now() - startedAt));
  if (json) {
    write(`${JSON.stringify({ applied: plan.applied, moves: ends, ok: endedWell }, null, 2)}\n`);
  }
  return endedWell;
}
