// `livedrops changes`: the outside stream for people and for programs (C1).

import test, { type ExecutionContext } from 'ava';
import { systemClock } from '../../actors/clock.ts';
import { OutsideStream } from '../../events/outside/outside-stream.ts';
import { ApiError } from '../../operator/api-error.ts';
import { describeLine, printStream } from '../../operator/changes.ts';
import { memoryStores } from '../../storage/memory/stores.ts';
import { created, JournalScript, placed, START } from '../events/outside/journal-script.ts';
import { startFixture } from '../gateway/fixture.ts';
import { PretendPace, TOKEN } from './pretend-gateway.ts';
import { runCommand, type RunOptions } from './run-command.ts';

async function start(t: ExecutionContext) {
  const stores = memoryStores();
  const stream = new OutsideStream({ ...stores, shardCount: 2, clock: systemClock });
  const fixture = await startFixture(t, { stream });
  const script = new JournalScript(stores);
  await script.append(0, [['drp_a', [created('drp_a'), { type: 'drop-opened' }]]]);
  await script.append(0, [['drp_a', [placed('user_1')]]]);
  await stores.follows.follow('user_1', 'creator_1', START);
  const url = `http://127.0.0.1:${fixture.port}`;
  const run = (args: readonly string[], options: RunOptions = {}) =>
    runCommand(['changes', '--url', url, '--token', TOKEN, ...args], options);
  return { stores, run };
}

const POSITION = /^position: (\S+)\n$/;

test('C1: changes prints a line for each event and change, from a position', async (t) => {
  const { stores, run } = await start(t);
  const first = await run([]);
  t.is(first.code, 0);
  const [opening, ...rest] = first.stdout.trimEnd().split('\n');
  t.regex(
    opening!,
    /^2023-11-14T22:13:21\.000Z {2}drop-created +drp_a {2}by creator_1, 100000 units$/,
  );
  t.is(rest.length, 3);
  t.regex(first.stdout, /order-placed +drp_a-0 {2}1 for user_1\n/);
  t.regex(first.stdout, /follow +user_1 {2}follows creator_1\n/);
  t.notRegex(first.stdout, /position/);
  const position = POSITION.exec(first.stderr)?.[1];
  t.truthy(position);
  await stores.follows.unfollow('user_1', 'creator_1');
  const second = await run(['--from', position!, '--json']);
  const lines = second.stdout.trimEnd().split('\n');
  const records = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  const follows = records.filter(({ kind }) => kind !== 'position');
  t.like(follows[0], { version: 1, kind: 'follow', userId: 'user_1', since: null });
  t.is(follows.length, 1);
  t.is(POSITION.exec(second.stderr)?.[1], records.at(-1)!['position'] as string);
});

test('C1: --follow goes on until Ctrl-C, which ends in order with the last position', async (t) => {
  const { run } = await start(t);
  const { code, stdout, stderr } = await run(['--follow', '--json'], {
    interruptAfterOutput: true,
  });
  t.is(code, 0);
  t.true(stdout.length > 0);
  t.regex(stderr, POSITION);
});

test('C1: an invalid position and a silent server fail with 1', async (t) => {
  const { run } = await start(t);
  const wrong = await run(['--from', 'nonsense']);
  t.is(wrong.code, 1);
  t.is(wrong.stderr, 'livedrops: from: is no position of this stream.\n');
  const unreachable = await runCommand([
    'changes',
    '--url',
    'http://127.0.0.1:1',
    '--token',
    TOKEN,
  ]);
  t.is(unreachable.code, 1);
  t.regex(unreachable.stderr, /^livedrops: no server at /);
});

test('C1: following continues after lost connections and expired tokens', async (t) => {
  const controller = new AbortController();
  const asked: string[] = [];
  const warnings: string[] = [];
  const printed: string[] = [];
  const line = (n: number) => JSON.stringify({ kind: 'position', position: `p${n}` });
  const position = await printStream({
    api: {
      async *changes({ from }) {
        asked.push(from);
        yield line(asked.length);
        if (asked.length <= 2) throw new ApiError('the connection was lost', 0);
        if (asked.length === 4) controller.abort();
      },
    },
    from: 'now',
    follow: true,
    json: true,
    interrupted: controller.signal,
    pace: new PretendPace(),
    write: async (text) => void printed.push(text),
    warn: (text) => void warnings.push(text),
  });
  t.is(position, 'p4');
  t.deepEqual(asked, ['now', 'p1', 'p2', 'p3']);
  t.deepEqual(warnings, ['the connection was lost', 'the connection was lost']);
  t.is(printed.length, 4);
});

test('C1: control characters of names do not reach the terminal', (t) => {
  const product = { name: 'Lamp\u001B[2J\n' };
  const text = describeLine({ kind: 'product', at: 'now', productId: 'prd_1', product });
  t.is(text, 'now  product               prd_1  Lamp [2J\n');
});

test('A10: an organisation is described by its id and how many are in it', (t) => {
  const line = { kind: 'organisation', at: 'now', organisationId: 'o_1' };
  const organisation = { members: [{}, {}] };
  t.regex(describeLine({ ...line, organisation }), /^now {2}organisation +o_1 {2}2 members\n$/);
  t.regex(describeLine({ ...line, organisation: null }), /^now {2}organisation +o_1 {2}gone\n$/);
});

test('D7: a draft is described by its id and stock, and as gone once it is announced', (t) => {
  const line = { kind: 'draft', at: 'now', draftId: 'd_1' };
  t.regex(describeLine({ ...line, draft: { stock: 3 } }), /^now {2}draft +d_1 {2}3 units\n$/);
  t.regex(describeLine({ ...line, draft: null }), /^now {2}draft +d_1 {2}gone\n$/);
});
