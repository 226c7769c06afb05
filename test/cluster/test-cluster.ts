// A cluster of real processes for failure tests: one redis-server, one nats-server, three nodes. It
// records the answers to buyers, so that a test can compare them with the journal at the end.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { SHARD_COUNT, shardOf } from '../../domain/ids.ts';
import { connectRedis } from '../../storage/redis/connection/connection.ts';
import { RedisJournal } from '../../storage/redis/journal/journal-redis.ts';
import { readTruth } from '../chaos/truth.ts';
import {
  type Answer,
  AUTH_SECRET,
  eventually,
  PAYMENT_SECRETS,
} from '../end-to-end/sale-client.ts';
import { NatsServer } from '../servers/nats-server.ts';
import { RedisServer } from '../servers/redis-server.ts';
import { ClusterNode } from './cluster-node.ts';

/** Three, so that after a failure two nodes share the shards of the third. */
const NODE_IDS = ['north', 'south', 'west'] as const;
export type NodeId = (typeof NODE_IDS)[number];

const DROPS_TRIED_MAX = 60;
/** The longest wait for the effect of a test's action. */
const WHOLE_MAX_MS = 30_000;
const MADE_MAX_MS = 15_000;

interface ShardRow {
  readonly shard: number;
  readonly owner: string | null;
  readonly wanted: string | null;
}

interface MoveRow {
  readonly shard: number;
  readonly from: string;
  readonly result: string;
  readonly reason: string;
}

export interface TestClusterOptions {
  /** Where the servers listen, and the nodes; default: the loopback. */
  readonly hosts?: {
    readonly redis: string;
    readonly nats: string;
    readonly node: (index: number) => string;
  };
  /** As `ClusterNode` takes it. */
  readonly within?: (index: number) => readonly string[];
}

export class TestCluster {
  readonly redis: RedisServer;
  readonly nats: NatsServer;
  readonly nodes: readonly ClusterNode[];
  readonly #directory: string;
  /** Drop, user and key to the acknowledged order id. */
  readonly #acknowledged = new Map<string, string>();

  private constructor(redis: RedisServer, nats: NatsServer, options: TestClusterOptions) {
    this.redis = redis;
    this.nats = nats;
    this.#directory = mkdtempSync(join(tmpdir(), 'livedrops-failures-'));
    this.nodes = NODE_IDS.map((nodeId, index) => {
      const within = options.within?.(index);
      return new ClusterNode({
        nodeId,
        environment: {
          LIVEDROPS_DATA: join(this.#directory, nodeId),
          LIVEDROPS_HOST: options.hosts?.node(index) ?? '127.0.0.1',
          LIVEDROPS_PORT: '0',
          LIVEDROPS_NODE_ID: nodeId,
          // Without search, which follows all of them on each node.
          LIVEDROPS_ROLES: 'gateway,actors,services',
          LIVEDROPS_STORE: redis.url,
          LIVEDROPS_NATS: nats.url,
          LIVEDROPS_RATE_LIMITS: 'off',
          LIVEDROPS_LOG: 'warn',
          LIVEDROPS_AUTH_SECRET: AUTH_SECRET,
          LIVEDROPS_PAYMENT_SECRET: PAYMENT_SECRETS.join(' '),
        },
        ...(within === undefined ? {} : { within }),
      });
    });
  }

  /** Resolves when every node is ready and has its shards. */
  static async start(options: TestClusterOptions = {}): Promise<TestCluster> {
    const { hosts } = options;
    const redis = await RedisServer.start(hosts === undefined ? {} : { host: hosts.redis });
    const nats = await NatsServer.start(hosts?.nats);
    const cluster = new TestCluster(redis, nats, options);
    try {
      await Promise.all(cluster.nodes.map((node) => node.start()));
      await cluster.whole();
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.kill()));
    await Promise.all([this.redis.stop(), this.nats.stop()]);
    rmSync(this.#directory, { recursive: true, force: true });
  }

  node(nodeId: NodeId): ClusterNode {
    return this.nodes.find((node) => node.nodeId === nodeId)!;
  }

  /** Resolves when these nodes are ready and own their computed shards. Throws after a timeout. */
  async whole(nodes: readonly ClusterNode[] = this.nodes): Promise<void> {
    const missing = await eventually(
      () => this.#missing(nodes),
      (found) => found === null,
      WHOLE_MAX_MS,
    );
    if (missing !== null) throw new Error(`the cluster is not whole: ${missing}`);
  }

  async #missing(nodes: readonly ClusterNode[]): Promise<string | null> {
    for (const { nodeId, client } of nodes) {
      const { status, text } = await client.get('/readyz');
      if (status !== 200) return `${nodeId} says ${text}`;
    }
    const rows = await this.shards(nodes[0]!);
    const elsewhere = rows.filter(({ owner, wanted }) => owner !== wanted);
    if (elsewhere.length > 0) return `${elsewhere.length} shards are not where they should be`;
    const owners = new Set(rows.map(({ owner }) => owner));
    return owners.size === nodes.length ? null : `only ${[...owners].join()} have shards`;
  }

  shards(via: ClusterNode): Promise<ShardRow[]> {
    return this.#listed<ShardRow>(via, 'shards');
  }

  /** The newest first. */
  moves(via: ClusterNode): Promise<MoveRow[]> {
    return this.#listed<MoveRow>(via, 'moves?limit=100');
  }

  async #listed<Row>({ client }: ClusterNode, list: string): Promise<Row[]> {
    const token = client.token('olga', 600, ['operator']);
    const { status, text } = await client.get(`/v1/operator/${list}`, { token });
    if (status !== 200) throw new Error(`${list} was answered ${status}: ${text}`);
    return (JSON.parse(text) as { items: Row[] }).items;
  }

  /** Creates a live drop on a shard of the node. */
  async dropOn(owner: NodeId, terms: object = {}): Promise<string> {
    const { client } = this.node(owner);
    const owners = new Map<number, string | null>();
    for (const row of await this.shards(this.node(owner))) owners.set(row.shard, row.owner);
    for (let tries = 0; tries < DROPS_TRIED_MAX; tries++) {
      const dropId = await client.drop('cleo', { stock: 1000, limitPerUser: 1000, ...terms });
      if (owners.get(shardOf(dropId, SHARD_COUNT)) === owner) return dropId;
    }
    throw new Error(`${owner} got none of ${DROPS_TRIED_MAX} drops`);
  }

  /** Places an order through one gateway and records the answer. */
  async order(via: NodeId, dropId: string, key: string, user = 'ann'): Promise<Answer> {
    const answer = await this.node(via).client.order(dropId, user, key);
    if (answer.status !== 201) return answer;
    const place = [dropId, user, key].join();
    const { id } = answer.json as { id: string };
    const acknowledged = this.#acknowledged.get(place) ?? id;
    if (acknowledged !== id)
      throw new Error(`O3: ${place} is ${acknowledged}, and was answered ${id}`);
    this.#acknowledged.set(place, id);
    return answer;
  }

  /** Repeats an order with the same key until it is placed; resolves to the duration. */
  async orderUntilMade(
    via: NodeId,
    dropId: string,
    key: string,
    maxMs: number = MADE_MAX_MS,
  ): Promise<number> {
    const beganAt = performance.now();
    const { status, text } = await eventually(
      () => this.order(via, dropId, key),
      (answer) => answer.status === 201,
      maxMs,
    );
    if (status !== 201) throw new Error(`${key} was never made: ${status} ${text}`);
    return performance.now() - beganAt;
  }

  /** The differences between the journal, the live state, and the answers to buyers. */
  async findings(): Promise<string[]> {
    const { client } = this.nodes[0]!;
    const token = client.token('olga', 600, ['operator']);
    const verified = await client.post('/v1/operator/verify', { token });
    const found = verified.status === 200 ? [] : [`verify was answered ${verified.text}`];
    found.push(...((verified.json['findings'] as string[] | undefined) ?? []));
    return [...found, ...(await this.#journalFindings())];
  }

  async #journalFindings(): Promise<string[]> {
    const { address } = this.redis;
    const log = pino({ level: 'silent' });
    const redis = await connectRedis({ address, name: 'truth', log });
    try {
      const { drops, findings } = await readTruth(new RedisJournal({ redis }));
      const written = new Map<string, string[]>();
      for (const order of [...drops.values()].flatMap(({ orders }) => orders)) {
        const place = [order.dropId, order.userId, order.key].join();
        written.set(place, [...(written.get(place) ?? []), order.id]);
      }
      const found = [...findings];
      for (const [place, ids] of written) {
        if (ids.length > 1) found.push(`O3: ${place} is there as ${ids.join()}`);
      }
      for (const [place, id] of this.#acknowledged) {
        if (!(written.get(place) ?? []).includes(id))
          found.push(`J4: ${place}, ${id} is not there`);
      }
      return found;
    } finally {
      redis.disconnect();
    }
  }
}
