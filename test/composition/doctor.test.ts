// What `livedrops doctor` finds of a set-up, each check on something right and something wrong
// (X6).

import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { execFileSync } from 'node:child_process';
import test, { type ExecutionContext } from 'ava';
import { type Finding, runChecks } from '../../composition/doctor/check.ts';
import { fileSystem, room, secretFile, syncing } from '../../composition/doctor/disk-checks.ts';
import { secretFindings } from '../../composition/doctor/doctor.ts';
import { hostChecks, node, openFiles, openFilesOf } from '../../composition/doctor/host-checks.ts';
import { portFinding, reach, serverAt } from '../../composition/doctor/network-checks.ts';
import { healthFindings, natsServer } from '../../composition/doctor/store-checks.ts';
import { findingsText, nodeFindings } from '../../operator/doctor.ts';
import { runCommand } from '../operator/run-command.ts';
import { MailServer } from '../servers/mail-server.ts';
import { NatsServer, natsInstalled } from '../servers/nats-server.ts';
import { RedisServer, redisInstalled } from '../servers/redis-server.ts';
import { removeDirectory, temporaryDirectory } from '../storage/temporary-directory.ts';

const SECRET = 'a secret of more than thirty-two characters';

const stateOf = ({ state }: Finding) => state;
const statesOf = (findings: readonly Finding[]) => findings.map(stateOf);

async function examine(t: ExecutionContext, settings: Readonly<Record<string, string>>) {
  const directory = temporaryDirectory();
  t.teardown(() => removeDirectory(directory));
  const environment = { LIVEDROPS_DATA: directory, LIVEDROPS_PORT: '0', ...settings };
  const { code, stdout, stderr } = await runCommand(['doctor', '--json'], { environment });
  t.is(stderr, '');
  const findings = JSON.parse(stdout) as Finding[];
  const named = (name: string) => findings.filter((finding) => finding.name === name);
  return { code, findings, named };
}

test('X6: what is wrong is told with what to do, and ends the command with 1', async (t) => {
  const directory = temporaryDirectory();
  t.teardown(() => removeDirectory(directory));
  mkdirSync(join(directory, 'data'), { mode: 0o700 });
  const file = join(directory, 'data', 'auth-secret');
  writeFileSync(file, `${SECRET}\n`, { mode: 0o600 });
  const environment = { LIVEDROPS_DATA: join(directory, 'data'), LIVEDROPS_PORT: '0' };
  const right = await runCommand(['doctor'], { environment });
  t.is(right.code, 0, right.stdout);
  t.regex(right.stdout, /^ok +data directory +\/.*, can be written$/m);
  t.regex(right.stdout, /, 0 wrong\n$/);
  chmodSync(file, 0o644);
  const wrong = await runCommand(['doctor'], { environment });
  t.is(wrong.code, 1);
  t.regex(wrong.stdout, /^fail +secrets +\S+auth-secret can be .* To do: chmod 600 /m);
  t.regex(wrong.stdout, /, 1 wrong\n$/);
});

test('X6: wrong settings are each told, and the machine is checked all the same', async (t) => {
  const { code, findings, named } = await examine(t, {
    LIVEDROPS_PORT: 'x',
    LIVEDROPS_LOG: 'loud',
  });
  t.is(code, 1);
  t.deepEqual(statesOf(named('settings')), ['fail', 'fail']);
  t.deepEqual(statesOf(named('node')), ['ok']);
  t.is(named('data directory').length, 0);
  t.true(findings.every(({ remedy, state }) => (remedy === null) === (state === 'ok')));
});

test('X6: the mail server is logged in to', async (t) => {
  const mail = await MailServer.start();
  const right = await examine(t, {
    LIVEDROPS_SMTP_URL: mail.url,
    LIVEDROPS_MAIL_FROM: 'Shop <no-reply@shop.example>',
    LIVEDROPS_PUBLIC_URL: 'https://shop.example',
  });
  t.deepEqual(statesOf(right.named('mail')), ['ok']);
  await mail.stop();
  const wrong = await examine(t, {
    LIVEDROPS_SMTP_URL: mail.url,
    LIVEDROPS_MAIL_FROM: 'Shop <no-reply@shop.example>',
  });
  t.deepEqual(statesOf(wrong.named('mail')), ['fail']);
  t.is(wrong.code, 1);
});

if (redisInstalled && natsInstalled)
  test('X6: of a cluster Redis, its clock and NATS are checked', async (t) => {
    const [redis, nats] = await Promise.all([RedisServer.start(), NatsServer.start()]);
    const weak = await RedisServer.start({ settings: { appendfsync: 'everysec' } });
    t.teardown(() => Promise.all([redis.stop(), nats.stop(), weak.stop()]));
    const settings = {
      LIVEDROPS_STORE: `redis://127.0.0.1:${redis.port}`,
      LIVEDROPS_NATS: nats.url,
      LIVEDROPS_AUTH_SECRET: SECRET,
      LIVEDROPS_PAYMENT_SECRET: `whsec_${Buffer.alloc(32, 1).toString('base64')}`,
    };
    const right = await examine(t, settings);
    t.deepEqual(statesOf(right.named('redis')), ['ok', 'ok']);
    t.deepEqual(statesOf(right.named('nats')), ['ok']);
    t.deepEqual(statesOf(right.named('clock')), ['ok']);
    t.deepEqual(statesOf(right.named('secrets')), ['ok', 'warn', 'warn']);
    t.is(right.code, 0);
    await nats.stop();
    const changed = { ...settings, LIVEDROPS_STORE: `redis://127.0.0.1:${weak.port}` };
    const wrong = await examine(t, { ...changed, LIVEDROPS_REDIS_REPLICAS: '1' });
    t.regex(wrong.named('redis')[0]!.text, /has appendfsync everysec/);
    t.deepEqual(statesOf(wrong.named('redis replicas')), ['fail']);
    t.deepEqual(statesOf(wrong.named('nats')), ['fail']);
    t.is(wrong.code, 1);
  });

test('X6: a port is free, ours, or somebody else’s', async (t) => {
  const other = createServer().listen(0, '127.0.0.1');
  await once(other, 'listening');
  const { port } = other.address() as { port: number };
  t.like(await portFinding('127.0.0.1', port, null), { state: 'fail' });
  t.like(await portFinding('127.0.0.1', port, 'http://127.0.0.1:1'), { state: 'fail' });
  t.like(await portFinding('192.0.2.1', port, null), { state: 'fail' });
  t.like(await reach('outside', [`http://127.0.0.1:${port}`], 'x'), { state: 'ok' });
  other.close();
  await once(other, 'close');
  t.like(await portFinding('127.0.0.1', port, null), { state: 'ok' });
  const unreached = await reach('outside', [`http://127.0.0.1:${port}`], 'nothing goes out');
  t.like(unreached, { state: 'fail' });
  t.regex(unreached.text, /ECONNREFUSED.*nothing goes out/);
});

test('X6: a server with other settings does not have the ports that are asked for', (t) => {
  t.is(serverAt([8_080, 8_081], 'http://127.0.0.1:8080'), 'http://127.0.0.1:8080');
  t.is(serverAt([8_080, 8_081], 'http://127.0.0.1:9000'), null);
  t.is(serverAt([0, 8_081], 'http://127.0.0.1:9000'), 'http://127.0.0.1:9000');
  t.is(serverAt([8_080], null), null);
});

test('X6: open files are those of this process, as every system tells them', async (t) => {
  const soft = Number(execFileSync('/bin/sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }));
  const check = hostChecks().find(({ name }) => name === 'open files')!;
  const [found] = await check.run();
  t.true(found!.text.startsWith(Number.isNaN(soft) ? 'no limit' : `at most ${soft}`), found!.text);
  t.is(openFilesOf({ userLimits: { open_files: { soft: 'unlimited' } } })[0]!.text, 'no limit');
  t.deepEqual(openFilesOf({}), []);
});

test('X6: the machine: Node, open files, disk, file systems and secrets', (t) => {
  t.deepEqual([node('22.1.0'), node('24.0.0')].map(stateOf), ['fail', 'ok']);
  t.deepEqual(
    [1_024, 20_000, 65_536, null].map((limit) => stateOf(openFiles(limit))),
    ['fail', 'warn', 'ok', 'ok'],
  );
  t.deepEqual(
    [100, 1_000, 10_000].map((freeMib) => stateOf(room(freeMib))),
    ['fail', 'warn', 'ok'],
  );
  t.deepEqual(
    [0xef53, 0x794c7630, 0x6969, 0x01021994, 0x1].map((type) => stateOf(fileSystem(type))),
    ['ok', 'warn', 'fail', 'fail', 'warn'],
  );
  t.deepEqual([syncing([1, 2, 90]), syncing([30, 40, 50])].map(stateOf), ['ok', 'warn']);
  t.deepEqual(
    [
      secretFile('/auth-secret', true, 0o100600, 1),
      secretFile('/auth-secret', true, 0o100640, 1),
      secretFile('/auth-secret', true, 0o100600, 500),
      secretFile('/pass-secret', false, 0o100600, 500),
    ].map(stateOf),
    ['ok', 'fail', 'warn', 'ok'],
  );
});

test('X6: Redis and NATS by what they tell', (t) => {
  const health = {
    where: 'r:1',
    version: '7.2.0',
    replicas: 1,
    writeFault: null as string | null,
    memoryBytes: 90,
    memoryBytesMax: 0,
    pingsMs: [1, 2, 3],
    clockAheadMs: 5,
  };
  const wrong = (changed: Partial<typeof health>, replicas = 1) =>
    healthFindings({ ...health, ...changed }, replicas)
      .filter(({ state }) => state !== 'ok')
      .map(({ name, state }) => `${name}: ${state}`);
  t.deepEqual(wrong({}), []);
  t.deepEqual(wrong({}, 2), ['redis replicas: fail']);
  t.deepEqual(
    healthFindings({ ...health, writeFault: 'aof_last_write_status is err' }, 0)
      .filter(({ state }) => state === 'fail')
      .map(({ name }) => name),
    ['redis disk'],
  );
  t.deepEqual(wrong({ memoryBytesMax: 100 }), ['redis memory: warn']);
  t.deepEqual(wrong({ pingsMs: [10, 20, 30] }), ['redis latency: warn']);
  t.deepEqual(wrong({ clockAheadMs: -500 }), ['clock: warn']);
  t.deepEqual(wrong({ clockAheadMs: 5_000 }), ['clock: fail']);
  t.deepEqual(
    [
      natsServer('n:1', '2.10.1', 1 << 20, 1),
      natsServer('n:1', '2.10.1', 1_000, 1),
      natsServer('n:1', '1.4.0', 1 << 20, 1),
    ].map(stateOf),
    ['ok', 'fail', 'fail'],
  );
});

test('X6: in a cluster every node must have the same secrets', (t) => {
  const none = { authSecrets: [], authSecretFile: '/x', detailsSecrets: [], passSecrets: [] };
  t.deepEqual(statesOf(secretFindings({ ...none, natsUrl: null })), ['ok']);
  const cluster = secretFindings({ ...none, natsUrl: 'nats://n:4222' });
  t.deepEqual(statesOf(cluster), ['warn', 'warn']);
});

test('X6: of running nodes the lost ones, clocks and versions are told', (t) => {
  const one = { nodeId: 'node-1', state: 'serving', clockSkewMs: 3, level: 6 } as const;
  t.deepEqual(statesOf(nodeFindings([one])), ['ok']);
  const others = [
    { ...one, nodeId: 'node-2', state: 'lost', level: 5 } as const,
    { ...one, nodeId: 'node-3', clockSkewMs: -900 },
    { ...one, nodeId: 'node-4', level: 7 },
  ];
  t.deepEqual(
    nodeFindings([one, ...others]).map(({ name }) => name),
    ['nodes', 'nodes', 'clock', 'versions'],
  );
});

test('X6: a check that throws is a failure, and stops no other', async (t) => {
  const findings = await runChecks([
    { name: 'one', run: () => Promise.reject(new Error('it broke\nat a line')) },
    { name: 'two', run: () => [{ name: 'two', state: 'ok', text: 'fine', remedy: null }] },
  ]);
  t.like(findings[0], { name: 'one', state: 'fail', text: 'it broke' });
  t.regex(findingsText(findings), /^fail +one +it broke\. To do: [\s\S]*^ok +two +fine$/m);
});
