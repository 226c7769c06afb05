// H11 on real processes: people send requests with keys, each again and again until it is answered,
// while nodes are killed. Afterwards every effect is there once, and every answer is given again by
// another node.

import test, { type ExecutionContext } from 'ava';
import { type Answer, dropTerms, type Json, type SaleClient } from '../end-to-end/sale-client.ts';
import { clusterInstalled } from '../end-to-end/sale-nodes.ts';
import { AUTH_SECRET, PAYMENT_SECRETS } from '../end-to-end/sale-client.ts';
import { removeDirectory, temporaryDirectory } from '../storage/temporary-directory.ts';
import { ClusterNode } from './cluster-node.ts';
import { TestCluster } from './test-cluster.ts';

const CREATOR = 'cleo';
/** Of each person. */
const ROUNDS = 8;
const PEOPLE = 6;
const TRIES_MAX = 2_000;
const REST_MS = 10;
const STOCK = 10;

interface Intent {
  readonly method: string;
  readonly path: string;
  readonly as: string;
  readonly key: string;
  readonly body?: unknown;
}

/** What is changed by everybody. */
interface Subjects {
  readonly dropId: string;
  readonly productId: string;
}

class People {
  readonly answers = new Map<Intent, Answer>();
  readonly #clients: () => readonly SaleClient[];
  readonly #waiting: { count: number; resolve: () => void }[] = [];
  #calls = 0;

  constructor(clients: () => readonly SaleClient[]) {
    this.#clients = clients;
  }

  /** Resolves when so many intents are answered. */
  answered(count: number): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push({ count, resolve });
    });
  }

  async work({ dropId, productId }: Subjects): Promise<void> {
    await Promise.all(
      Array.from({ length: PEOPLE }, async (_, person) => {
        for (let round = 0; round < ROUNDS; round++) {
          const key = `${person}-${round}`;
          const fan = `fan-${person}-${round}`;
          const add = `/v1/creators/${CREATOR}/products`;
          for (const intent of [
            patch(`/v1/drops/${dropId}`, key, { addStock: 1 }),
            patch(`/v1/products/${productId}`, key, { name: `Lamp ${key}` }),
            post(add, key, { name: `Product ${key}` }),
            post(`/v1/products/${productId}/drops`, key, dropTerms()),
            { ...post(`/v1/creators/${CREATOR}/follow`, key), as: fan },
          ])
            await this.#doUntilAnswered(intent);
        }
      }),
    );
  }

  /** Once more, of every intent: the ones that were not answered as the first time. */
  async repeatAll(): Promise<string[]> {
    const wrong: string[] = [];
    for (const [intent, first] of this.answers) {
      const again = await this.#send(intent);
      const isSame = again?.status === first.status && again.text === first.text;
      if (!isSame || again.headers.get('idempotency-replayed') !== 'true')
        wrong.push(`${intent.path} ${intent.key}: ${first.text}, then ${again?.text}`);
    }
    return wrong;
  }

  async #doUntilAnswered(intent: Intent): Promise<void> {
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const answer = await this.#send(intent);
      if (answer !== null && answer.status < 300) {
        this.answers.set(intent, answer);
        for (const { count, resolve } of this.#waiting) if (this.answers.size >= count) resolve();
        return;
      }
      if (answer !== null && answer.status < 500 && answer.json['code'] !== 'request-in-progress')
        throw new Error(`${intent.path} was refused: ${answer.text}`);
      await new Promise((resolve) => setTimeout(resolve, REST_MS));
    }
    throw new Error(`${intent.path} was never answered`);
  }

  /** Null without an answer. */
  async #send({ method, path, as, key, body }: Intent): Promise<Answer | null> {
    this.#calls += 1;
    const clients = this.#clients();
    const client = clients[this.#calls % clients.length];
    const headers = { 'idempotency-key': key };
    try {
      return (await client?.call(method, path, { as, headers, body })) ?? null;
    } catch {
      return null;
    }
  }
}

function patch(path: string, key: string, body: unknown): Intent {
  return { method: 'PATCH', path, as: CREATOR, key, body };
}

function post(path: string, key: string, body?: unknown): Intent {
  return { method: 'POST', path, as: CREATOR, key, body };
}

async function startSubjects(client: SaleClient): Promise<Subjects> {
  const dropId = await client.drop(CREATOR, { stock: STOCK });
  return { dropId, productId: await client.product(CREATOR) };
}

/** Every effect is there once. The drop and the products of `startSubjects` are there besides. */
async function assertOnce(
  t: ExecutionContext,
  client: SaleClient,
  { dropId, productId }: Subjects,
): Promise<void> {
  const intents = PEOPLE * ROUNDS;
  t.is((await client.get(`/v1/drops/${dropId}`)).json['stocked'], STOCK + intents);
  t.is((await client.get(`/v1/products/${productId}`)).json['revision'], 1 + intents);
  const products = await client.listAll('/v1/products');
  t.deepEqual(named(products, 'Product'), expected('Product'));
  t.is((await client.listAll('/v1/drops')).length, 1 + intents);
  const profile = await client.get(`/v1/creators/${CREATOR}/followers?limit=100`);
  t.is((profile.json['items'] as Json[]).length, intents);
}

function named(products: readonly Json[], prefix: string): string[] {
  const names = products.map(({ name }) => String(name));
  return names.filter((name) => name.startsWith(prefix)).toSorted();
}

function expected(prefix: string): string[] {
  return Array.from({ length: PEOPLE * ROUNDS }, (_, i) => {
    return `${prefix} ${i % PEOPLE}-${Math.floor(i / PEOPLE)}`;
  }).toSorted();
}

test('H11, J4: a node alone that is killed while keys are used does everything once', async (t) => {
  t.timeout(120_000);
  const directory = temporaryDirectory();
  t.teardown(() => removeDirectory(directory));
  const node = new ClusterNode({
    nodeId: 'alone',
    environment: {
      LIVEDROPS_DATA: directory,
      LIVEDROPS_PORT: '0',
      LIVEDROPS_RATE_LIMITS: 'off',
      LIVEDROPS_LOG: 'warn',
      LIVEDROPS_AUTH_SECRET: AUTH_SECRET,
      LIVEDROPS_PAYMENT_SECRET: PAYMENT_SECRETS.join(' '),
    },
  });
  t.teardown(() => node.kill());
  await node.start();
  const subjects = await startSubjects(node.client);
  const people = new People(() => [node.client]);
  const working = people.work(subjects);
  for (const share of [0.2, 0.6]) {
    await Promise.race([people.answered(share * 5 * PEOPLE * ROUNDS), working]);
    await node.kill();
    await node.start();
  }
  await working;
  t.deepEqual(await people.repeatAll(), []);
  await assertOnce(t, node.client, subjects);
});

const clusterTest = clusterInstalled ? test : test.skip;

clusterTest('H11, J4: a cluster whose nodes are killed does everything once', async (t) => {
  t.timeout(180_000);
  const cluster = await TestCluster.start();
  t.teardown(() => cluster.stop());
  const subjects = await startSubjects(cluster.node('north').client);
  const people = new People(() => cluster.nodes.map(({ client }) => client));
  const working = people.work(subjects);
  for (const [share, nodeId] of [
    [0.2, 'north'],
    [0.6, 'south'],
  ] as const) {
    await Promise.race([people.answered(share * 5 * PEOPLE * ROUNDS), working]);
    await cluster.node(nodeId).kill();
    await cluster.node(nodeId).start();
  }
  await working;
  await cluster.whole();
  t.deepEqual(await people.repeatAll(), []);
  await assertOnce(t, cluster.node('south').client, subjects);
  t.deepEqual(await cluster.findings(), []);
});
