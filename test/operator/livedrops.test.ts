import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { AccessTokens } from '../../services/access-tokens.ts';
import { type CommandResult, runCommand } from './run-command.ts';

const AUTH_SECRET = 'a secret of more than thirty-two characters';

function run(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<CommandResult> {
  return runCommand(args, { environment });
}

function temporaryDirectory(t: ExecutionContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'livedrops-command-'));
  t.teardown(() => rmSync(directory, { recursive: true }));
  return directory;
}

test('token: the server that shares the secret takes it, with its roles and its lifetime', async (t) => {
  const environment = {
    LIVEDROPS_DATA: temporaryDirectory(t),
    LIVEDROPS_AUTH_SECRET: AUTH_SECRET,
  };
  const before = Math.floor(Date.now() / 1000);
  const args = ['token', '--user', 'ada', '--roles', 'creator,operator', '--ttl', '2h'];
  const { code, stdout } = await run(args, environment);
  t.is(code, 0);
  const identity = new AccessTokens({ secret: AUTH_SECRET }).verify(stdout.trim(), Date.now());
  t.is(identity?.userId, 'ada');
  t.deepEqual(identity?.roles, ['creator', 'operator']);
  const lifetime = (identity?.expiresAt ?? 0) - before;
  t.true(lifetime >= 7200 && lifetime < 7230, String(lifetime));
});

test('token --count: a line for each user, ID-1 to ID-n', async (t) => {
  const environment = {
    LIVEDROPS_DATA: temporaryDirectory(t),
    LIVEDROPS_AUTH_SECRET: AUTH_SECRET,
  };
  const { code, stdout } = await run(['token', '--user', 'buyer', '--count', '1500'], environment);
  t.is(code, 0);
  const lines = stdout.trimEnd().split('\n');
  const accessTokens = new AccessTokens({ secret: AUTH_SECRET });
  const users = lines.map((line) => accessTokens.verify(line, Date.now())?.userId);
  t.deepEqual(
    users,
    Array.from({ length: 1500 }, (_, i) => `buyer-${i + 1}`),
  );
});

for (const args of [['verify'], ['nodes'], ['token', '--user', 'ada']]) {
  test(`${args[0]}: a directory that is not there is an error, and is not made`, async (t) => {
    const data = join(temporaryDirectory(t), 'data');
    const missing = await run(args, { LIVEDROPS_DATA: data });
    const words = `livedrops: ${data} has no LiveDrops data; is LIVEDROPS_DATA right?\n`;
    t.deepEqual(missing, { code: 1, stdout: '', stderr: words });
    t.throws(() => readdirSync(data), { code: 'ENOENT' });
    mkdirSync(data);
    const empty = await run(args, { LIVEDROPS_DATA: data });
    t.deepEqual([empty.code, empty.stdout], [1, '']);
    t.true(empty.stderr.startsWith(`livedrops: there is no ${join(data, 'auth-secret')}: is`));
    t.deepEqual(readdirSync(data), []);
  });
}

test('token: with the secret in the environment it needs no data directory', async (t) => {
  const data = join(temporaryDirectory(t), 'data');
  const environment = { LIVEDROPS_DATA: data, LIVEDROPS_AUTH_SECRET: AUTH_SECRET };
  const { code } = await run(['token', '--user', 'ada'], environment);
  t.is(code, 0);
  t.throws(() => readdirSync(data), { code: 'ENOENT' });
});

test('X2: verify fails where there is no journal, and makes none', async (t) => {
  const data = temporaryDirectory(t);
  const environment = { LIVEDROPS_DATA: data, LIVEDROPS_AUTH_SECRET: AUTH_SECRET };
  const words = `livedrops: ${data} has no LiveDrops data; is LIVEDROPS_DATA right?\n`;
  t.deepEqual(await run(['verify'], environment), { code: 1, stdout: '', stderr: words });
  t.deepEqual(readdirSync(data), []);
});

test('config: a line for each setting with its source, and it makes nothing', async (t) => {
  const data = join(temporaryDirectory(t), 'data');
  const environment = { LIVEDROPS_DATA: data, LIVEDROPS_AUTH_SECRET: AUTH_SECRET };
  const { code, stdout } = await run(['config'], environment);
  t.is(code, 0);
  t.regex(stdout, /^LIVEDROPS_PORT +8080 +default$/m);
  t.regex(stdout, /^LIVEDROPS_AUTH_SECRET +\(hidden\) +environment$/m);
  t.false(stdout.includes(AUTH_SECRET));
  t.throws(() => readdirSync(data), { code: 'ENOENT' });

  const json = await run(['config', '--json'], environment);
  const settings = JSON.parse(json.stdout) as { name: string; value: string; source: string }[];
  t.deepEqual(
    settings.find(({ name }) => name === 'LIVEDROPS_RATE_LIMITS'),
    { name: 'LIVEDROPS_RATE_LIMITS', value: 'on', source: 'default' },
  );
});

const MISUSES: [args: string[], words: RegExp][] = [
  [['tokn'], /unknown command 'tokn'[^]*Did you mean token/],
  [['token'], /required option '--user <id>'/],
  [['token', '--user', 'ada', '--ttl', 'soon'], /a time such as 90s, 15m, 1h or 7d/],
  [['token', '--user', 'ada', '--count', '0'], /a whole number from 1/],
  [['token', '--user', 'a b'], /visible ASCII/],
  [['start', 'now'], /too many arguments/],
  [['config', '--yaml'], /unknown option '--yaml'/],
];
for (const [args, words] of MISUSES) {
  test(`wrong usage is told on stderr, exit code 2: ${args.join(' ')}`, async (t) => {
    const { code, stdout, stderr } = await run(args);
    t.is(code, 2);
    t.is(stdout, '');
    t.regex(stderr, words);
    t.notRegex(stderr, /\n\s+at /);
  });
}

test('a wrong setting is told in one line on stderr, exit code 2, before anything starts', async (t) => {
  const { code, stdout, stderr } = await run(['start'], { LIVEDROPS_PROT: '80' });
  t.is(code, 2);
  t.is(stdout, '');
  t.is(stderr, 'livedrops: LIVEDROPS_PROT is not a setting; did you mean LIVEDROPS_PORT?\n');
});

test('a failure is one line without a stack, exit code 1; LIVEDROPS_LOG=debug shows the stack', async (t) => {
  const environment = { LIVEDROPS_DATA: '/dev/null/data' };
  const { code, stderr } = await run(['token', '--user', 'ada'], environment);
  t.is(code, 1);
  t.regex(stderr, /^livedrops: .*\/dev\/null\/data.*\n$/);
  const debug = await run(['token', '--user', 'ada'], { ...environment, LIVEDROPS_LOG: 'debug' });
  t.regex(debug.stderr, /\n\s+at /);
});

test('help and version are answers: on stdout, exit code 0, with examples', async (t) => {
  const help = await run(['--help']);
  t.is(help.code, 0);
  t.regex(help.stdout, /Examples:\n {2}livedrops start/);
  const operators = 'nodes shards moves pin move unpin drain undrain rebalance rolling-restart';
  for (const command of ['start', 'token', 'demo', 'verify', 'config', ...operators.split(' ')]) {
    t.regex(help.stdout, new RegExp(`^ {2}${command} `, 'm'));
  }
  const token = await run(['token', '--help']);
  t.is(token.code, 0);
  t.regex(token.stdout, /Examples:/);
  const version = await run(['--version']);
  t.regex(version.stdout, /^\d+\.\d+\.\d+\n$/);
});
