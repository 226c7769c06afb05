// A cluster whose nodes run different versions, on a redis-server and a nats-server of its own. It
// keeps every order that a buyer was told of, so that in the end the journal can be held against
// it.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import pino from 'pino';
import { SHARD_COUNT, shardOf } from '../../domain/ids.ts';
import { connectRedis } from '../../storage/redis/connection/connection.ts';
import { RedisJournal } from '../../storage/redis/journal/journal-redis.ts';
import { readTruth } from '../chaos/truth.ts';
import { eventually, type SaleClient } from '../end-to-end/sale-client.ts';
import { NatsServer } from '../servers/nats-server.ts';
import { RedisServer } from '../servers/redis-server.ts';
import { VersionedNode, type VersionedNodeOptions } from './versioned-node.ts';

const WHOLE_MAX_MS = 60_000;
const DROPS_TRIED_MAX = 100;

export interface NodeRow {
  readonly nodeId: string;
  readonly state: string;
  /** Left out by a service of level 0. */
  readonly level?: number;
}
interface ShardRow {
  readonly shard: number;
  readonly owner: string | null;
  readonly wanted: string | null;
}
interface MoveRow {
  readonly shard: number;
  readonly from: string;
  readonly to: string;
  readonly result: string;
}

interface Told {
  readonly dropId: string;
  readonly user: string;
  readonly key: string;
  readonly orderId: string;
}

interface Member {
  readonly node: VersionedNode;
  readonly client: SaleClient;
}

export class MixedCluster {
  readonly redis: RedisServer;
  readonly #nats: NatsServer;
  readonly #directory = mkdtempSync(join(tmpdir(), 'livedrops-mixed-'));
  readonly #members = new Map<string, Member>();
  readonly #told: Told[] = [];

  private constructor(redis: RedisServer, nats: NatsServer) {
    this.redis = redis;
    this.#nats = nats;
  }

  static async start(): Promise<MixedCluster> {
    return new MixedCluster(await RedisServer.start(), await NatsServer.start());
  }

  /** Starts a node, or the same node with another tree. Rejects where it does not start. */
  async startNode(
    nodeId: string,
    version: Pick<VersionedNodeOptions, 'tree' | 'hasStoredNames'> = {},
  ): Promise<SaleClient> {
    const node = new VersionedNode({
      ...version,
      environment: {
        LIVEDROPS_DATA: join(this.#directory, nodeId),
        LIVEDROPS_NODE_ID: nodeId,
        LIVEDROPS_STORE: this.redis.url,
        LIVEDROPS_NATS: this.#nats.url,
      },
    });
    const client = await node.start();
    this.#members.set(nodeId, { node, client });
    return client;
  }

  /** In good order: it hands its shards over. Resolves to its exit code. */
  async stopNode(nodeId: string): Promise<number | null> {
    const { node } = this.#members.get(nodeId)!;
    this.#members.delete(nodeId);
    return await node.stop();
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#members.values()].map(({ node }) => node.stop('SIGKILL')));
    await Promise.all([this.redis.stop(), this.#nats.stop()]);
    rmSync(this.#directory, { recursive: true, force: true });
  }

  get nodeIds(): string[] {
    return [...this.#members.keys()];
  }

  client(nodeId: string): SaleClient {
    return this.#members.get(nodeId)!.client;
  }

  /** What the nodes wrote to their logs. */
  get output(): string {
    return [...this.#members].map(([nodeId, { node }]) => `${nodeId}:\n${node.output}`).join('\n');
  }

  /** Resolves when every node is ready and every shard is where it should be. */
  async whole(): Promise<void> {
    const missing = await eventually(
      () => this.#missing(),
      (found) => found === null,
      WHOLE_MAX_MS,
    );
    if (missing !== null) throw new Error(`the cluster is not whole: ${missing}\n${this.output}`);
  }

  async #missing(): Promise<string | null> {
    for (const [nodeId, { client }] of this.#members) {
      const { status, text } = await client.get('/readyz');
      if (status !== 200) return `${nodeId} says ${text}`;
    }
    const rows = await this.shards();
    const owners = new Set(rows.map(({ owner }) => owner));
    const elsewhere = rows.filter(({ owner, wanted }) => owner !== wanted);
    if (elsewhere.length > 0) return `${elsewhere.length} shards are not where they should be`;
    return owners.size === this.#members.size ? null : `only ${[...owners].join()} have shards`;
  }

  shards(): Promise<ShardRow[]> {
    return this.#listed('shards');
  }
  moves(): Promise<MoveRow[]> {
    return this.#listed('moves?limit=100');
  }
  nodes(via: string): Promise<NodeRow[]> {
    return this.#listed('nodes', via);
  }

  async #listed<Row>(list: string, via = this.nodeIds[0]!): Promise<Row[]> {
    const client = this.client(via);
    const token = client.token('olga', 600, ['operator']);
    const { status, text } = await client.get(`/v1/operator/${list}`, { token });
    if (status !== 200) throw new Error(`${list} was answered ${status}: ${text}`);
    return (JSON.parse(text) as { items: Row[] }).items;
  }

  /** Moves a drop's shard to a node and waits until it is there. */
  async move(dropId: string, to: string): Promise<void> {
    const client = this.client(this.nodeIds[0]!);
    const token = client.token('olga', 600, ['operator']);
    const shard = shardOf(dropId, SHARD_COUNT);
    const pinned = await client.post(`/v1/operator/shards/${shard}/pin`, { token, body: { to } });
    if (pinned.status !== 200) throw new Error(`the pin was answered ${pinned.text}`);
    const rows = await eventually(
      () => this.shards(),
      (seen) => seen[shard]!.owner === to,
      WHOLE_MAX_MS,
    );
    if (rows[shard]!.owner !== to) throw new Error(`shard ${shard} never came to ${to}`);
  }

  /** A live drop that the node serves, made through `via`. */
  async dropOn(owner: string, via: string, terms: Readonly<Record<string, unknown>> = {}) {
    const rows = await this.shards();
    for (let tries = 0; tries < DROPS_TRIED_MAX; tries++) {
      const dropId = await this.client(via).drop('cleo', {
        stock: 100_000,
        limitPerUser: 1_000,
        ...terms,
      });
      if (rows[shardOf(dropId, SHARD_COUNT)]!.owner === owner) return dropId;
    }
    throw new Error(`${owner} got none of ${DROPS_TRIED_MAX} drops`);
  }

  /** Places an order through one gateway, again with its key until it is made. */
  async order(via: string, dropId: string, user: string, key: string): Promise<string> {
    const { status, text, json } = await eventually(
      () => this.client(via).order(dropId, user, key),
      (answer) => answer.status === 201,
    );
    if (status !== 201) throw new Error(`${key} was never made: ${status} ${text}`);
    const orderId = String(json['id']);
    this.#told.push({ dropId, user, key, orderId });
    return orderId;
  }

  /** The level that the store has reached; null: it was never raised. */
  async storeLevel(): Promise<string | null> {
    const redis = new Redis(this.redis.url);
    try {
      return await redis.get('{placement}:level');
    } finally {
      redis.disconnect();
    }
  }

  /** What is wrong between the journal, the live state, and what buyers were told. */
  async findings(via: string): Promise<string[]> {
    // Selling may go on meanwhile.
    const told = [...this.#told];
    const client = this.client(via);
    const token = client.token('olga', 600, ['operator']);
    const { status, text, json } = await client.post('/v1/operator/verify', { token });
    const found = status === 200 ? [] : [`verify was answered ${status}: ${text}`];
    found.push(...((json['findings'] as string[] | undefined) ?? []));
    const log = pino({ level: 'silent' });
    const redis = await connectRedis({ address: this.redis.address, name: 'truth', log });
    try {
      const truth = await readTruth(new RedisJournal({ redis }));
      found.push(...truth.findings);
      const written = new Map<string, string[]>();
      for (const order of [...truth.drops.values()].flatMap(({ orders }) => orders)) {
        const place = JSON.stringify([order.dropId, order.userId, order.key]);
        written.set(place, [...(written.get(place) ?? []), order.id]);
      }
      for (const { dropId, user, key, orderId } of told) {
        const ids = written.get(JSON.stringify([dropId, user, key])) ?? [];
        if (ids.length !== 1 || ids[0] !== orderId)
          found.push(`${user} was told of ${orderId} for ${key}: the journal has ${ids.join()}`);
      }
    } finally {
      redis.disconnect();
    }
    return found;
  }
}
