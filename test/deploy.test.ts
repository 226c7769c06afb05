// What is written for containers, without a container engine: every setting, command, file and
// package that it names exists, and the Redis configuration does what the journal needs. That they
// start is `deploy/containers.long.test.ts`.

import { existsSync, globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, normalize } from 'node:path';
import { Script } from 'node:vm';
import ava, { type TestFn } from 'ava';
import pino from 'pino';
import { describeConfig, loadConfig } from '../composition/config.ts';
import { connectRedis } from '../storage/redis/connection/connection.ts';
import { checkRedisServers } from '../storage/redis/connection/server-checks.ts';
import {
  compose,
  dockerfile,
  environmentOf,
  filledIn,
  GIVEN,
  imageSettings,
  ROOT,
  service,
} from './deploy/compose.ts';
import { runCommand } from './operator/run-command.ts';
import { ChildServer, freePort } from './servers/child-server.ts';
import { natsInstalled } from './servers/nats-server.ts';
import { redisInstalled } from './servers/redis-server.ts';

const test = ava;
const redisTest = (redisInstalled ? ava : ava.skip) as TestFn;
const natsTest = (natsInstalled ? ava : ava.skip) as TestFn;

const NODES = ['gateway', 'actors', 'search', 'media'] as const;
const ROLES = {
  gateway: 'gateway,services',
  actors: 'actors',
  search: 'search',
  media: 'media',
};
/** Longer than a node takes at most to end: `operator/start.ts`. */
const STOP_GRACE_SECONDS_MIN = 31;

/** What is loaded from elsewhere than our own files: types are not. */
const IMPORT =
  /^(?:import|export)\s+(?!type\s)(?:[^'";]*?\sfrom\s+)?'([^'.][^']*)'|\bimport\(\s*'([^'.][^']*)'/gm;

const STRIPE = {
  LIVEDROPS_PAYMENT_PROVIDER: 'stripe',
  LIVEDROPS_STRIPE_SECRET_KEY: 'sk_test_1',
  LIVEDROPS_STRIPE_PUBLISHABLE_KEY: 'pk_test_1',
  LIVEDROPS_STRIPE_WEBHOOK_SECRET: 'whsec_1',
};
const MAIL = {
  LIVEDROPS_SMTP_URL: 'smtp://mail:25',
  LIVEDROPS_MAIL_FROM: 'Shop <shop@example.com>',
  LIVEDROPS_PUBLIC_URL: 'https://shop.example.com',
};

for (const name of NODES) {
  test(`compose: ${name} nodes get settings that are right, together too`, (t) => {
    const environment = environmentOf(name, GIVEN);
    const settings = describeConfig({ ...imageSettings, ...environment });
    const known = new Set(settings.map((setting) => setting.name));
    for (const variable of Object.keys(environment)) t.true(known.has(variable), variable);
    const valueOf = (variable: string) => settings.find((it) => it.name === variable)?.value;
    t.is(valueOf('LIVEDROPS_STORE'), 'redis://redis:6379');
    t.is(valueOf('LIVEDROPS_NATS'), 'nats://nats:4222');
    t.is(valueOf('LIVEDROPS_ROLES'), ROLES[name]);
    t.is(valueOf('LIVEDROPS_HOST'), '0.0.0.0');
    const port = valueOf('LIVEDROPS_ADMIN_PORT');
    t.is(valueOf('LIVEDROPS_ADMIN_HOST'), '0.0.0.0');
    t.true(new RegExp(`^EXPOSE .*\\b${port}\\b`, 'm').test(dockerfile));
    const published = service(name).ports ?? [];
    t.false(
      published.some((one) => one.endsWith(`:${port}`)),
      'the operators’ address is inside',
    );
  });

  test(`compose: ${name} nodes get the settings of Stripe and of mail where they are given`, (t) => {
    const given = { ...STRIPE, ...MAIL };
    const settings = describeConfig({
      ...imageSettings,
      ...environmentOf(name, { ...GIVEN, ...given }),
    });
    for (const variable of Object.keys(given)) {
      t.is(settings.find((it) => it.name === variable)?.source, 'environment', variable);
    }
  });

  test(`compose: ${name} nodes do not start without secrets`, (t) => {
    for (const missing of Object.keys(GIVEN)) {
      t.throws(() => environmentOf(name, { ...GIVEN, [missing]: '' }), {
        message: new RegExp(`^${missing} is missing`),
      });
    }
  });

  test(`compose: ${name} nodes have time to hand over, and write to volumes alone`, (t) => {
    const node = service(name);
    const { stop_grace_period: grace, depends_on: needs, build } = node;
    t.is(node.read_only, true);
    t.deepEqual(node.tmpfs, ['/tmp']);
    t.is(node.healthcheck, undefined, 'the image has one');
    t.is(filledIn(node.ulimits!.nofile, {}), '200000');
    t.is(filledIn(node.ulimits!.nofile, { NOFILE: '7000' }), '7000');
    t.true(Number(/^(\d+)s$/.exec(grace ?? '')?.[1]) >= STOP_GRACE_SECONDS_MIN);
    t.deepEqual(Object.keys(needs ?? {}), ['redis', 'nats']);
    t.true(existsSync(join(ROOT, build?.context ?? '?', build?.dockerfile ?? '?')));
  });
}

test('compose: media nodes have a place for blobs, and all nodes tell the same origin', (t) => {
  const media = (given: Readonly<Record<string, string>>) =>
    loadConfig({ ...imageSettings, ...environmentOf('media', given), LIVEDROPS_DATA: tmpdir() })
      .media;
  t.like(media(GIVEN), {
    port: 8081,
    isPortSet: true,
    blobs: { kind: 'folder', folder: '/blobs', create: false },
  });
  t.true(service('media').volumes?.includes('blobs:/blobs'));
  t.regex(dockerfile, /mkdir .*\/blobs .*chown 1000:1000 .*\/blobs/);
  const bucket = {
    LIVEDROPS_BLOBS: 's3://shop',
    LIVEDROPS_BLOBS_KEY_ID: 'key',
    LIVEDROPS_BLOBS_SECRET: 'secret',
  };
  t.like(media({ ...GIVEN, ...bucket }), { blobs: { kind: 's3', bucket: 'shop' } });
  const origins = NODES.map((name) => environmentOf(name, GIVEN)['LIVEDROPS_MEDIA_URL']);
  t.deepEqual([...new Set(origins)], ['http://127.0.0.1:8081']);
});

test('compose: awaited services have health checks; volumes and files exist', (t) => {
  for (const { depends_on: needs = {}, volumes = [] } of Object.values(compose.services)) {
    for (const [name, { condition }] of Object.entries(needs)) {
      t.is(condition, 'service_healthy');
      t.truthy(service(name).healthcheck, name);
    }
    for (const volume of volumes) {
      const [source = ''] = volume.split(':');
      t.true(source.startsWith('.') ? existsSync(join(ROOT, source)) : source in compose.volumes);
    }
  }
});

/** Of the image itself: the last stage. The other one makes the packages and the pages. */
const imageStage = dockerfile.split(/^FROM .*$/m).at(-1)!;

/** What the lines of a Dockerfile copy of the repository. */
function copiedBy(lines: string): string[] {
  return [...lines.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, sources]) =>
    sources!.split(' '),
  );
}

test('image: every file it copies exists, and the command it runs is one', async (t) => {
  const copied = copiedBy(imageStage);
  t.true(copied.length > 8);
  const ignored = readFileSync(join(ROOT, 'deploy/Dockerfile.dockerignore'), 'utf8').split('\n');
  const all = copiedBy(dockerfile);
  t.true(all.length > copied.length);
  for (const source of all) {
    t.true(existsSync(join(ROOT, source)), source);
    t.true(ignored.includes(`!${source}`), source);
  }
  const kept = ignored.filter((line) => line.startsWith('!')).map((line) => line.slice(1));
  t.deepEqual(
    kept.filter((source) => !all.includes(source)),
    [],
  );

  const entry = JSON.parse(/^ENTRYPOINT (.+)$/m.exec(dockerfile)?.[1] ?? '') as string[];
  t.deepEqual(entry.slice(0, 1), ['node']);
  t.true(copied.some((source) => entry[1]!.startsWith(`${source}/`)));
  const [command] = JSON.parse(/^CMD (.+)$/m.exec(dockerfile)?.[1] ?? '') as string[];
  const help = await runCommand([command!, '--help']);
  t.is(help.code, 0);
  t.regex(help.stdout, /^Usage: livedrops start /);
});

test('image: it runs as no root, with a volume of its own, and is healthy when ready', (t) => {
  const last = (instruction: string) =>
    [...imageStage.matchAll(new RegExp(`^${instruction} (.+)$`, 'gm'))].at(-1)?.[1];
  t.regex(last('USER') ?? '', /^[1-9]\d*:[1-9]\d*$/);
  t.is(last('VOLUME'), imageSettings['LIVEDROPS_DATA']);
  t.is(last('STOPSIGNAL'), 'SIGTERM');
  const [, check = ''] = /^HEALTHCHECK [^[]*(\[.*\])$/m.exec(imageStage.replaceAll('\\\n', ''))!;
  const [program, flag, script] = JSON.parse(check) as string[];
  t.deepEqual([program, flag], ['node', '--eval']);
  t.regex(script!, /LIVEDROPS_PORT \+ '\/readyz'/);
  t.notThrows(() => new Script(script!));
});

/** Files of our own that are loaded: imports of types are not. */
const OWN_IMPORT =
  /^(?:import|export)\s+(?!type\s)(?:[^'";]*?\sfrom\s+)?'(\.[^']*)'|\bimport\(\s*'(\.[^']*)'/gm;

/** The source files that the image gets. */
function copiedFiles(): string[] {
  const folders = copiedBy(imageStage).filter((source) => /^\w+$/.test(source));
  return globSync(`{${folders.join(',')}}/**/*.ts`, { cwd: ROOT, exclude: ['sdk/dist/**'] }).concat(
    'moleculer.config.ts',
  );
}

test('image: what runs in it imports only files that it copies', (t) => {
  const files = copiedFiles();
  t.true(files.length > 200);
  const missing = files.flatMap((file) => {
    const imports = readFileSync(join(ROOT, file), 'utf8').matchAll(OWN_IMPORT);
    return [...imports]
      .map(([, direct, lazy]) => normalize(join(dirname(file), direct ?? lazy!)))
      .filter((path) => !files.includes(path))
      .map((path) => `${file} imports ${path}`);
  });
  t.deepEqual(missing, []);
});

test('image: it has the guides that are served at /docs', (t) => {
  const guides = readFileSync(join(ROOT, 'gateway/docs/guides.ts'), 'utf8').matchAll(
    /'(\S+\.md)'/g,
  );
  const files = [...guides].map(([, file]) => file!);
  t.true(files.length > 4);
  const copied = copiedBy(imageStage);
  for (const file of files) t.true(copied.includes(file) || copied.includes(dirname(file)), file);
});

test('image: what runs in it imports only packages that are not for development', (t) => {
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  const packages = copiedFiles().flatMap((file) => {
    const text = readFileSync(join(ROOT, file), 'utf8');
    const imports = text.matchAll(IMPORT);
    return [...imports].map(([, direct, lazy]) => direct ?? lazy!);
  });
  const names = packages
    .filter((name) => !isBuiltin(name))
    .map((name) =>
      name
        .split('/')
        .slice(0, name.startsWith('@') ? 2 : 1)
        .join('/'),
    );
  t.true(new Set(names).size > 10);
  t.deepEqual(
    [...new Set(names)].filter((name) => !(name in dependencies)),
    [],
  );
});

test('redis.conf holds what acknowledged orders need', (t) => {
  const lines = readFileSync(join(ROOT, 'deploy/redis.conf'), 'utf8').split('\n');
  for (const line of [
    'appendonly yes',
    'appendfsync always',
    'no-appendfsync-on-rewrite no',
    'maxmemory-policy noeviction',
  ]) {
    t.true(lines.includes(line), line);
  }
});

redisTest('J7: a Redis that is started as compose does passes the checks of a node', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'livedrops-deploy-'));
  const port = await freePort();
  const [program, ...args] = service('redis').command ?? [];
  const here: Record<string, string> = {
    '/etc/redis/redis.conf': join(ROOT, 'deploy/redis.conf'),
    '0.0.0.0': '127.0.0.1',
    '/data': directory,
  };
  const server = new ChildServer({
    command: program!,
    args: [...args.map((arg) => here[arg] ?? arg), '--port', String(port)],
    ready: /Ready to accept connections/,
  });
  await server.start();
  const log = pino({ level: 'silent' });
  const address = { nodes: [{ host: '127.0.0.1', port }], cluster: false };
  const redis = await connectRedis({ address, name: 'deploy', log });
  try {
    await t.notThrowsAsync(checkRedisServers(redis, { acceptWeak: false, log }));
  } finally {
    redis.disconnect();
    await server.stop();
    rmSync(directory, { recursive: true });
  }
});

natsTest('a NATS that is started as compose does answers its health check', async (t) => {
  const [port, httpPort] = [await freePort(), await freePort()];
  const here: Record<string, string> = {
    '0.0.0.0': '127.0.0.1',
    '4222': String(port),
    '8222': String(httpPort),
  };
  const { command = [], healthcheck } = service('nats');
  const server = new ChildServer({
    command: 'nats-server',
    args: command.map((arg) => here[arg] ?? arg),
    ready: /Server is ready/,
  });
  await server.start();
  try {
    const url = healthcheck!.test.at(-1)!.replace('8222', String(httpPort));
    t.is((await fetch(url)).status, 200);
  } finally {
    await server.stop();
  }
});
