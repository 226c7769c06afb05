// The operator commands as processes, against a real gateway and against a whole server.

import type { RunContext } from '../../actors/run-context.ts';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { EMBEDDED_SHARD_COUNT, shardOf } from '../../domain/ids.ts';
import { SHARDS } from '../app/operator/pretend-cluster.ts';
import { COMPILE_CACHE, PROGRAM, runCommand } from './run-command.ts';
import { startPretendGateway, TOKEN } from './pretend-gateway.ts';

const NODES = ['node-1', 'node-2', 'node-3'];
/** No command here is about search, whose threads are a third of a start. */
const ROLES = { LIVEDROPS_ROLES: 'gateway,actors,services' };

function temporaryDirectory(t: ExecutionContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'livedrops-operator-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Starts a single server on a free port; resolves to its address when it is ready. */
async function startServer(t: ExecutionContext, environment: Record<string, string>) {
  const child = spawn(process.execPath, [PROGRAM, 'start'], {
    env: { ...COMPILE_CACHE, ...ROLES, ...environment, LIVEDROPS_PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(async () => {
    const exit = once(child, 'exit');
    if (child.kill('SIGTERM')) await exit;
  });
  const ended = once(child, 'exit').then(() => Promise.reject(new Error('the server ended')));
  const [chunk] = (await Promise.race([once(child.stdout, 'data'), ended])) as [Buffer];
  return chunk.toString().trim().replace('LiveDrops ready on ', '');
}

async function start(t: ExecutionContext) {
  const gateway = await startPretendGateway(t, NODES);
  gateway.cluster.movesALook = 16;
  const run = (...args: string[]) => runCommand([...args, '--url', gateway.url, '--token', TOKEN]);
  return { ...gateway, run };
}

test('X1: nodes and moves print tables; nodes and shards print JSON with --json', async (t) => {
  const { run, cluster } = await start(t);
  const mine = await cluster.shardsOf('node-1');
  const [nodes, json, shards, moves] = await Promise.all([
    run('nodes'),
    run('nodes', '--json'),
    run('shards', '--node', 'node-1', '--state', 'serving', '--json'),
    run('moves', '--limit', '5'),
  ]);
  t.deepEqual([nodes.code, json.code, shards.code, moves.code], [0, 0, 0, 0]);
  t.regex(nodes.stdout, /^node +state +shards .*\nnode-1 +serving .*\nnode-2 /);
  t.deepEqual(
    (JSON.parse(json.stdout) as { nodeId: string }[]).map(({ nodeId }) => nodeId),
    NODES,
  );
  t.deepEqual(
    (JSON.parse(shards.stdout) as { shard: number }[]).map(({ shard }) => shard),
    mine,
  );
  t.is(moves.stdout, 'No shard has moved.\n');
  const unknown = await run('shards', '--state', 'selling');
  t.is(unknown.code, 2);
  t.regex(unknown.stderr, /Allowed choices are recovering, serving, leaving, damaged, stopped/);
});

test('X1: release exits with 0 once the drop is served again, else with 1 and the reason', async (t) => {
  const { run, cluster } = await start(t);
  const owner = (await cluster.owners())[shardOf('d_1', SHARDS)]!;
  cluster.quarantined.set('d_1', owner);
  const released = await run('release', 'd_1');
  t.deepEqual([released.code, released.stdout], [0, 'd_1 is served again\n']);
  const again = await run('release', 'd_1', '--json');
  t.deepEqual([again.code, again.stdout], [1, '']);
  t.regex(again.stderr, /d_1 is not in quarantine/);
  t.is((await run('release', 'no drop')).code, 2);
});

test('X1: a change exits with 0 on success, with 1 on a failed move or a refusal', async (t) => {
  const { run, cluster } = await start(t);
  const [one, two] = [await cluster.shardsOf('node-1'), await cluster.shardsOf('node-2')];
  const drained = await run('drain', 'node-1');
  t.deepEqual([drained.code, drained.stderr], [0, '']);
  t.regex(drained.stdout, new RegExp(`${one.length} of ${one.length} moves done`));
  cluster.failing.set(two[0]!, 'rolled-back');
  const moved = await run('move', String(two[0]), 'node-3', '--json');
  t.is(moved.code, 1);
  t.like(JSON.parse(moved.stdout), { applied: true, ok: false });
  const refused = await run('pin', String(two[0]), 'node-1');
  t.deepEqual(
    [refused.code, refused.stdout, refused.stderr],
    [1, '', 'livedrops: node-1 is drained and takes no shards.\n'],
  );
  t.deepEqual(
    cluster.log.actions.map(({ action }) => action),
    ['drain', 'pin', 'pin'],
  );
});

test('X1: --dry-run of pin, move, drain and rolling-restart changes nothing', async (t) => {
  const { run, cluster } = await start(t);
  const [shard] = await cluster.shardsOf('node-1');
  for (const args of [
    ['pin', String(shard), 'node-2'],
    ['move', String(shard), 'node-2'],
    ['drain', 'node-1'],
  ]) {
    const { code, stdout } = await run(...args, '--dry-run');
    t.is(code, 0);
    t.regex(stdout, /would move\n$/, args.join(' '));
  }
  const restart = await run('rolling-restart', '--dry-run', '--json');
  t.is((JSON.parse(restart.stdout) as { nodes: object[] }).nodes.length, 3);
  t.deepEqual(cluster.log.actions, []);
});

test('J1: a rebuild prints each shard’s losses and exits with 1 if a shard failed', async (t) => {
  const reason = 'The relay has brought 2 of 9 entries so far.';
  const gateway = await startPretendGateway(t, NODES, {
    rebuild: async (shards) =>
      shards.map((shard) => ({
        shard,
        entries: 4,
        orders: shard === 3 ? 1 : 0,
        notifications: shard === 3 ? 12 : 0,
        reason: shard === 11 ? reason : null,
      })),
  });
  const run = (...args: string[]) =>
    runCommand(['rebuild', ...args, '--url', gateway.url, '--token', TOKEN]);
  // One after the other: one rebuild runs at a time.
  const whole = await run('--shard', '3', '4');
  const open = await run();
  const dry = await run('--shard', '3', '--dry-run');
  const json = await run('--shard', '11', '--json');
  const wrong = await run('--shard', '256');
  t.deepEqual([whole.code, open.code, dry.code, json.code, wrong.code], [0, 1, 0, 1, 2]);
  t.is(
    whole.stdout,
    'shard  entries  orders  notifications  reason\n' +
      '    3        4       1             12\n' +
      '8 entries compared: 1 order and 12 notifications restored\n',
  );
  t.regex(open.stdout, /\n {3}11 .* The relay has brought 2 of 9 entries so far\.\n64 entries /);
  t.regex(open.stdout, /restored; FAILED for 1 shard, see the reasons above\n$/);
  t.regex(dry.stdout, /1 order and 12 notifications missing\n$/);
  t.like(JSON.parse(json.stdout), { applied: true, ok: false });
});

for (const [args, kind] of [
  [['rebuild'], 'rebuild'],
  [['verify', '--json'], 'verify'],
] as const) {
  test(`X2: ${args.join(' ')} says on stderr how far it is, and Ctrl-C ends it`, async (t) => {
    const signals: AbortSignal[] = [];
    const work = ({ signal, progress }: RunContext) => {
      signals.push(signal);
      progress({ phase: 'lists', shards: 8, shardsDone: 2, total: 400, done: 100 });
      return new Promise<never>((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      });
    };
    const { url } = await startPretendGateway(t, NODES, {
      verify: work,
      rebuild: (_shards, _write, run) => work(run),
    });
    const { code, stdout, stderr } = await runCommand([...args, '--url', url, '--token', TOKEN], {
      interruptAfterError: true,
    });
    t.is(
      stderr,
      'reading journals for order lists: 25 %, 2 of 8 shards, 100 of 400 entries\n' +
        'livedrops: cancelled: an operator cancelled it\n',
      kind,
    );
    t.deepEqual([code, stdout, signals.length], [130, '', 1]);
    t.true(signals[0]!.aborted);
  });
}

for (const [args, message] of [
  [['pin', '7'], /missing required argument 'node'/],
  [['pin', '256', 'node-1'], /a whole number from 0 to 255/],
  [['drain', 'node 1'], /letters, digits/],
  [['moves', '--limit', '101'], /a whole number from 1 to 100/],
  [['nodes', '--url', 'localhost'], /an address such as http/],
  [['rebalance', '--moves-max', '0'], /a whole number from 1 to 256/],
  [['drain', 'node-1', '--timeout', 'soon'], /a time such as/],
] as const) {
  test(`X1: wrong usage prints on stderr and exits with 2: ${args.join(' ')}`, async (t) => {
    const { code, stdout, stderr } = await runCommand(args);
    t.deepEqual([code, stdout], [2, '']);
    t.regex(stderr, message);
  });
}

test('X1: --watch --json prints one line a refresh and exits with 0 on Ctrl-C', async (t) => {
  const { url } = await start(t);
  const args = ['nodes', '--watch', '--json', '--url', url, '--token', TOKEN];
  const { code, stdout } = await runCommand(args, { interruptAfterOutput: true });
  t.is(code, 0);
  const [line = ''] = stdout.split('\n');
  t.is((JSON.parse(line) as object[]).length, 3);
});

test('X1, X2: by default a command uses the server and secret of LIVEDROPS_DATA', async (t) => {
  const environment = { LIVEDROPS_DATA: temporaryDirectory(t), LIVEDROPS_LOG: 'error' };
  const url = await startServer(t, environment);
  const [nodes, drained, verified] = await Promise.all([
    runCommand(['nodes', '--json'], { environment }),
    runCommand(['drain', 'node-1'], { environment }),
    runCommand(['verify', '--json', '--url', url], { environment }),
  ]);
  const [node] = JSON.parse(nodes.stdout) as object[];
  t.like(node, {
    state: 'serving',
    shardsOwned: EMBEDDED_SHARD_COUNT,
    shardsWanted: EMBEDDED_SHARD_COUNT,
  });
  t.is(drained.stderr, 'livedrops: One node has nowhere to move a shard.\n');
  t.is(drained.code, 1);
  t.like(JSON.parse(verified.stdout), { ok: true, findings: [] });
});

test('X1: a server that does not answer is reported in one line with exit code 1', async (t) => {
  const environment = { LIVEDROPS_DATA: temporaryDirectory(t), LIVEDROPS_PORT: '1' };
  const args = ['shards', '--token', TOKEN];
  const { code, stdout, stderr } = await runCommand(args, { environment });
  t.deepEqual([code, stdout], [1, '']);
  t.regex(stderr, /^livedrops: no server at http:\/\/127\.0\.0\.1:1 answers \(.*\n$/);
});
