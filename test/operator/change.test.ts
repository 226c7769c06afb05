// Changes as the command makes them: over a real gateway, until the last shard has moved.

import test, { type ExecutionContext } from 'ava';
import type { OperatorApi } from '../../operator/api-client.ts';
import { type AskForChange, type ChangeOptions, runChange } from '../../operator/change.ts';
import { PretendPace, startPretendGateway } from './pretend-gateway.ts';

const NODES = ['node-1', 'node-2', 'node-3'];
const drainNode2: AskForChange<OperatorApi> = (api, dryRun) => api.drain('node-2', dryRun);

async function start(t: ExecutionContext) {
  const gateway = await startPretendGateway(t, NODES);
  const shards = await gateway.cluster.shardsOf('node-2');
  const pace = new PretendPace();
  const run = async (
    change: Partial<ChangeOptions> = {},
    ask: AskForChange<OperatorApi> = drainNode2,
    anyTarget = true,
  ): Promise<{ ok: boolean; text: string }> => {
    let text = '';
    const options: ChangeOptions = { wait: true, timeout: 60, ...change };
    const write = (written: string): void => void (text += written);
    const ok = await runChange({ api: gateway.api, ask, anyTarget, options, pace, write });
    return { ok, text };
  };
  return { ...gateway, shards, pace, run };
}

test('X1: a drain tells each shard as it ends, and ends when the node is empty', async (t) => {
  const { run, cluster, shards, pace } = await start(t);
  const { ok, text } = await run();
  t.true(ok);
  t.deepEqual(await cluster.shardsOf('node-2'), []);
  const lines = text.trimEnd().split('\n');
  t.is(lines.length, shards.length + 2);
  t.is(lines[0], `${shards.length} shards to move`);
  for (const [index, shard] of shards.entries()) {
    const line = `^shard +${shard}  node-2 -> node-[13] +done +12 ms  It is wanted there\\.$`;
    t.regex(lines[index + 1]!, new RegExp(line));
  }
  const said = `${shards.length} of ${shards.length} moves done in .* s; blackout p50 12 ms`;
  t.regex(lines.at(-1)!, new RegExp(`^${said}, longest 12 ms$`));
  t.is(pace.pauses, shards.length, 'one shard moves after each look');
});

test('X1: --json tells everything at once, with results', async (t) => {
  const { run, shards } = await start(t);
  const { text } = await run({ json: true });
  const told = JSON.parse(text) as { applied: boolean; ok: boolean; moves: object[] };
  t.like(told, { applied: true, ok: true });
  t.is(told.moves.length, shards.length);
  t.like(told.moves[0], { shard: shards[0], from: 'node-2', result: 'done', blackoutMs: 12 });
});

test('X1: --dry-run tells the moves with their reasons and changes nothing', async (t) => {
  const { run, cluster, shards, pace } = await start(t);
  const { ok, text } = await run({ dryRun: true });
  t.true(ok);
  t.regex(text, /^shard {2}from {4}to {6}reason\n/);
  t.regex(text, /node-2 is drained\./);
  t.true(text.endsWith(`${shards.length} shards would move\n`));
  const json = JSON.parse((await run({ dryRun: true, json: true })).text) as object;
  t.like(json, { applied: false });
  t.deepEqual(await cluster.shardsOf('node-2'), shards);
  t.deepEqual([...(await cluster.placement.load()).drained, pace.pauses], [0]);
});

test('X1: --no-wait asks for the change and leaves', async (t) => {
  const { run, cluster, pace } = await start(t);
  const { ok, text } = await run({ wait: false });
  t.true(ok);
  t.regex(text, /shards to move\n$/);
  t.deepEqual([...(await cluster.placement.load()).drained], ['node-2']);
  t.is(pace.pauses, 0);
});

test('X1: a change that moves nothing is done at once', async (t) => {
  const { run, pace } = await start(t);
  const ask: AskForChange<OperatorApi> = (api, dryRun) => api.undrain('node-1', dryRun);
  t.deepEqual(await run({}, ask), { ok: true, text: 'No shard has to move.\n' });
  t.is(pace.pauses, 0);
});

test('W6, X1: a move that was rolled back is told with its reason, and is a failure', async (t) => {
  const { run, cluster, shards } = await start(t);
  cluster.movesALook = shards.length;
  cluster.failing.set(shards[1]!, 'rolled-back');
  const { ok, text } = await run();
  t.false(ok);
  t.regex(text, new RegExp(`shard +${shards[1]} .* rolled-back .* could not prepare\\.`));
  t.regex(text, new RegExp(`^${shards.length - 1} of ${shards.length} moves done`, 'm'));
});

test('X1: when time is up, what has not moved is told, and it is a failure', async (t) => {
  const gateway = await start(t);
  gateway.cluster.step = async () => undefined;
  const { ok, text } = await gateway.run({ timeout: 5 });
  t.false(ok);
  t.regex(text, /unfinished .* Not ended after 5 s\./);
  t.is(gateway.pace.pauses, 10);
});

test('X1: a target that is lost on the way is a failure with its reason', async (t) => {
  const { run, cluster, shards } = await start(t);
  const ask: AskForChange<OperatorApi> = async (api, dryRun) => {
    const plan = await api.pin(shards[0]!, 'node-1', dryRun);
    await cluster.lose('node-1');
    return plan;
  };
  const { ok, text } = await run({}, ask, false);
  t.false(ok);
  t.regex(text, /superseded .* It is wanted on node-2 now\./);
});

test('X1: nodes that do not answer for a while are waited for', async (t) => {
  const { run, fixture } = await start(t);
  const shards = fixture.actions['operator.shards']!;
  let refusals = 3;
  fixture.actions['operator.shards'] = (params: never) => {
    if (refusals === 0) return shards(params);
    refusals -= 1;
    return { ok: false, code: 'unavailable' };
  };
  t.true((await run()).ok);
  t.is(refusals, 0);
});
