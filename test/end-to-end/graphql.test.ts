// A whole sale by GraphQL: from the product to the order and its notification, beside REST.

import { journeyOnEachProfile } from './profiles.ts';
import { eventually, type Json } from './sale-client.ts';
import { SaleServer } from './sale-server.ts';

const MAKE_PRODUCT = `mutation ($input: CreateProductInput!) { createProduct(input: $input) {
  ... on CreateProductPayload { replayed product { id restId name revision } }
  ... on Refused { code detail }
} }`;
const MAKE_DROP = `mutation ($input: CreateDropInput!) { createDrop(input: $input) {
  ... on CreateDropPayload { drop { id restId status revision unitAmount { decimal } } }
  ... on Refused { code detail }
} }`;
const CHANGE_DROP = `mutation ($input: ChangeDropInput!) { changeDrop(input: $input) {
  ... on ChangeDropPayload { drop { stocked revision } }
  ... on Refused { code status }
} }`;
const BUY = `mutation ($input: PlaceOrderInput!) { placeOrder(input: $input) {
  ... on PlaceOrderPayload { replayed order { id restId status quantity drop { restId } } }
  ... on Refused { code }
  ... on StockRefusal { orderId }
} }`;

journeyOnEachProfile((test, profile) => {
  let server: SaleServer;
  test.before(async () => {
    server = await SaleServer.start(profile);
  });
  test.after.always(() => server?.stop());

  async function run(query: string, as: string | null, variables: Json = {}): Promise<Json> {
    const options = { body: { query, variables }, ...(as !== null && { as }) };
    const { json } = await server.post('/v1/graphql', options);
    if (json['errors'] !== undefined) throw new Error(JSON.stringify(json['errors']));
    return json['data'] as Json;
  }

  test('G1: a stranger makes a product, sells it and buys it by GraphQL', async (t) => {
    const { id: creatorId } = await server.register('Grace');
    const described = { creatorId, name: 'Lamp', idempotencyKey: 'lamp' };
    const made = (await run(MAKE_PRODUCT, creatorId, { input: described }))[
      'createProduct'
    ] as Json;
    const product = made['product'] as Json;
    t.like(product, { name: 'Lamp', revision: 1 });
    const again = (await run(MAKE_PRODUCT, creatorId, { input: described }))['createProduct'];
    t.deepEqual(again, { replayed: true, product });

    const terms = {
      productId: product['id'],
      startsAt: new Date(Date.now() - 60_000).toISOString(),
      endsAt: new Date(Date.now() + 3_600_000).toISOString(),
      stock: 1,
      unitAmount: 1999,
      currency: 'EUR',
      payment: 'INSTANT',
    };
    const created = (await run(MAKE_DROP, creatorId, { input: terms }))['createDrop'] as Json;
    const drop = created['drop'] as Json;
    t.like(drop, { status: 'LIVE', unitAmount: { decimal: '19.99' } });

    const dropId = drop['id'] as string;
    const change = (ifRevision: unknown) =>
      run(CHANGE_DROP, creatorId, { input: { dropId, addStock: 1, ifRevision } });
    t.deepEqual((await change(99))['changeDrop'], { code: 'precondition-failed', status: 412 });
    t.like((await change(drop['revision']))['changeDrop'], { drop: { stocked: 2 } });

    const buy = async (as: string, idempotencyKey: string) =>
      (await run(BUY, as, { input: { dropId, quantity: 1, idempotencyKey } }))[
        'placeOrder'
      ] as Json;
    const buyer = server.fresh('buyer');
    const bought = await buy(buyer, 'one');
    const order = bought['order'] as Json;
    t.like(bought, { replayed: false, order: { status: 'CONFIRMED', quantity: 1 } });
    t.deepEqual(await buy(buyer, 'one'), { replayed: true, order });
    const byRest = await server.order(drop['restId'] as string, buyer, 'one');
    t.is(byRest.json['id'], order['restId']);
    t.deepEqual(await buy(buyer, 'two'), { code: 'limit-per-user', orderId: order['restId'] });
    await buy(server.fresh('buyer'), 'last');
    t.deepEqual(await buy(server.fresh('buyer'), 'late'), { code: 'sold-out', orderId: null });

    const viewed = await eventually(
      () =>
        run(
          `{ viewer {
            orders(first: 1) { nodes { restId payments { items { status } } } }
            notifications(first: 1) { unreadCount nodes { type } }
          } }`,
          buyer,
        ),
      ({ viewer }) => ((viewer as Json)['notifications'] as Json)['unreadCount'] === 1,
    );
    t.deepEqual(viewed['viewer'], {
      orders: { nodes: [{ restId: order['restId'], payments: { items: [] } }] },
      notifications: { unreadCount: 1, nodes: [{ type: 'order.confirmed' }] },
    });
    const sold = await run(
      `query ($id: ID!) { drop(id: $id) {
        soldOut product { name } creator { name followerCount }
        orders { version nodes { userId status } }
      } }`,
      creatorId,
      { id: dropId },
    );
    t.like(sold['drop'], {
      soldOut: true,
      product: { name: 'Lamp' },
      creator: { name: 'Grace', followerCount: 0 },
    });
    const { nodes } = (sold['drop'] as Json)['orders'] as { nodes: Json[] };
    t.deepEqual(nodes.at(-1), { userId: buyer, status: 'CONFIRMED' });
  });

  test('G2: products and users are read together, from the store and from the cache', async (t) => {
    const { id: creatorId } = await server.register('Ada');
    const ids = await Promise.all([0, 1, 2].map(() => server.product(creatorId)));
    const query = `query ($ids: [ID!]!) {
      nodes(ids: $ids) { ... on Product { restId creator { name followerCount } } }
      user(id: "${creatorId}") { followerCount }
    }`;
    const nodeIds = [...ids, 'p_none'].map((id) => Buffer.from(`Product:${id}`).toString('base64'));
    const follower = server.fresh('follower');
    for (const followerCount of [0, 1]) {
      const read = () => run(query, null, { ids: nodeIds });
      const data = await eventually(
        read,
        ({ user }) => (user as Json)['followerCount'] === followerCount,
      );
      const creator = { name: 'Ada', followerCount };
      const nodes = ids.map((restId) => ({ restId, creator }));
      t.deepEqual(data['nodes'], [...nodes, null]);
      const follow = `mutation { followCreator(input: { creatorId: "${creatorId}" }) {
        ... on FollowCreatorPayload { creator { followerCount } }
      } }`;
      t.deepEqual(await run(follow, follower), {
        followCreator: { creator: { followerCount: 1 } },
      });
    }
  });
});
