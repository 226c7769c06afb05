// The image of `deploy/`, built and started as `docker-compose.yml` says: Redis, NATS, and every
// service that is a node, each in a container with a read-only root. They share the network of the
// machine, so that ports are other ones; Redis and NATS are Debian's.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import {
  AUTH_SECRET,
  DETAILS_SECRET,
  eventually,
  type Json,
  PASS_SECRET,
  PAYMENT_SECRETS,
  SaleClient,
} from '../end-to-end/sale-client.ts';
import { type ChildServer, freePort } from '../servers/child-server.ts';
import { environmentOf, filledIn, ROOT, service } from './compose.ts';
import { containersMissing, openFilesMax, Podman } from './podman.ts';

/** With the packages of Debian that only the first run fetches. */
const TEST_MAX_MS = 1_500_000;
const IMAGE_BYTES_MAX = 250_000_000;
/** A node gives up handing over after 30 s: `operator/start.ts`. */
const STOP_MAX_MS = 30_000;
const SOON_MAX_MS = 60_000;
const STOCK = 12;
const PAGES = ['/', '/docs', '/docs/rest', '/docs/live', '/docs/graphql'];
const NODE_READY = /^LiveDrops ready on /m;
const GIVEN = {
  LIVEDROPS_AUTH_SECRET: AUTH_SECRET,
  LIVEDROPS_PAYMENT_SECRET: PAYMENT_SECRETS.join(' '),
  LIVEDROPS_DETAILS_SECRET: DETAILS_SECRET,
  LIVEDROPS_PASS_SECRET: PASS_SECRET,
  NOFILE: String(openFilesMax()),
};
/** More is refused to whoever may not raise the limits of this machine. */
const OPEN_FILES = ['--ulimit', `nofile=${GIVEN.NOFILE}`];
/** The nodes, and the service of the file that each is one of. */
const NODES = {
  first: 'actors',
  second: 'actors',
  gateway: 'gateway',
  search: 'search',
  media: 'media',
} as const;
type NodeName = keyof typeof NODES;
const NODE_NAMES = Object.keys(NODES) as NodeName[];

interface Ports {
  readonly redis: number;
  readonly nats: number;
  readonly natsHealth: number;
  readonly uploads: number;
  readonly nodes: Readonly<Record<NodeName, number>>;
}

async function freePorts(): Promise<Ports> {
  const of = async (name: NodeName) => [name, await freePort()] as const;
  const nodes = Object.fromEntries(await Promise.all(NODE_NAMES.map(of)));
  return {
    redis: await freePort(),
    nats: await freePort(),
    natsHealth: await freePort(),
    uploads: await freePort(),
    nodes: nodes as Record<NodeName, number>,
  };
}

/** The names that Compose would give to the services are those of this machine. */
const HOSTS = ['redis', 'nats', 'gateway'].flatMap((name) => ['--add-host', `${name}:127.0.0.1`]);

function nodeOf(podman: Podman, image: string, name: NodeName, ports: Ports): ChildServer {
  const { read_only: readOnly, tmpfs = [], ulimits, volumes = [], init } = service(NODES[name]);
  const given = environmentOf(NODES[name], GIVEN);
  const environment = {
    ...given,
    LIVEDROPS_NODE_ID: name,
    LIVEDROPS_STORE: `redis://redis:${ports.redis}`,
    LIVEDROPS_NATS: `nats://nats:${ports.nats}`,
    LIVEDROPS_PORT: String(ports.nodes[name]),
    LIVEDROPS_ADMIN_PORT: '0',
    ...('LIVEDROPS_MEDIA_PORT' in given && { LIVEDROPS_MEDIA_PORT: String(ports.uploads) }),
    // All clients have one address here.
    LIVEDROPS_RATE_LIMITS: 'off',
    LIVEDROPS_PAYMENT_SETTLE_AFTER_MS: '500',
    LIVEDROPS_PAYMENT_WEBHOOK_URL: `http://gateway:${ports.nodes.gateway}/v1/payments/webhook`,
  };
  const mounted = volumes.map((volume) => {
    const [source = '', ...rest] = volume.split(':');
    return [podman.volume(source), ...rest].join(':');
  });
  const options = [
    HOSTS,
    // Without the folders that podman, unlike Docker, keeps writable by itself.
    [`--read-only=${readOnly}`, '--read-only-tmpfs=false', `--init=${init}`],
    ['--ulimit', `nofile=${filledIn(ulimits!.nofile, GIVEN)}`],
    ...tmpfs.map((folder) => ['--tmpfs', folder]),
    ...mounted.map((volume) => ['--volume', volume]),
    ...Object.entries(environment).map(([key, value]) => ['--env', `${key}=${value}`]),
  ].flat();
  return podman.container({ name, image, options, command: [], ready: NODE_READY });
}

function redisOf(podman: Podman, image: string, port: number): ChildServer {
  const { command = [], volumes = [] } = service('redis');
  const mounted = volumes.map((volume) => {
    const [source = '', ...rest] = volume.split(':');
    return [source.startsWith('.') ? join(ROOT, source) : podman.volume(source), ...rest].join(':');
  });
  return podman.container({
    name: 'redis',
    image,
    options: [...OPEN_FILES, ...mounted.flatMap((volume) => ['--volume', volume])],
    command: [...command, '--port', String(port)],
    ready: /Ready to accept connections/,
  });
}

function natsOf(podman: Podman, image: string, ports: Ports): ChildServer {
  const here: Record<string, string> = {
    '4222': String(ports.nats),
    '8222': String(ports.natsHealth),
  };
  const args = (service('nats').command ?? []).map((arg) => here[arg] ?? arg);
  return podman.container({
    name: 'nats',
    image,
    options: OPEN_FILES,
    command: ['nats-server', ...args],
    ready: /Server is ready/,
  });
}

/** Starts and stops the containers; all of them end with the test. */
class Containers {
  readonly #servers: Readonly<Record<'redis' | 'nats', ChildServer>>;
  readonly #nodes: Readonly<Record<NodeName, ChildServer>>;

  constructor(podman: Podman, images: { livedrops: string; servers: string }, ports: Ports) {
    this.#servers = {
      redis: redisOf(podman, images.servers, ports.redis),
      nats: natsOf(podman, images.servers, ports),
    };
    const node = (name: NodeName) => [name, nodeOf(podman, images.livedrops, name, ports)];
    const nodes = Object.fromEntries(NODE_NAMES.map(node));
    this.#nodes = nodes as Record<NodeName, ChildServer>;
  }

  async start(): Promise<void> {
    await Promise.all([this.#servers.redis.start(), this.#servers.nats.start()]);
    await Promise.all(Object.values(this.#nodes).map((node) => node.start()));
  }

  /** SIGTERM to every node, then to the servers; the exit codes, and how long the nodes took. */
  async stop(): Promise<{
    codes: Record<NodeName, number | null>;
    redis: number | null;
    ms: number;
  }> {
    const begun = performance.now();
    const nodes = NODE_NAMES.map(async (name) => [name, await this.#nodes[name].stop()] as const);
    const codes = Object.fromEntries(await Promise.all(nodes)) as Record<NodeName, number | null>;
    const ms = performance.now() - begun;
    const [redis] = await Promise.all([this.#servers.redis.stop(), this.#servers.nats.stop()]);
    return { codes, redis, ms };
  }
}

/** Sells all of a drop to buyers who come at once. */
async function sale(t: ExecutionContext, client: SaleClient) {
  const dropId = await client.drop('ann', { stock: STOCK, payment: 'provider' });
  const buyers = Array.from({ length: STOCK + 3 }, (_, i) => `buyer${i}`);
  const answers = await Promise.all(
    buyers.map((name) => client.order(dropId, name, `key-${name}`)),
  );
  const orders = answers.flatMap(({ status, json }, i) =>
    status === 201 ? [{ id: String(json['id']), buyer: buyers[i]! }] : [],
  );
  t.is(orders.length, STOCK, answers.map(({ text }) => text).join('\n'));
  t.is(answers.filter(({ status }) => status === 409).length, buyers.length - STOCK);
  return { dropId, orders };
}

/** The development provider, which runs with the actors, has paid every order at the gateway. */
async function assertSold(
  t: ExecutionContext,
  client: SaleClient,
  { dropId, orders }: Awaited<ReturnType<typeof sale>>,
) {
  for (const { id, buyer } of orders) {
    const order = await eventually(
      () => client.readOrder(id, buyer),
      ({ status }) => status === 'confirmed',
      SOON_MAX_MS,
    );
    t.like(order, { id, userId: buyer, status: 'confirmed' });
  }
  const drop = await eventually(
    () => client.readDrop(dropId),
    ({ sold }) => sold === STOCK,
    SOON_MAX_MS,
  );
  t.like(drop, { sold: STOCK, free: 0 });
}

/** The page is there, and every file of this server that it names. */
async function assertWhole(t: ExecutionContext, page: URL) {
  const reply = await fetch(page);
  t.is(reply.status, 200, page.pathname);
  const named = [...(await reply.text()).matchAll(/(?:src|href)="(\/[^"#]*)/g)];
  for (const [, path = ''] of named) {
    const { status, body } = await fetch(new URL(path, page));
    await body?.cancel();
    t.is(status, 200, `${path}, of ${page.pathname}`);
  }
}

/** The search node finds what is sold, and the media node takes and makes pictures. */
async function assertOthersServe(
  t: ExecutionContext,
  client: SaleClient,
  podman: Podman,
  uploads: number,
) {
  const found = await eventually(
    async () => (await client.get('/v1/search?q=lamp')).json,
    ({ items }) => (items as Json[] | undefined)?.length === 2,
    SOON_MAX_MS,
  );
  t.is((found['items'] as Json[]).length, 2, 'the product and its drop');
  const taken = await fetch(`http://127.0.0.1:${uploads}/v1/uploads`, { method: 'OPTIONS' });
  t.is(taken.status, 204);
  const picture = `require('sharp')({ create: { width: 9, height: 9, channels: 3,
    background: 'red' } }).avif().toBuffer().then(({ length }) => console.log(length))`;
  t.true(Number(await podman.exec('media', ['node', '--eval', picture])) > 0);
}

/** Throws where no container starts. */
async function probe(podman: Podman, image: string): Promise<void> {
  const container = podman.container({
    name: 'probe',
    image,
    options: ['--read-only', ...OPEN_FILES],
    command: ['echo', 'it runs'],
    ready: /it runs/,
  });
  await container.start();
  await container.ended();
}

const missing = containersMissing();

test('containers: the image sells a drop as docker-compose.yml runs it, and keeps all', async (t) => {
  t.timeout(TEST_MAX_MS);
  if (missing !== null) {
    t.log(`not run: ${missing}`);
    t.pass();
    return;
  }
  const directory = mkdtempSync(join(tmpdir(), 'livedrops-containers-'));
  const podman = new Podman();
  t.teardown(async () => {
    await podman.clean();
    rmSync(directory, { recursive: true, force: true });
  });
  const base = await podman.debian('base', ['ca-certificates']);
  const refused = await probe(podman, base).catch((error: Error) => error);
  if (refused !== undefined) {
    t.log(`not run, as no container starts here: ${refused.message}`);
    t.pass();
    return;
  }
  const builder = await podman.debian('builder', ['ca-certificates', 'nodejs', 'npm']);
  const servers = await podman.debian('servers', ['redis-server', 'nats-server']);
  const livedrops = await podman.build({ builder, base });
  const bytes = await podman.compressedBytes(livedrops, join(directory, 'image'));
  t.log(`the image is ${(bytes / 1e6).toFixed(1)} MB compressed`);
  t.true(bytes <= IMAGE_BYTES_MAX);

  const ports = await freePorts();
  const containers = new Containers(podman, { livedrops, servers }, ports);
  t.teardown(() => containers.stop());
  await containers.start();
  const client = new SaleClient({ urls: [`http://127.0.0.1:${ports.nodes.gateway}`] });
  const sold = await sale(t, client);
  await assertSold(t, client, sold);
  await assertOthersServe(t, client, podman, ports.uploads);
  for (const page of PAGES) await assertWhole(t, new URL(page, client.urls[0]));

  t.is((await podman.exec('gateway', ['id', '-u'])).trim(), '1000');
  t.is((await podman.exec('gateway', ['sh', '-c', 'ulimit -n'])).trim(), GIVEN.NOFILE);
  await t.throwsAsync(podman.exec('gateway', ['touch', '/app/file']), { message: /Read-only/ });
  for (const name of NODE_NAMES) await t.notThrowsAsync(podman.checkHealth(name));

  for (const round of ['first', 'second']) {
    const { codes, redis, ms } = await containers.stop();
    t.log(`the ${round} stop of ${NODE_NAMES.length} nodes took ${Math.round(ms)} ms`);
    t.deepEqual(
      Object.entries({ ...codes, redis }).filter(([, code]) => code !== 0),
      [],
    );
    t.true(ms < STOP_MAX_MS);
    if (round === 'second') break;
    await containers.start();
    await assertSold(t, client, sold);
    await podman.exec('gateway', ['node', 'operator/livedrops.ts', 'verify']);
  }
});
