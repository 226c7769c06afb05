// `livedrops rolling-restart`: restarts one node after the other. Each node is drained before its
// restart and undrained before the next node's turn. The first failure stops the command, which
// then undrains the node of that turn.

import type { MovePlan } from '../contracts/operator.ts';
import { MOVES_LISTED_MAX, type OperatorApi } from './api-client.ts';
import type { Node } from '../sdk/api.ts';
import { ApiError } from './api-error.ts';
import { connectOperator, type ConnectOptions } from './connect.ts';
import { followMoves, POLL_INTERVAL_MS, nullIfTransient } from './follow-moves.ts';
import { type MoveEnd, MoveProgress } from './move-progress.ts';
import { endsText, endText } from './move-text.ts';
import { type Pace, realPace, interruptSignal } from './pace.ts';
import { count } from './table.ts';

export interface RollingRestartOptions extends ConnectOptions {
  readonly dryRun?: true;
  readonly json?: true;
  /** The longest duration of each step, in seconds. */
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
  readonly write: (text: string) => void;
}

/** The result of one node's turn. */
export interface NodeTurn {
  readonly nodeId: string;
  readonly ok: boolean;
  /** Why the turn failed; null after success. */
  readonly fault: string | null;
  readonly tookMs: number;
  /** The moves away from the node, then the moves back to it. */
  readonly moves: readonly MoveEnd[];
}

/** The restart stops here; the message says why. */
class StepFailed extends Error {}

export async function rollingRestart(options: RollingRestartOptions): Promise<void> {
  const api = await connectOperator(options);
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
    pace: realPace(interruptSignal()),
    write: (text) => json || process.stdout.write(text),
  });
  const ok = done.every((turn) => turn.ok);
  if (json) write({ ok, nodes: done });
  if (!ok) process.exitCode = 1;
}

/** The nodes in the order of their turns. Throws if a restart would leave shards without a node. */
export function planTurns(nodes: readonly Node[]): readonly Node[] {
  const living = nodes.filter(({ state }) => state !== 'lost');
  const busy = living.find(({ state }) => state === 'draining' || state === 'leaving');
  if (busy !== undefined) {
    throw new StepFailed(`${busy.nodeId} is ${busy.state}: wait until that has ended`);
  }
  const servingCount = living.filter(({ state }) => state === 'serving').length;
  if (servingCount < 2) {
    throw new StepFailed('fewer than two nodes take shards, so no node can be drained');
  }
  return living;
}

/** A node that was drained before stays drained. */
function stepsOf({ state, shardsOwned }: Node): string[] {
  const restart = ['restart', 'wait until it is back'];
  if (state === 'drained') return restart;
  return [`drain ${count(shardsOwned, 'shard')}`, ...restart, 'undrain'];
}

export function stepsText(turns: readonly Node[]): string {
  return turns
    .map((node, index) => `${index + 1}. ${node.nodeId}: ${stepsOf(node).join(', ')}\n`)
    .join('');
}

/** Stops after the first turn that failed. */
export async function runRestart(
  turns: readonly Node[],
  options: RunRestartOptions,
): Promise<NodeTurn[]> {
  const { write } = options;
  const done: NodeTurn[] = [];
  for (const [index, node] of turns.entries()) {
    write(`${node.nodeId} (${index + 1} of ${turns.length})\n`);
    const turn = await runTurn(node, options);
    done.push(turn);
    const { nodeId, ok, fault, tookMs } = turn;
    const took = `${(tookMs / 1000).toFixed(1)} s`;
    write(ok ? `${nodeId} restarted in ${took}\n` : `${nodeId} FAILED after ${took}: ${fault}\n`);
    if (!ok) break;
  }
  const restarted = done.filter(({ ok }) => ok).length;
  write(`${restarted} of ${count(turns.length, 'node')} restarted\n`);
  return done;
}

async function runTurn(node: Node, options: RunRestartOptions): Promise<NodeTurn> {
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
  node: Node,
  options: RunRestartOptions,
  moves: MoveEnd[],
): Promise<void> {
  const { nodeId, state } = node;
  const { api, write } = options;
  if (state === 'drained') {
    await restartEmpty(node, options);
    return;
  }
  let drained = true;
  try {
    write('  drain\n');
    await changeAndWait(() => api.drain(nodeId, false), true, options, moves);
    await waitForNode(nodeId, (now) => now.state === 'drained', 'is not empty', options);
    await restartEmpty(node, options);
    write('  undrain\n');
    const undrain = async (): Promise<MovePlan> => {
      const plan = await api.undrain(nodeId, false);
      drained = false;
      return plan;
    };
    await changeAndWait(undrain, false, options, moves);
  } catch (error) {
    if (drained) await undrainAfterFailure(nodeId, options);
    throw error;
  }
}

async function restartEmpty(
  { nodeId, incarnation }: Node,
  options: RunRestartOptions,
): Promise<void> {
  const { api, write } = options;
  write('  restart\n');
  try {
    await api.restart(nodeId);
  } catch (error) {
    // The node may end before its answer arrives. The wait below shows whether it restarts.
    if (!(error instanceof ApiError) || error.status !== 0) throw error;
  }
  const isBack = (now: Node): boolean =>
    now.incarnation !== incarnation && now.state === 'drained' && now.leaseMs !== null;
  await waitForNode(nodeId, isBack, 'has not come back', options);
  write('  back\n');
}

async function changeAndWait(
  change: () => Promise<MovePlan>,
  anyTarget: boolean,
  { api, timeoutMs, pace, write }: RunRestartOptions,
  moves: MoveEnd[],
): Promise<void> {
  const earlier = await api.moves(MOVES_LISTED_MAX);
  const plan = await change();
  const progress = new MoveProgress({ moves: plan.moves, finishedBefore: earlier, anyTarget });
  const startedAt = pace.now();
  const onEnd = (end: MoveEnd): void => write(`  ${endText(end)}`);
  try {
    await followMoves({ api, progress, timeoutMs, pace, onEnd });
  } finally {
    moves.push(...progress.ends);
  }
  write(`  ${endsText(progress.ends, pace.now() - startedAt)}`);
  if (!progress.succeeded) throw new StepFailed('not every shard moved');
}

async function waitForNode(
  nodeId: string,
  condition: (node: Node) => boolean,
  /** For the error message, such as `has not come back`. */
  unmet: string,
  { api, timeoutMs, pace }: RunRestartOptions,
): Promise<void> {
  const deadline = pace.now() + timeoutMs;
  for (;;) {
    const nodes = await nullIfTransient(api.nodes());
    if (nodes?.some((node) => node.nodeId === nodeId && condition(node)) === true) return;
    if (pace.now() >= deadline) {
      throw new StepFailed(`${nodeId} ${unmet} after ${timeoutMs / 1000} s`);
    }
    await pace.pause(POLL_INTERVAL_MS);
  }
}

/**
 * After any failure the node must not stay drained. If the undrain fails too, prints the advice.
 */
async function undrainAfterFailure(
  nodeId: string,
  { api, write }: Pick<RunRestartOptions, 'api' | 'write'>,
): Promise<void> {
  try {
    await api.undrain(nodeId, false);
    write('  undrain: the node takes shards again\n');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    write(`  still drained, run \`livedrops undrain ${nodeId}\`: ${why}\n`);
  }
}
