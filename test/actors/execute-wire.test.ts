// What crosses the network between a router and an owner, packed and unpacked.

import test from 'ava';
import fc from 'fast-check';
import {
  packCommands,
  packReplies,
  type RepliesOnWire,
  unpackCommands,
  unpackReplies,
} from '../../actors/cluster/execute-wire.ts';
import type { Moved, ShardReply } from '../../actors/shard/shard-reply.ts';
import type { AmendDrop, CommandAnswer, GetOrder, PlaceOrder } from '../../contracts/commands.ts';
import type { Refusal } from '../../contracts/refusals.ts';
import type { OrderView } from '../../contracts/orders.ts';
import { MsgpackrSerializer } from '../../services/moleculer/msgpackr-serializer.ts';

/** Ids come from tokens, so they may hold anything. */
const text = fc.string({ unit: 'binary', maxLength: 20 });
const count = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const plainOrder: fc.Arbitrary<OrderView> = fc.record({
  id: text,
  dropId: text,
  userId: text,
  quantity: count,
  status: fc.constantFrom('reserved', 'confirmed', 'failed', 'cancelled', 'expired', 'refunded'),
  totalAmount: count,
  currency: text,
  createdAt: count,
  holdExpiresAt: fc.option(count),
  paymentReference: fc.option(text),
  refundRequested: fc.boolean(),
  version: count,
});
const metadata = fc.constantFrom('{"a":"x"}', '{"a":"ü"}');
const more = fc.record(
  {
    metadata,
    refundedAmount: count,
    refundedQuantity: count,
    hasDetails: fc.constant(true as const),
  },
  { requiredKeys: [] },
);
const order: fc.Arbitrary<OrderView> = fc.oneof(
  plainOrder,
  fc.tuple(plainOrder, more).map(([plain, rare]) => ({ ...plain, ...rare })),
);

const plainPlaceOrder: fc.Arbitrary<PlaceOrder> = fc.record({
  type: fc.constant('place-order' as const),
  dropId: text,
  userId: text,
  key: text,
  quantity: count,
});
const placeOrder: fc.Arbitrary<PlaceOrder> = fc.oneof(
  plainPlaceOrder,
  fc.tuple(plainPlaceOrder, metadata).map(([plain, texts]) => ({ ...plain, metadata: texts })),
  fc.tuple(plainPlaceOrder, fc.record({ number: count, from: count })).map(([plain, pass]) => {
    return { ...plain, pass };
  }),
);
const getOrder: fc.Arbitrary<GetOrder> = fc.record({
  type: fc.constant('get-order' as const),
  dropId: text,
  orderId: text,
  userId: text,
});
const amendDrop: fc.Arbitrary<AmendDrop> = fc.record({
  type: fc.constant('amend-drop' as const),
  dropId: text,
  caller: fc.record({ userId: text, operator: fc.boolean() }),
  addStock: fc.integer(),
});
const commands = fc.array(fc.oneof(placeOrder, getOrder, amendDrop));

const bitmap = fc.uint8Array().map((bytes) => Buffer.from(bytes));
const answer: fc.Arbitrary<CommandAnswer> = fc.oneof(
  fc.record({ order, replayed: fc.boolean() }),
  order,
  fc.record({ version: count, bitmap }),
);
const refused: fc.Arbitrary<Refusal> = fc.record({
  ok: fc.constant(false as const),
  code: fc.constantFrom('sold-out' as const, 'unavailable' as const),
});
const moved: fc.Arbitrary<Moved> = fc.record({
  ok: fc.constant(false as const),
  code: fc.constant('moved' as const),
  shard: count,
  nodeId: fc.option(text),
  version: count,
  executed: fc.constantFrom('no' as const, 'unknown' as const),
});
const replies: fc.Arbitrary<ShardReply[]> = fc.array(
  fc.oneof(
    answer.map((value): ShardReply => ({ ok: true, value })),
    order.map((value): ShardReply => ({ ok: true, value, replayed: true })),
    refused,
    moved,
  ),
);

const serializer = new MsgpackrSerializer();

function overTheNetwork<T extends object>(value: T): T {
  return (serializer.deserialize(serializer.serialize({ value })) as { value: T }).value;
}

test('commands of every kind arrive as they were sent, in their order', (t) => {
  fc.assert(
    fc.property(commands, (sent) => {
      t.deepEqual(unpackCommands(overTheNetwork(packCommands(sent))), sent);
    }),
  );
});

test('answers of every kind arrive as they were given, beside their commands', (t) => {
  fc.assert(
    fc.property(replies, (given) => {
      t.deepEqual(inOrder(overTheNetwork(packReplies(given))), given);
    }),
  );
});

test('answers to some of the commands arrive beside theirs', (t) => {
  fc.assert(
    fc.property(replies, fc.nat({ max: 900 }), (given, from) => {
      const indexes = given.map((_, i) => from + 2 * i);
      const arrived = inOrder(overTheNetwork(packReplies(given, indexes)));
      t.deepEqual(
        indexes.map((index) => arrived[index]),
        given,
      );
    }),
  );
});

function inOrder(packed: RepliesOnWire): ShardReply[] {
  const unpacked = unpackReplies(packed);
  const ordered: ShardReply[] = [];
  for (const [i, index] of unpacked.indexes.entries()) ordered[index] = unpacked.replies[i]!;
  return ordered;
}
