import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { AccessTokens } from '../../app/access-tokens.ts';
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

test('`token` signs with the shared secret, the roles and the lifetime', async (t) => {
  const environment = {
    LIVEDROPS_DATA: temporaryDirectory(t),
    LIVEDROPS_AUTH_SECRET: AUTH_SECRET,
  };
  const before = Math.floor(Date.now() / 1000);
  const args = ['token', '--user', 'ada', '--roles', 'creator,operator', '--ttl', '2h'];
  const { code, stdout } = await run(args, environment);
  t.is(code, 0);
  const identity = new AccessTokens({ secret: AUTH_SECRET }).verify(stdout.trim(), Date.now());
  if (typeof identity === 'string') return t.fail(identity);
  t.is(identity.userId, 'ada');
  t.deepEqual(identity.roles, ['creator', 'operator']);
  const after = Math.floor(Date.now() / 1000);
  const expiresAt = identity.expiresAt;
  t.true(expiresAt >= before + 7200 && expiresAt <= after + 7200, String(expiresAt));
});

test('`token --count` prints a token for each user ID-1 to ID-n, one a line', async (t) => {
  const environment = {
    LIVEDROPS_DATA: temporaryDirectory(t),
    LIVEDROPS_AUTH_SECRET: AUTH_SECRET,
  };
  const { code, stdout } = await run(['token', '--user', 'buyer', '--count', '1500'], environment);
  t.is(code, 0);
  const lines = stdout.trimEnd().split('\n');
  const accessTokens = new AccessTokens({ secret: AUTH_SECRET });
  const users = lines.map((line) => {
    const identity = accessTokens.verify(line, Date.now());
    return typeof identity === 'string' ? identity : identity.userId;
  });
  t.deepEqual(
    users,
    Array.from({ length: 1500 }, (_, i) => `buyer-${i + 1}`),
  );
});

for (const args of [['verify'], ['nodes'], ['token', '--user', 'ada']]) {
  test(`${args[0]} fails for a missing directory and does not create it`, async (t) => {
    const data = join(temporaryDirectory(t), 'data');
    const missing = await run(args, { LIVEDROPS_DATA: data });
    const stderr = `livedrops: ${data} has no LiveDrops data; is LIVEDROPS_DATA right?\n`;
    t.deepEqual(missing, { code: 1, stdout: '', stderr });
    t.throws(() => readdirSync(data), { code: 'ENOENT' });
    mkdirSync(data);
    const empty = await run(args, { LIVEDROPS_DATA: data });
    t.deepEqual([empty.code, empty.stdout], [1, '']);
    t.true(empty.stderr.startsWith(`livedrops: there is no ${join(data, 'auth-secret')}: is`));
    t.deepEqual(readdirSync(data), []);
  });
}

test('`token` with the secret in the environment needs no data directory', async (t) => {
  const data = join(temporaryDirectory(t), 'data');
  const environment = { LIVEDROPS_DATA: data, LIVEDROPS_AUTH_SECRET: AUTH_SECRET };
  const { code } = await run(['token', '--user', 'ada'], environment);
  t.is(code, 0);
  t.throws(() => readdirSync(data), { code: 'ENOENT' });
});

test('X2: verify fails without a journal and creates none', async (t) => {
  const data = temporaryDirectory(t);
  const environment = { LIVEDROPS_DATA: data, LIVEDROPS_AUTH_SECRET: AUTH_SECRET };
  const stderr = `livedrops: ${data} has no LiveDrops data; is LIVEDROPS_DATA right?\n`;
  t.deepEqual(await run(['verify'], environment), { code: 1, stdout: '', stderr });
  t.deepEqual(readdirSync(data), []);
});

test('config prints each setting with its source and creates no file', async (t) => {
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

const MISUSES: [args: string[], message: RegExp][] = [
  [['tokn'], /unknown command 'tokn'[^]*Did you mean token/],
  [['token'], /required option '--user <id>'/],
  [['token', '--user', 'ada', '--ttl', 'soon'], /a time such as 90s, 15m, 1h or 7d/],
  [['token', '--user', 'ada', '--count', '0'], /a whole number from 1/],
  [['token', '--user', 'a b'], /visible ASCII/],
  [['start', 'now'], /too many arguments/],
  [['config', '--yaml'], /unknown option '--yaml'/],
];
for (const [args, message] of MISUSES) {
  test(`wrong usage prints on stderr and exits with 2: ${args.join(' ')}`, async (t) => {
    const { code, stdout, stderr } = await run(args);
    t.is(code, 2);
    t.is(stdout, '');
    t.regex(stderr, message);
    t.notRegex(stderr, /\n\s+at /);
  });
}

test('a wrong setting ends with one line on stderr and exit code 2', async (t) => {
  const { code, stdout, stderr } = await run(['start'], { LIVEDROPS_PROT: '80' });
  t.is(code, 2);
  t.is(stdout, '');
  t.is(stderr, 'livedrops: LIVEDROPS_PROT is not a setting; did you mean LIVEDROPS_PORT?\n');
});

test('a failure prints one line and exits with 1; at debug level also the stack', async (t) => {
  const environment = { LIVEDROPS_DATA: '/dev/null/data' };
  const { code, stderr } = await run(['token', '--user', 'ada'], environment);
  t.is(code, 1);
  t.regex(stderr, /^livedrops: .*\/dev\/null\/data.*\n$/);
  const debug = await run(['token', '--user', 'ada'], { ...environment, LIVEDROPS_LOG: 'debug' });
  t.regex(debug.stderr, /\n\s+at /);
});

test('`token` takes no unknown role, and nobody is called `me`', async (t) => {
  const environment = { LIVEDROPS_DATA: temporaryDirectory(t), LIVEDROPS_AUTH_SECRET: AUTH_SECRET };
  for (const [args, message] of [
    [['--user', 'ada', '--roles', 'creator,boss'], /The roles are creator, operator, auditor/],
    [['--user', 'me'], /not "me"/],
  ] as const) {
    const { code, stdout, stderr } = await run(['token', ...args], environment);
    t.deepEqual([code, stdout], [2, '']);
    t.regex(stderr, message);
  }
});

test('start with a data directory that cannot be made says so', async (t) => {
  const { code, stderr } = await run(['start'], { LIVEDROPS_DATA: '/proc/x/y' });
  t.is(code, 1);
  t.regex(stderr, /^livedrops: ENOENT: .*'\/proc\/x'\n$/);
});

test('start without its Redis names it, and not its password', async (t) => {
  // The client of a Redis Cluster keeps the reason to itself.
  for (const [store, reason] of [
    ['redis://ada:hidden@127.0.0.1:1', /: connect ECONNREFUSED/],
    ['redis-cluster://:hidden@127.0.0.1:1', /: Connection is closed/],
  ] as const) {
    const { code, stderr } = await run(['start'], {
      LIVEDROPS_DATA: temporaryDirectory(t),
      LIVEDROPS_STORE: store,
      LIVEDROPS_NATS: 'nats://127.0.0.1:1',
      LIVEDROPS_AUTH_SECRET: AUTH_SECRET,
      LIVEDROPS_PAYMENT_SECRET: `whsec_${Buffer.alloc(24).toString('base64')}`,
    });
    t.is(code, 1);
    t.regex(stderr, /^livedrops: Redis at 127\.0\.0\.1:1 cannot be used: .*\n$/);
    t.regex(stderr, reason);
    t.notRegex(stderr, /hidden/);
  }
});

test('help and version go to stdout with exit code 0; help has examples', async (t) => {
  const help = await run(['--help']);
  t.is(help.code, 0);
  t.regex(help.stdout, /Examples:\n {2}livedrops start/);
  const operators = 'nodes shards moves pin move unpin drain undrain rebalance rolling-restart';
  const others = ['start', 'token', 'demo', 'stripe-stand-in', 'verify', 'config'];
  for (const command of [...others, ...operators.split(' ')]) {
    t.regex(help.stdout, new RegExp(`^ {2}${command} `, 'm'));
  }
  const token = await run(['token', '--help']);
  t.is(token.code, 0);
  t.regex(token.stdout, /Examples:/);
  const version = await run(['--version']);
  t.regex(version.stdout, /^\d+\.\d+\.\d+\n$/);
});

test('A4a: secrets lists key ids, and rotate keeps the old secret until its tokens have ended', async (t) => {
  const data = temporaryDirectory(t);
  const environment = { LIVEDROPS_DATA: data };
  writeFileSync(join(data, 'auth-secret'), `${AUTH_SECRET}\n`);
  const listed = await runCommand(['secrets'], { environment });
  t.regex(listed.stdout, /^key +state +signs from +until\n\S{12} +signs +- +-\n$/);
  const rotated = await runCommand(['secrets', 'rotate', '--keep', '7d'], { environment });
  t.is(rotated.code, 0, rotated.stderr);
  t.regex(rotated.stdout, /verifies +20\S+Z +-\n\S{12} +signs +- +20\S+Z\n.*signs in 15 s\.\n$/);
  t.false(rotated.stdout.includes(AUTH_SECRET));
  t.is(readFileSync(join(data, 'auth-secret'), 'utf8').split('\n').length, 3);
  const atOnce = await runCommand(['secrets', 'rotate', '--at-once', '--json'], { environment });
  t.deepEqual(
    (JSON.parse(atOnce.stdout) as { state: string }[]).map(({ state }) => state),
    ['signs'],
  );
  const given = { ...environment, LIVEDROPS_AUTH_SECRET: AUTH_SECRET };
  const refused = await runCommand(['secrets', 'rotate'], { environment: given });
  t.is(refused.code, 1);
  t.regex(refused.stderr, /^livedrops: the secret is in LIVEDROPS_AUTH_SECRET: put a new one into/);
});
