// Kept answers to requests on a real Redis (H11): the contract, and a process that dies, or loses
// an answer, between any two commands of a write.

import test, { type ExecutionContext } from 'ava';
import type { Product } from '../../contracts/products.ts';
import type { Answered } from '../../storage/ports/requests.ts';
import { REQUEST_PLACES } from '../../storage/redis/catalogue/catalogue-keys.ts';
import type { RedisConnection } from '../../storage/redis/connection/connection.ts';
import { RedisJobStore } from '../../storage/redis/catalogue/jobs-redis.ts';
import { RedisPlacementStore } from '../../storage/redis/placement/placement-redis.ts';
import { cancelRequested } from '../../events/jobs/job.ts';
import { jobOf } from './contract/jobs.ts';
import { RedisServer, redisInstalled } from '../servers/redis-server.ts';
import { readAll } from './contract/paging.ts';
import { requestsContract } from './contract/requests.ts';
import { connectRedisData, partsOn, type RedisData, storesOf } from './redis-data.ts';
import { diesAfter, losesAnswerOf } from './redis-interrupted.ts';

let server: RedisServer;
let data: RedisData;
let made = 0;

type Write = (
  stores: ReturnType<typeof storesOf>,
  redis: RedisConnection,
) => Promise<Answered<unknown>>;
type Interrupt = (redis: RedisConnection, command: number) => RedisConnection;

const INTERRUPTIONS: Readonly<Record<string, Interrupt>> = {
  'dies after': diesAfter,
  'loses the answer of': losesAnswerOf,
};

/** More than any of the writes sends. */
const COMMANDS_MAX = 30;

function product(creatorId: string): Product {
  made += 1;
  return {
    id: `product_${made}`,
    creatorId,
    name: 'Lamp',
    description: '',
    imageUrls: [],
    createdAt: made,
    revision: 1,
  };
}

/**
 * The write is interrupted at each of its commands in turn, and then repeated. `look` sees the
 * answer of the repeat.
 */
async function everyInterruption(
  t: ExecutionContext,
  interrupt: Interrupt,
  writeOf: (round: number) => Promise<Write>,
  look: (round: number, answered: Answered<unknown>) => Promise<void>,
): Promise<void> {
  let interrupted = 0;
  for (let command = 0; ; command++) {
    const write = await writeOf(command);
    const redis = interrupt(data.redis, command);
    const done = await write(storesOf(partsOn(data.parts, redis)), redis).then(
      () => true,
      () => false,
    );
    if (!done) interrupted += 1;
    const repeated = await write(storesOf(partsOn(data.parts, data.redis)), data.redis);
    await look(command, repeated);
    if (done && command > 0) {
      t.is(repeated.result, 'repeated');
      t.true(interrupted > 0, 'some try was interrupted');
      return;
    }
    if (command > COMMANDS_MAX) throw new Error('the write never ends');
  }
}

if (redisInstalled) {
  test.before(async () => {
    server = await RedisServer.start();
    data = await connectRedisData(server.address);
  });
  test.after.always(async () => {
    await data?.close();
    await server?.stop();
  });

  requestsContract({
    stores: () => data.stores,
    async openBounded(t, requestBounds) {
      const own = await RedisServer.start();
      t.teardown(() => own.stop());
      const bounded = await connectRedisData(own.address, { requestBounds });
      t.teardown(() => bounded.close());
      return bounded.stores;
    },
    parts: REQUEST_PLACES,
  });

  for (const [name, interrupt] of Object.entries(INTERRUPTIONS)) {
    const requestOf = (id: string, callerId: string) => ({
      id: `${name} ${id}`.replaceAll(' ', '_'),
      fingerprint: 'f',
      callerId,
    });

    test(`H11: who ${name} any command of a new product adds one, in its lists`, async (t) => {
      const creatorOf = (round: number) => requestOf(`creator_${round}`, '').id;
      await everyInterruption(
        t,
        interrupt,
        async (round) => {
          const creatorId = creatorOf(round);
          const request = requestOf(`add_${round}`, creatorId);
          return ({ catalogue }) => catalogue.addProductOnce(request, () => product(creatorId));
        },
        async (round, answered) => {
          const filter = { creatorId: creatorOf(round) };
          const listed = await readAll(t, (page) => data.catalogue.listProducts(filter, page), 10);
          t.deepEqual(listed, ['value' in answered ? answered.value : null]);
        },
      );
    });

    test(`H11: who ${name} any command of a changed product changes it once`, async (t) => {
      const products = new Map<number, Product>();
      await everyInterruption(
        t,
        interrupt,
        async (round) => {
          const before = product('somebody');
          products.set(round, before);
          await data.catalogue.addProduct(before);
          const request = requestOf(`change_${round}`, 'somebody');
          return ({ catalogue }) =>
            catalogue.changeProductOnce(request, before.id, { name: 'Changed' });
        },
        async (round, answered) => {
          const changed = { ...products.get(round)!, name: 'Changed', revision: 2 };
          t.deepEqual('value' in answered ? answered.value : null, changed);
          t.deepEqual(await data.catalogue.findProduct(changed.id), changed);
        },
      );
    });

    test(`H11: who ${name} any command of a pin pins once`, async (t) => {
      const placement = new RedisPlacementStore({ redis: data.redis });
      await everyInterruption(
        t,
        interrupt,
        async (round) => {
          const request = requestOf(`pin_${round}`, 'olga');
          const change = { pins: [{ shard: round, nodeId: 'a' }] };
          return (_, redis) =>
            new RedisPlacementStore({ redis }).changeOnce(request, change, 'pinned');
        },
        async (round, answered) => {
          t.is('value' in answered && answered.value, 'pinned');
          t.is((await placement.load()).pins.get(round), 'a');
          await placement.change({ pins: [{ shard: round, nodeId: 'b' }] });
          const request = requestOf(`pin_${round}`, 'olga');
          const again = await placement.changeOnce(request, {}, 'again');
          t.deepEqual(again, { result: 'repeated', value: 'pinned' });
          t.is((await placement.load()).pins.get(round), 'b');
        },
      );
    });

    test(`H11: who ${name} any command of a cancelled job cancels it once`, async (t) => {
      const jobs = new RedisJobStore({ redis: data.redis });
      const idOf = (round: number) => requestOf(`job_${round}`, '').id;
      await everyInterruption(
        t,
        interrupt,
        async (round) => {
          const job = jobOf(idOf(round));
          await jobs.add(job, { ofKindMax: 100, ofCallerMax: 100 });
          const request = requestOf(`cancel_${round}`, 'ann');
          const cancelled = cancelRequested(job, 2_000)!;
          return (_, redis) => new RedisJobStore({ redis }).replaceOnce(request, cancelled, 'over');
        },
        async (round, answered) => {
          t.is('value' in answered && answered.value, 'over');
          t.like(await jobs.find(idOf(round)), { state: 'cancelled', revision: 1 });
        },
      );
    });

    test(`H11: who ${name} any command of a follow follows once`, async (t) => {
      const userOf = (round: number) => requestOf(`fan_${round}`, '').id;
      const star = requestOf('star', '').id;
      await everyInterruption(
        t,
        interrupt,
        async (round) => {
          const request = requestOf(`follow_${round}`, userOf(round));
          return ({ follows }) => follows.followOnce(request, userOf(round), star, round);
        },
        async (round) => {
          t.true(await data.follows.isFollowing(userOf(round), star));
          const { followers } = await data.follows.counts(star);
          t.is(followers, round + 1, 'the creator’s list has caught up, too');
        },
      );
    });
  }
} else {
  test.skip('kept answers to requests need redis-server', () => {});
}
