// The placement's contract on a real redis-server and on a real Redis Cluster of three, and what
// only Redis can show: that it survives a crash, and says so when it is away.

import { setTimeout as delay } from 'node:timers/promises';
import test from 'ava';
import { Cluster } from 'ioredis';
import pino from 'pino';
import {
  connectRedis,
  type RedisAddress,
  type RedisConnection,
} from '../../storage/redis/connection/connection.ts';
import { RedisPlacementStore } from '../../storage/redis/placement/placement-redis.ts';
import { RedisClusterServers, redisInstalled, RedisServer } from '../servers/redis-server.ts';
import { recordedSessions } from '../versions/recorded.ts';
import { failsWith } from './contract/errors.ts';
import { type PlacementFixture, placementContract } from './contract/placement.ts';

const CONNECTIONS = 4;
const log = pino({ level: 'silent' });
const session = {
  nodeId: 'a',
  incarnation: 'a-1',
  weight: 1,
  leaving: false,
  clockIsWrong: false,
  startedAt: 1,
  url: null,
  liveShards: [],
  level: 1,
};

class Connections {
  readonly #connections: RedisConnection[] = [];

  get first(): RedisConnection {
    return this.#connections[0]!;
  }

  async open(address: RedisAddress): Promise<void> {
    for (let i = 0; i < CONNECTIONS; i++) {
      this.#connections.push(await connectRedis({ address, name: 'test', log }));
    }
  }

  close(): void {
    for (const connection of this.#connections.splice(0)) connection.disconnect();
  }

  async fixture(): Promise<PlacementFixture> {
    const redis = this.first;
    const masters = redis instanceof Cluster ? redis.nodes('master') : [redis];
    await Promise.all(masters.map((master) => master.flushall()));
    const [first, ...others] = this.#connections.map(
      (connection) => new RedisPlacementStore({ redis: connection }),
    );
    return {
      stores: [first!, ...others],
      forgetful: new RedisPlacementStore({ redis, lostSessionRetentionMs: 1 }),
      pass: (ms) => passOn(redis, ms),
    };
  }
}

/** Resolves when that much has passed by the clock of Redis itself. */
async function passOn(redis: RedisConnection, ms: number): Promise<void> {
  const now = async () => {
    // Any key of the placement: in a cluster, the clock of the node that has it.
    const lua = "local t = redis.call('TIME') return t[1] * 1000 + math.floor(t[2] / 1000)";
    return Number(await redis.eval(lua, 1, '{placement}:clock'));
  };
  const until = (await now()) + ms;
  for (let left = ms; left > 0; left = until - (await now())) await delay(left);
}

let server: RedisServer;
let cluster: RedisClusterServers;
const single = new Connections();
const clustered = new Connections();

test.before(async () => {
  if (!redisInstalled) return;
  server = await RedisServer.start();
  cluster = await RedisClusterServers.start();
  await single.open(server.address);
  await clustered.open(cluster.address);
});

test.after.always(async () => {
  single.close();
  clustered.close();
  await server?.stop();
  await cluster?.stop();
});

const skip = !redisInstalled;
placementContract({ on: 'one Redis', skip, fixture: () => single.fixture() });
placementContract({ on: 'Redis Cluster', skip, fixture: () => clustered.fixture() });

const onRedis = skip ? test.serial.skip : test.serial;

onRedis('W3: a start of a node clears away lost sessions whose time is over', async (t) => {
  const { forgetful, pass } = await single.fixture();
  await forgetful.renewSession(session, 1);
  await pass(2);
  t.is(await single.first.hlen('{placement}:sessions'), 1);
  await forgetful.renewSession({ ...session, nodeId: 'b' }, 60_000);
  t.deepEqual(await single.first.hkeys('{placement}:sessions'), ['"b"']);
});

onRedis('W1: everything is in one hash tag', async (t) => {
  const { stores } = await single.fixture();
  const [store] = stores;
  await store.renewSession(session, 60_000);
  await store.claimShard(1, 'a', 'a-1', 0);
  await store.change({ pins: [{ shard: 1, nodeId: 'a' }] });
  await store.change({ drained: { nodeId: 'b', drained: true } });
  await store.fixShardCount(256);
  await store.recordMove({
    id: 'move_1',
    shard: 1,
    from: 'a',
    to: 'b',
    startedAt: 1,
    endedAt: 2,
    blackoutMs: null,
    result: 'abandoned',
    reason: 'The target went away.',
  });
  await store.raiseLevel(1);
  const keys = await single.first.keys('*');
  t.is(keys.length, 7);
  t.true(keys.every((key) => key.startsWith('{placement}:')));
});

onRedis('a session that commit 9994b20 wrote is read, and announces level 0', async (t) => {
  const [store] = (await single.fixture()).stores;
  const [[nodeId, row]] = Object.entries(recordedSessions()) as [[string, string]];
  // Without its end, which is long over.
  const lives = row.replace(/^\[\d+/, '[9999999999999');
  await single.first.hset('{placement}:sessions', nodeId, lives);
  const { sessions } = await store.load();
  t.like(sessions[0], { nodeId: 'north', weight: 1, leaving: false, level: 0 });
  t.is(await store.claimShard(1, 'north', sessions[0]!.incarnation, 0), 1);
});

onRedis('from level 1 on, commit 9994b20 finds no number of shards that is its own', async (t) => {
  // Its script as it stands in that commit.
  const lua = `
redis.call('SET', KEYS[1], ARGV[1], 'NX')
return tonumber(redis.call('GET', KEYS[1]))`;
  const asked = () => single.first.eval(lua, 1, '{placement}:shard-count', 256);
  const [store] = (await single.fixture()).stores;
  await store.fixShardCount(256);
  t.is(await asked(), 256);
  await store.raiseLevel(1);
  await store.raiseLevel(2);
  t.is(await asked(), null);
  t.is(await store.fixShardCount(256), 256);
});

onRedis(
  'J4, J7: the placement survives a kill of Redis, and says when Redis is away',
  async (t) => {
    const [store] = (await single.fixture()).stores;
    await store.renewSession(session, 600_000);
    await store.claimShard(1, 'a', 'a-1', 0);
    await store.change({ pins: [{ shard: 2, nodeId: 'b' }] });
    await store.change({ drained: { nodeId: 'c', drained: true } });
    await store.fixShardCount(256);
    await store.raiseLevel(1);
    const before = await store.load();

    await server.halt('SIGKILL');
    const runs = [
      { nodeId: 'a', incarnation: 'a-1' },
      { nodeId: 'b', incarnation: 'b-1' },
    ] as const;
    const move = { id: 'move_1', shard: 1, from: 'a', to: 'b', startedAt: 1, endedAt: 2 };
    for (const work of [
      () => store.load(),
      () => store.renewSession(session, 600_000),
      () => store.endSession('a', 'a-1'),
      () => store.claimShard(1, 'a', 'a-1', 1),
      () => store.moveShard(1, ...runs, 1),
      () => store.change({ pins: [{ shard: 2, nodeId: null }] }),
      () => store.change({ pins: [{ shard: 2, nodeId: 'a' }] }),
      () => store.change({ drained: { nodeId: 'c', drained: false } }),
      () =>
        store.recordMove({ ...move, blackoutMs: 1, result: 'done', reason: 'It was asked for.' }),
      () => store.listMoves(1),
      () => store.fixShardCount(16),
      () => store.raiseLevel(2),
    ]) {
      await failsWith(t, 'store-unavailable', work());
    }

    await server.resume();
    const redis = await connectRedis({ address: server.address, name: 'after', log });
    const after = new RedisPlacementStore({ redis });
    t.deepEqual(await after.load(), before);
    t.is(await after.fixShardCount(16), 256);
    t.is(await after.claimShard(1, 'a', 'a-1', 1), 2);
    redis.disconnect();
  },
);
