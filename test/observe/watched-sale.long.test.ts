// A real Prometheus watches real sales: the demo on one node, and two nodes on Redis and NATS of
// which one is killed. Every query of every panel has data, or says why it has none.

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { ClusterNode } from '../cluster/cluster-node.ts';
import { AUTH_SECRET, eventually, PAYMENT_SECRETS, SaleClient } from '../end-to-end/sale-client.ts';
import { COMPILE_CACHE, PROGRAM } from '../operator/run-command.ts';
import { ChildServer, freePort } from '../servers/child-server.ts';
import { IssuerServer } from '../servers/issuer-server.ts';
import { NatsServer, natsInstalled } from '../servers/nats-server.ts';
import {
  prometheusInstalled,
  PrometheusServer,
  type Series,
} from '../servers/prometheus-server.ts';
import { RedisServer, redisInstalled } from '../servers/redis-server.ts';
import { renderedQueries } from './queries.ts';

type Profile = 'embedded' | 'cluster';

const TEST_MAX_MS = 600_000;
/** For a machine that is busy with other tests: it takes some 20 s. */
const FIRED_MAX_MS = 120_000;
const VISIT_INTERVAL_MS = 500;
const ORDER_INTERVAL_MS = 100;
const QUERIES_MIN = 100;
/** How long the cluster sells before one of its nodes is killed. */
const SALE_MS = 15_000;
const ALARM = 'LiveDropsNodeDown';
const DEMO_URL = /serves on (http:\/\/\S+)/;

/** Panels with a query that may have no data in either sale, and why. */
const MAY_BE_EMPTY: Readonly<Record<string, string>> = {
  'gateway / Failures by route': 'a node that is killed fails requests by luck',
  'gateway / Streams that the server ended': 'a stream is ended for a fault, or at the stop',
  'reach / Calls': 'the endpoint of the demo takes all calls; reasons come with failures',
  'reach / Jobs that failed': 'a job fails after ten attempts',
};

const watchedTest =
  prometheusInstalled && redisInstalled && natsInstalled ? test.serial : test.serial.skip;
const seen: Record<Profile, Set<string>> = { embedded: new Set(), cluster: new Set() };

/** Visitors: they look, search, and ask for what is not there, until they are told to stop. */
function visit(client: SaleClient): { stop(): Promise<void> } {
  const over = new AbortController();
  const visits = (async () => {
    for (let i = 0; !over.signal.aborted; i++) {
      for (const path of [
        '/v1/drops?status=live',
        '/v1/products',
        '/v1/search?q=lamp',
        '/v1/search/suggest?q=la',
        '/v1/drops/d_nothing',
        `/v1/creators/c${i}/followers`,
      ])
        await client.get(path).catch(() => null);
      await pause(VISIT_INTERVAL_MS);
    }
  })();
  return {
    async stop() {
      over.abort();
      await visits;
    },
  };
}

watchedTest('L5a: while the demo sells on one node, panels have data or say why not', async (t) => {
  t.timeout(TEST_MAX_MS);
  const args = ['--buyers', '400', '--stock', '60', '--followers', '40', '--seconds', '20'];
  const demo = new ChildServer({
    command: process.execPath,
    args: [PROGRAM, 'demo', ...args],
    ready: DEMO_URL,
    environment: COMPILE_CACHE,
  });
  t.teardown(() => demo.stop('SIGINT'));
  await demo.start();
  const url = DEMO_URL.exec(demo.output)![1]!;
  const from = Date.now() / 1_000;
  const prometheus = await PrometheusServer.start([url]);
  t.teardown(() => prometheus.stop());
  const visitors = visit(new SaleClient({ urls: [url] }));
  t.teardown(() => visitors.stop());
  await demo.ended();
  await visitors.stop();
  t.regex(demo.output, /PASS {2}60 units sold of 60/);
  await assertFull(t, 'embedded', prometheus, from);
});

/** Orders of one user after the other through each gateway in turn, whatever the answers are. */
function sell(
  client: SaleClient,
  dropId: string,
): { readonly placed: number; stop(): Promise<void> } {
  const over = new AbortController();
  let placed = 0;
  const sale = (async () => {
    for (let i = 0; !over.signal.aborted; i++) {
      const answer = await client.order(dropId, `u${i}`, `k${i}`).catch(() => null);
      if (answer?.status === 201) placed += 1;
      await pause(ORDER_INTERVAL_MS);
    }
  })();
  return {
    get placed() {
      return placed;
    },
    async stop() {
      over.abort();
      await sale;
    },
  };
}

watchedTest('L5a: an alarm fires when a node is killed in a sale, and ends', async (t) => {
  t.timeout(TEST_MAX_MS);
  const { nodes, urls } = await startCluster(t);
  const [north, south] = nodes;
  const client = new SaleClient({ urls });
  const dropId = await client.drop('cleo', { stock: 100_000, payment: 'provider' });
  const from = Date.now() / 1_000;
  const prometheus = await PrometheusServer.start(urls);
  t.teardown(() => prometheus.stop());
  const visitors = visit(client);
  const sale = sell(client, dropId);
  t.teardown(() => Promise.all([visitors.stop(), sale.stop()]));
  const firing = async () =>
    (await prometheus.alerts()).filter(
      ({ labels, state }) => labels['alertname'] === ALARM && state === 'firing',
    );

  await pause(SALE_MS);
  t.deepEqual(await firing(), []);
  t.true(sale.placed > 0);
  await south.kill();
  const [alert, ...others] = await eventually(firing, ({ length }) => length > 0, FIRED_MAX_MS);
  t.deepEqual(others, []);
  const instance = new URL(urls[1]).host;
  t.is(alert?.labels['instance'], instance);
  t.is(alert?.labels['severity'], 'page');
  t.is(alert?.annotations['summary'], `The node ${instance} does not answer.`);
  t.is(alert?.annotations['runbook_url'], 'docs/OPERATIONS.md#a-node-is-down');
  const ofNorth = new SaleClient({ urls: [north.url] });
  const sold = await eventually(
    () => ofNorth.order(dropId, 'ann', 'after'),
    ({ status }) => status === 201,
  );
  t.is(sold.status, 201, 'the other node sells on');
  await Promise.all([visitors.stop(), sale.stop()]);

  await south.start();
  t.deepEqual(await eventually(firing, ({ length }) => length === 0, FIRED_MAX_MS), []);
  await assertFull(t, 'cluster', prometheus, from);
});

watchedTest('L5a: a query without data in both sales is listed with its reason', (t) => {
  const queries = renderedQueries();
  const nowhere = queries.filter(
    (query) => !seen.embedded.has(nameOf(query)) && !seen.cluster.has(nameOf(query)),
  );
  for (const query of nowhere) t.true(Object.hasOwn(MAY_BE_EMPTY, query.place), nameOf(query));
  for (const place of Object.keys(MAY_BE_EMPTY))
    t.true(
      queries.some((query) => query.place === place),
      place,
    );
});

interface Cluster {
  readonly nodes: readonly [ClusterNode, ClusterNode];
  readonly urls: readonly [string, string];
}

async function startCluster(t: ExecutionContext): Promise<Cluster> {
  const directory = mkdtempSync(join(tmpdir(), 'livedrops-watched-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  const redis = await RedisServer.start();
  t.teardown(() => redis.stop());
  const nats = await NatsServer.start();
  t.teardown(() => nats.stop());
  const issuer = await IssuerServer.start();
  t.teardown(() => issuer.stop());
  issuer.addKey('ES256');
  const archive = join(directory, 'archive');
  const blobs = join(directory, 'blobs');
  for (const folder of [archive, blobs]) mkdirSync(folder);
  const node = async (nodeId: string): Promise<ClusterNode> =>
    new ClusterNode({
      nodeId,
      environment: {
        LIVEDROPS_DATA: join(directory, nodeId),
        // Where Prometheus looks for it again after its end.
        LIVEDROPS_PORT: String(await freePort()),
        LIVEDROPS_NODE_ID: nodeId,
        LIVEDROPS_ROLES: 'gateway,actors,services,search',
        LIVEDROPS_STORE: redis.url,
        LIVEDROPS_NATS: nats.url,
        LIVEDROPS_LOG: 'error',
        LIVEDROPS_ARCHIVE: archive,
        LIVEDROPS_ARCHIVE_INTERVAL_SECONDS: '1',
        LIVEDROPS_BLOBS: `file:${blobs}`,
        LIVEDROPS_ACCESS_LOG: '1',
        // Nobody takes them there.
        LIVEDROPS_TRACES: 'http://127.0.0.1:9/v1/traces',
        LIVEDROPS_AUTH_SECRET: AUTH_SECRET,
        LIVEDROPS_AUTH_ISSUER: issuer.url,
        LIVEDROPS_AUTH_AUDIENCE: 'livedrops',
        LIVEDROPS_PAYMENT_SECRET: PAYMENT_SECRETS.join(' '),
      },
    });
  const nodes = [await node('north'), await node('south')] as const;
  for (const one of nodes) t.teardown(() => one.kill());
  await Promise.all(nodes.map((one) => one.start()));
  return { nodes, urls: [nodes[0].url, nodes[1].url] };
}

function nameOf({ place, expr }: { readonly place: string; readonly expr: string }): string {
  return `${place}: ${expr}`;
}

/** Every query has a number at some time since `from`, or its panel says why not. */
async function assertFull(
  t: ExecutionContext,
  profile: Profile,
  prometheus: PrometheusServer,
  from: number,
): Promise<void> {
  const to = Date.now() / 1_000;
  for (const query of renderedQueries()) {
    const found = await prometheus.range(query.expr, from, to);
    if (hasNumber(found)) seen[profile].add(nameOf(query));
    else t.not(query.panel.whenEmpty, undefined, `${nameOf(query)} is empty and does not say why`);
  }
  t.true(seen[profile].size > QUERIES_MIN, `only ${seen[profile].size} queries have data`);
}

function hasNumber(found: readonly Series[]): boolean {
  return found.some(({ values }) => values.some(([, value]) => Number.isFinite(Number(value))));
}
