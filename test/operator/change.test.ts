// Changes of the placement by commands, over a real gateway, until the last move has ended.

import test, { type ExecutionContext } from 'ava';
import type { OperatorApi } from '../../operator/api-client.ts';
import { type RequestChange, type ChangeOptions, runChange } from '../../operator/change.ts';
import { PretendPace, startPretendGateway } from './pretend-gateway.ts';

const NODES = ['node-1', 'node-2', 'node-3'];
const drainNode2: RequestChange<OperatorApi> = (api, dryRun) => api.drain('node-2', dryRun);

async function start(t: ExecutionContext) {
  const gateway = await startPretendGateway(t, NODES);
  const shards = await gateway.cluster.shardsOf('node-2');
  const pace = new PretendPace();
  const run = async (
    change: Partial<ChangeOptions> = {},
    request: RequestChange<OperatorApi> = drainNode2,
    anyTarget = true,
  ): Promise<{ ok: boolean; text: string }> => {
    let text = '';
    const options: ChangeOptions = { wait: true, timeout: 60, ...change };
    const write = (written: string): void => void (text += written);
    const ok = await runChange({ api: gateway.api, request, anyTarget, options, pace, write });
    return { ok, text };
  };
  return { ...gateway, shards, pace, run };
}

test('X1: a drain prints each move as it ends, and ends when the node is empty', async (t) => {
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
  const total = `${shards.length} of ${shards.length} moves done in .* s; blackout p50 12 ms`;
  t.regex(lines.at(-1)!, new RegExp(`^${total}, longest 12 ms$`));
  t.is(pace.pauses, shards.length, 'one shard moves after each poll');
});

test('X1: --json prints one document with the result of every move', async (t) => {
  const { run, shards } = await start(t);
  const { text } = await run({ json: true });
  const result = JSON.parse(text) as { applied: boolean; ok: boolean; moves: object[] };
  t.like(result, { applied: true, ok: true });
  t.is(result.moves.length, shards.length);
  t.like(result.moves[0], { shard: shards[0], from: 'node-2', result: 'done', blackoutMs: 12 });
});

test('X1: --dry-run prints the moves with reasons, and drains and moves nothing', async (t) => {
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

test('X1: --no-wait drains the node and does not wait for the moves', async (t) => {
  const { run, cluster, pace } = await start(t);
  const { ok, text } = await run({ wait: false });
  t.true(ok);
  t.regex(text, /shards to move\n$/);
  t.deepEqual([...(await cluster.placement.load()).drained], ['node-2']);
  t.is(pace.pauses, 0);
});

test('X1: a change that moves nothing ends without a pause', async (t) => {
  const { run, pace } = await start(t);
  const request: RequestChange<OperatorApi> = (api, dryRun) => api.undrain('node-1', dryRun);
  t.deepEqual(await run({}, request), { ok: true, text: 'No shard has to move.\n' });
  t.is(pace.pauses, 0);
});

test('W6, X1: a rolled-back move is printed with its reason and is a failure', async (t) => {
  const { run, cluster, shards } = await start(t);
  cluster.movesALook = shards.length;
  cluster.failing.set(shards[1]!, 'rolled-back');
  const { ok, text } = await run();
  t.false(ok);
  t.regex(text, new RegExp(`shard +${shards[1]} .* rolled-back .* could not prepare\\.`));
  t.regex(text, new RegExp(`^${shards.length - 1} of ${shards.length} moves done`, 'm'));
});

test('X1: after the timeout the open moves are unfinished, which is a failure', async (t) => {
  const gateway = await start(t);
  gateway.cluster.step = async () => undefined;
  const { ok, text } = await gateway.run({ timeout: 5 });
  t.false(ok);
  t.regex(text, /unfinished .* Not ended after 5 s\./);
  t.is(gateway.pace.pauses, 10);
});

test('X1: a target node lost during the move fails the command with the reason', async (t) => {
  const { run, cluster, shards } = await start(t);
  const request: RequestChange<OperatorApi> = async (api, dryRun) => {
    const plan = await api.pin(shards[0]!, 'node-1', dryRun);
    await cluster.lose('node-1');
    return plan;
  };
  const { ok, text } = await run({}, request, false);
  t.false(ok);
  t.regex(text, /superseded .* Its target is now node-2\./);
});

test('X1: the command goes on waiting while nodes are unavailable', async (t) => {
  const { run, fixture } = await start(t);
  const shards = fixture.actions['operator.listShards']!;
  let refusals = 3;
  fixture.actions['operator.listShards'] = (params: never) => {
    if (refusals === 0) return shards(params);
    refusals -= 1;
    return { ok: false, code: 'unavailable' };
  };
  t.true((await run()).ok);
  t.is(refusals, 0);
});
