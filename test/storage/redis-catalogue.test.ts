// The catalogue on a real Redis: the contract, what a process leaves that stops between an entity
// and its lists, what a page costs far down a long list, and a Redis that goes away.

import { pino } from 'pino';
import test, { type ExecutionContext } from 'ava';
import { fnv1a } from '../../domain/ids.ts';
import type { DropStatus, DropView } from '../../contracts/drops.ts';
import type { Product } from '../../contracts/products.ts';
import { encodeCursor } from '../../storage/formats/cursor.ts';
import { RedisCatalogue } from '../../storage/redis/catalogue/catalogue-redis.ts';
import { productLists } from '../../storage/redis/catalogue/catalogue-redis-index.ts';
import { OmConnection } from '../../storage/redis/catalogue/om-connection.ts';
import { RedisServer, redisInstalled } from '../servers/redis-server.ts';
import { catalogueContract } from './contract/catalogue.ts';
import { orderDetailsContract } from './contract/order-details.ts';
import { draftsContract } from './contract/drafts.ts';
import { organisationsContract } from './contract/organisations.ts';
import { failsWith } from './contract/errors.ts';
import { readAll } from './contract/paging.ts';
import { commandsOf } from './redis-commands.ts';
import { connectRedisData, partsOn, type RedisData } from './redis-data.ts';
import { diesAfter, pausesAfter } from './redis-interrupted.ts';

const PRODUCTS = 120_000;
const DEPTH = 100_000;
/** More than a page reads in eight rounds of one entry, and than one further round. */
const WRONG_ENTRIES = 130;
/**
 * Commands of one put drop beside redis-om's: its summary, take the entity over, and a place in
 * three lists.
 */
const COMMANDS_MAX = 5;
/** Of these, with the row. */
const ROW_COMMANDS = 2;
const STATUSES: readonly DropStatus[] = ['upcoming', 'live', 'ended', 'cancelled'];

let server: RedisServer;
let data: RedisData;

const product = (id: string, changes: Partial<Product> = {}): Product => ({
  id,
  creatorId: 'creator_1',
  name: `Name of ${id}`,
  description: '',
  imageUrls: [],
  createdAt: 1000,
  revision: 1,
  ...changes,
});

const drop = (id: string, changes: Partial<DropView> = {}): DropView => ({
  id,
  productId: 'product_1',
  creatorId: 'creator_1',
  startsAt: 2000,
  endsAt: 3000,
  unitAmount: 1200,
  currency: 'EUR',
  limitPerUser: 2,
  holdSeconds: 60,
  payment: 'provider',
  status: 'upcoming',
  soldOut: false,
  stocked: 100,
  held: 0,
  sold: 0,
  free: 100,
  version: 1,
  revision: 1,
  createdAt: 1000,
  ...changes,
});

/** A put whose process dies after so many commands. */
async function dies(t: ExecutionContext, commands: number, view: DropView): Promise<void> {
  const dying = new RedisCatalogue(partsOn(data.parts, diesAfter(data.redis, commands)));
  await failsWith(t, 'store-unavailable', dying.putDrops([view]));
}

async function listed(t: ExecutionContext, creatorId: string, status?: DropStatus) {
  const filter = status === undefined ? { creatorId } : { creatorId, status };
  const drops = await readAll(t, (page) => data.catalogue.listDrops(filter, page), 100);
  return drops.map(({ id }) => id);
}

if (redisInstalled) {
  test.before(async () => {
    server = await RedisServer.start();
    data = await connectRedisData(server.address);
    // So that no script below needs a second command because Redis does not know it yet.
    await data.catalogue.putDrops([drop('drop_first', { creatorId: 'creator_first' })]);
  });
  test.after.always(async () => {
    await data?.close();
    await server?.stop();
  });

  catalogueContract(() => data.stores);
  draftsContract(() => data.stores);
  organisationsContract(() => data.stores);
  orderDetailsContract(() => data.stores.orderDetails);

  test('D1: every text of a product is read as it was written', async (t) => {
    const odd = product('product_odd', {
      name: '|',
      description: 'a|b\n"c" – 𝄞',
      imageUrls: ['https://example.com/a|b?c=["d"]', 'https://example.com/,|\n'],
    });
    await data.catalogue.addProduct(odd);
    t.deepEqual(await data.catalogue.findProduct('product_odd'), odd);
  });

  test('H1a: a row of a drop has its price under the name that 9994b20 reads', async (t) => {
    const view = drop('drop_named', { creatorId: 'creator_named' });
    await data.catalogue.putDrops([view]);
    t.deepEqual(await data.catalogue.findDrop('drop_named'), view);
    const hash = await data.redis.hgetall('entity:{drop:drop_named}');
    t.is(hash['priceCents'], '1200');
    t.false('unitAmount' in hash);
  });

  test('D1: changes of one product at the same time all count', async (t) => {
    await data.catalogue.addProduct(product('product_busy'));
    const changes = Array.from({ length: 8 }, (_, i) => ({ name: `Name ${i}` }));
    const changed = await Promise.all(
      changes.map((change) => data.catalogue.changeProduct('product_busy', change)),
    );
    const products = changed.filter((after) => typeof after !== 'string');
    const revisions = new Set(products.map(({ revision }) => revision));
    t.deepEqual(revisions, new Set([2, 3, 4, 5, 6, 7, 8, 9]));
    const last = products.find(({ revision }) => revision === 9)!;
    t.deepEqual(await data.catalogue.findProduct('product_busy'), last);
  });

  test('N11: a new drop that was half put is put whole by the next time', async (t) => {
    for (let commands = 0; commands < COMMANDS_MAX; commands++) {
      const creatorId = `creator_new${commands}`;
      const view = drop(`drop_new${commands}`, { creatorId });
      await dies(t, commands, view);
      t.deepEqual(await data.catalogue.findDrop(view.id), commands < ROW_COMMANDS ? null : view);
      await data.catalogue.putDrops([view]);
      t.deepEqual(await listed(t, creatorId), [view.id]);
      t.deepEqual(await listed(t, creatorId, 'upcoming'), [view.id]);
      const page = { limit: 100, cursor: null };
      const { items } = await data.catalogue.listDrops({ productId: 'product_1' }, page);
      t.deepEqual(
        items.filter(({ id }) => id === view.id),
        [view],
      );
    }
  });

  test('D4: a status that was half put is never listed wrong, and is put right', async (t) => {
    for (let commands = 0; commands < COMMANDS_MAX; commands++) {
      const creatorId = `creator_half${commands}`;
      const view = drop(`drop_half${commands}`, { creatorId });
      await data.catalogue.putDrops([view]);
      await dies(t, commands, { ...view, status: 'live', version: 2 });
      const isOld = commands < ROW_COMMANDS;
      t.deepEqual(await listed(t, creatorId, 'upcoming'), isOld ? [view.id] : []);
      t.deepEqual(await listed(t, creatorId, 'live'), isOld ? [] : [view.id]);
      t.deepEqual(await listed(t, creatorId), [view.id]);
    }
  });

  test('N11: a place that comes late, for an older version, changes nothing', async (t) => {
    const creatorId = 'creator_late';
    const view = drop('drop_late', { creatorId });
    const slow = pausesAfter(data.redis, ROW_COMMANDS);
    const late = new RedisCatalogue(partsOn(data.parts, slow.connection)).putDrops([view]);
    await slow.paused;
    await data.catalogue.putDrops([{ ...view, status: 'ended', version: 2 }]);
    slow.resume();
    await late;
    t.deepEqual(await listed(t, creatorId, 'ended'), [view.id]);
    t.deepEqual(await listed(t, creatorId, 'upcoming'), []);
    // What was staged would end by itself; what took the place must not.
    t.is(await data.redis.pttl('entity:{drop:drop_late}'), -1);
  });

  test('D4a: a page reads on past entries that do not belong, until it has one that does', async (t) => {
    const creatorId = 'creator_wrong';
    const views = Array.from({ length: WRONG_ENTRIES + 2 }, (_, i) =>
      drop(`drop_wrong${String(i).padStart(4, '0')}`, { creatorId, createdAt: i }),
    );
    await data.catalogue.putDrops(views);
    for (const view of views.slice(2)) {
      await dies(t, ROW_COMMANDS, { ...view, status: 'live', version: 2 });
    }
    const list = (cursor: string | null) =>
      data.catalogue.listDrops({ creatorId, status: 'upcoming' }, { limit: 1, cursor });
    const first = await list(null);
    t.deepEqual(first.items, [views[1]!]);
    t.deepEqual(await list(first.nextCursor), { items: [views[0]!], nextCursor: null });
    t.deepEqual(await list(null), first);
  });

  test('D4a: a list of which no entry belongs is one empty page', async (t) => {
    const creatorId = 'creator_none';
    const views = Array.from({ length: 30 }, (_, i) => drop(`drop_none${i}`, { creatorId }));
    await data.catalogue.putDrops(views);
    for (const view of views) await dies(t, ROW_COMMANDS, { ...view, status: 'live', version: 2 });
    const page = { limit: 1, cursor: null };
    t.deepEqual(await data.catalogue.listDrops({ creatorId, status: 'upcoming' }, page), {
      items: [],
      nextCursor: null,
    });
    t.deepEqual(await data.catalogue.listDrops({ creatorId: 'creator_nobody' }, page), {
      items: [],
      nextCursor: null,
    });
  });

  test('N11: views put at the same time and out of order end at the newest', async (t) => {
    const creatorId = 'creator_race';
    const ids = Array.from({ length: 6 }, (_, i) => `drop_race${i}`);
    const puts = ids.flatMap((id, i) =>
      Array.from({ length: 12 }, (_, n) => {
        const version = ((n * 5 + i) % 12) + 1;
        const status = STATUSES[(version + i) % 4]!;
        return drop(id, { creatorId, version, status, sold: version, free: 100 - version });
      }),
    );
    await Promise.all(puts.map((view) => data.catalogue.putDrops([view])));
    const all = await readAll(t, (page) => data.catalogue.listDrops({ creatorId }, page), 4);
    t.deepEqual(
      all.map(({ id, version }) => [id, version]),
      ids.toReversed().map((id) => [id, 12]),
    );
    for (const status of STATUSES) {
      const expected = all.filter((view) => view.status === status).map(({ id }) => id);
      t.deepEqual(await listed(t, creatorId, status), expected);
    }
    t.deepEqual(await data.redis.keys('*race*:next:*'), []);
  });

  test.serial('H3: a page at depth 100,000 costs as many commands as the first', async (t) => {
    const ids = await fill();
    t.teardown(() => data.redis.del(...productLists({})));
    const read = (depth: number) => {
      const position = ids[depth - 1];
      const cursor = position === undefined ? null : encodeCursor('products', position);
      return commandsOf(server, () => data.catalogue.listProducts({}, { limit: 20, cursor }));
    };
    await read(0);
    const first = await read(0);
    const deep = await read(DEPTH);
    const lists = productLists({}).length;
    for (const [from, page] of [
      [0, first],
      [DEPTH, deep],
    ] as const) {
      t.deepEqual(
        page.answer.items.map(({ id }) => id),
        ids.slice(from, from + 20).map(({ id }) => id),
      );
      t.is(page.calls('hgetall'), 20);
      t.is(page.calls('zrevrangebyscore'), lists);
    }
    t.is(first.calls('evalsha'), 0);
    // Scripts seek where more products of one time come first than are read at once.
    t.true(deep.calls('evalsha') <= lists);
    t.true(deep.calls('zrange') <= lists * 10);
  });

  test.serial('J7: entities fail while Redis is away, and are back with it', async (t) => {
    const away = await RedisServer.start();
    t.teardown(() => away.stop());
    const log = pino({ level: 'silent' });
    const om = await OmConnection.connect({
      address: away.address,
      name: 'test',
      log,
      commandTimeoutMs: 300,
    });
    t.teardown(() => om.close());
    const catalogue = new RedisCatalogue({ ...data.parts, om });
    t.is(await catalogue.findDrop('drop_none'), null);

    away.signal('SIGSTOP');
    await failsWith(t, 'store-unavailable', catalogue.findDrop('drop_none'));
    away.signal('SIGCONT');
    t.is(await catalogue.findDrop('drop_none'), null);

    await away.halt('SIGKILL');
    await away.resume();
    // The very first use finds it, because a lost client is replaced before anything is sent.
    t.is(await catalogue.findDrop('drop_none'), null);

    await away.halt('SIGKILL');
    await failsWith(t, 'store-unavailable', catalogue.findDrop('drop_none'));
    await failsWith(t, 'store-unavailable', catalogue.putDrops([drop('drop_away')]));
    await away.resume();
    t.is(await catalogue.findDrop('drop_none'), null);

    await om.close();
    await om.close();
    await failsWith(t, 'store-unavailable', catalogue.findDrop('drop_none'));
    await away.halt();
    const connecting = OmConnection.connect({ address: away.address, name: 'test', log });
    await failsWith(t, 'store-unavailable', connecting);
  });
} else {
  test.skip('the catalogue on Redis needs redis-server', () => {});
}

/** Products as the store would have put them, 500 at each time; newest first. */
async function fill(): Promise<{ id: string; time: number }[]> {
  const keys = productLists({});
  const members = keys.map((): (string | number)[] => []);
  const positions: { id: string; time: number }[] = [];
  for (let i = 0; i < PRODUCTS; i++) {
    const position = { id: `product_deep${String(i).padStart(6, '0')}`, time: (1e6 + i / 500) | 0 };
    positions.push(position);
    members[fnv1a(position.id) % keys.length]!.push(position.time, position.id);
  }
  positions.reverse();
  const { redis, catalogue } = data;
  await Promise.all(keys.map((key, i) => redis.zadd(key, ...members[i]!)));
  const shown = [...positions.slice(0, 20), ...positions.slice(DEPTH, DEPTH + 20)];
  await Promise.all(
    shown.map(({ id, time }) => catalogue.addProduct(product(id, { createdAt: time }))),
  );
  return positions;
}
