// `livedrops rolling-restart`: restarts one node after the other, each emptied before it ends and
// filled again before the next one's turn. The first thing that goes wrong stops it, and the node
// whose turn it was takes shards again.

import type { MovePlan } from '../services/contracts.ts';
import { ApiError, MOVES_LISTED_MAX, type NodeInfo, type OperatorApi } from './api-client.ts';
import { connectOperator, type ConnectOptions } from './connect.ts';
import { followMoves, LOOK_INTERVAL_MS, orNothing } from './follow-moves.ts';
import { type MoveEnd, MoveProgress } from './move-progress.ts';
import { endsText, endText } from './move-text.ts';
import { type Pace, realPace, untilInterrupted } from './pace.ts';
import { count } from './table.ts';

export interface RollingRestartOptions extends ConnectOptions {
  readonly dryRun?: true;
  readonly json?: true;
  /** Seconds, for each step. */
  readonly timeout: number;
}

export type RestartApi = Pick<
  OperatorApi,
  'nodes' | 'shards' | 'moves' | 'drain' | 'undrain' | 'restart'
>;

export interface RunRestartOptions {
  readonly api: RestartApi;
  readonly timeoutMs: number;
  readonly pace: Pace;
  readonly tell: (text: string) => void;
}

/** How one node's turn went. */
export interface NodeTurn {
  readonly nodeId: string;
  readonly ok: boolean;
  /** Why not; null where it went well. */
  readonly fault: string | null;
  readonly tookMs: number;
  /** Of shards that left the node, then of those that came back. */
  readonly moves: readonly MoveEnd[];
}

/** It cannot go on; the message says why. */
class StepFailed extends Error {}

export async function rollingRestart(options: RollingRestartOptions): Promise<void> {
  const api = connectOperator(options);
  const json = options.json === true;
  const write = (value: unknown): void => {
    process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
  };
  const turns = planTurns(await api.nodes());
  if (options.dryRun === true) {
    const steps = turns.map((node) => ({ nodeId: node.nodeId, steps: stepsOf(node) }));
    if (json) write({ ok: true, nodes: steps });
    else process.stdout.write(stepsText(turns));
    return;
  }
  const done = await runRestart(turns, {
    api,
    timeoutMs: options.timeout * 1000,
    pace: realPace(untilInterrupted()),
    tell: (text) => json || process.stdout.write(text),
  });
  const ok = done.every((turn) => turn.ok);
  if (json) write({ ok, nodes: done });
  if (!ok) process.exitCode = 1;
}

/** Whose turn comes when. Throws where a restart would leave shards without a node. */
export function planTurns(nodes: readonly NodeInfo[]): readonly NodeInfo[] {
  const living = nodes.filter(({ state }) => state !== 'lost');
  const busy = living.find(({ state }) => state === 'draining' || state === 'leaving');
  if (busy !== undefined) throw new StepFailed(`${busy.nodeId} is ${busy.state}: wait for its end`);
  const takers = living.filter(({ state }) => state === 'serving').length;
  if (takers < 2) throw new StepFailed('fewer than two nodes take shards: none can be emptied');
  return living;
}

/** A node that was drained before stays so. */
function stepsOf({ state, shardsOwned }: NodeInfo): string[] {
  const restart = ['restart', 'wait until it is back'];
  if (state === 'drained') return restart;
  return [`drain ${count(shardsOwned, 'shard')}`, ...restart, 'undrain'];
}

export function stepsText(turns: readonly NodeInfo[]): string {
  return turns
    .map((node, index) => `${index + 1}. ${node.nodeId}: ${stepsOf(node).join(', ')}\n`)
    .join('');
}

/** Stops after the first turn that did not go well. */
export async function runRestart(
  turns: readonly NodeInfo[],
  options: RunRestartOptions,
): Promise<NodeTurn[]> {
  const { tell } = options;
  const done: NodeTurn[] = [];
  for (const [index, node] of turns.entries()) {
    tell(`${node.nodeId} (${index + 1} of ${turns.length})\n`);
    const turn = await runTurn(node, options);
    done.push(turn);
    const { nodeId, ok, fault, tookMs } = turn;
    const took = `${(tookMs / 1000).toFixed(1)} s`;
    tell(ok ? `${nodeId} restarted in ${took}\n` : `${nodeId} FAILED after ${took}: ${fault}\n`);
    if (!ok) break;
  }
  const restarted = done.filter(({ ok }) => ok).length;
  tell(`${restarted} of ${count(turns.length, 'node')} restarted\n`);
  return done;
}

async function runTurn(node: NodeInfo, options: RunRestartOptions): Promise<NodeTurn> {
  const { nodeId } = node;
  const startedAt = options.pace.now();
  const moves: MoveEnd[] = [];
  let fault: string | null = null;
  try {
    await restartNode(node, options, moves);
  } catch (error) {
    fault = error instanceof Error ? error.message : String(error);
  }
  const tookMs = options.pace.now() - startedAt;
  return { nodeId, ok: fault === null, fault, tookMs, moves };
}

async function restartNode(
  node: NodeInfo,
  options: RunRestartOptions,
  moves: MoveEnd[],
): Promise<void> {
  const { nodeId, state } = node;
  const { api, tell } = options;
  if (state === 'drained') {
    await restartEmpty(node, options);
    return;
  }
  let drained = true;
  try {
    tell('  drain\n');
    await moveAll(() => api.drain(nodeId, false), true, options, moves);
    await untilNode(nodeId, (now) => now.state === 'drained', 'is not empty', options);
    await restartEmpty(node, options);
    tell('  undrain\n');
    const undrain = async (): Promise<MovePlan> => {
      const plan = await api.undrain(nodeId, false);
      drained = false;
      return plan;
    };
    await moveAll(undrain, false, options, moves);
  } catch (error) {
    if (drained) await undrainAnyway(nodeId, options);
    throw error;
  }
}

async function restartEmpty(
  { nodeId, incarnation }: NodeInfo,
  options: RunRestartOptions,
): Promise<void> {
  const { api, tell } = options;
  tell('  restart\n');
  try {
    await api.restart(nodeId);
  } catch (error) {
    // The very node that was asked may be gone before its answer is: whether it heard shows below.
    if (!(error instanceof ApiError) || error.status !== 0) throw error;
  }
  const isBack = (now: NodeInfo): boolean =>
    now.incarnation !== incarnation && now.state === 'drained' && now.leaseMs !== null;
  await untilNode(nodeId, isBack, 'has not come back', options);
  tell('  back\n');
}

async function moveAll(
  ask: () => Promise<MovePlan>,
  anyTarget: boolean,
  { api, timeoutMs, pace, tell }: RunRestartOptions,
  moves: MoveEnd[],
): Promise<void> {
  const earlier = await api.moves(MOVES_LISTED_MAX);
  const plan = await ask();
  const progress = new MoveProgress({ moves: plan.moves, earlier, anyTarget });
  const startedAt = pace.now();
  const onEnd = (end: MoveEnd): void => tell(`  ${endText(end)}`);
  try {
    await followMoves({ api, progress, timeoutMs, pace, onEnd });
  } finally {
    moves.push(...progress.ends);
  }
  tell(`  ${endsText(progress.ends, pace.now() - startedAt)}`);
  if (!progress.endedWell) throw new StepFailed('not every shard moved');
}

async function untilNode(
  nodeId: string,
  isSo: (node: NodeInfo) => boolean,
  notSo: string,
  { api, timeoutMs, pace }: RunRestartOptions,
): Promise<void> {
  const deadline = pace.now() + timeoutMs;
  for (;;) {
    const nodes = await orNothing(api.nodes());
    if (nodes?.some((node) => node.nodeId === nodeId && isSo(node)) === true) return;
    if (pace.now() >= deadline) {
      throw new StepFailed(`${nodeId} ${notSo} after ${timeoutMs / 1000} s`);
    }
    await pace.pause(LOOK_INTERVAL_MS);
  }
}

/** Whatever went wrong, the node is not left drained; where that fails too, it is told. */
async function undrainAnyway(
  nodeId: string,
  { api, tell }: Pick<RunRestartOptions, 'api' | 'tell'>,
): Promise<void> {
  try {
    await api.undrain(nodeId, false);
    tell('  undrain: it takes shards again\n');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    tell(`  still drained, \`livedrops undrain ${nodeId}\` has to be repeated: ${why}\n`);
  }
}
