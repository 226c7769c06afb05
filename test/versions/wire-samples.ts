// One message of every kind that crosses the network between nodes, to be written by one version
// and read by another.

import type { DropCommand } from '../../contracts/commands.ts';
import type { DropView } from '../../contracts/drops.ts';
import type { OrderView } from '../../contracts/orders.ts';
import type { LiveMessage } from '../../actors/live-bus.ts';
import type { ShardReply } from '../../actors/shard/shard-reply.ts';

const NOW = 1_795_000_000_000;

const order: OrderView = {
  id: 'drop_1-0001',
  dropId: 'drop_1',
  userId: 'ann "quoted" ü',
  quantity: 2,
  status: 'confirmed',
  totalAmount: 3_000,
  currency: 'EUR',
  createdAt: NOW,
  holdExpiresAt: null,
  paymentReference: 'pi_1',
  refundRequested: true,
  version: 3,
};

const view: DropView = {
  id: 'drop_1',
  productId: 'prod_1',
  creatorId: 'cleo',
  startsAt: NOW,
  endsAt: NOW + 3_600_000,
  unitAmount: 1_500,
  currency: 'EUR',
  limitPerUser: 5,
  holdSeconds: 600,
  payment: 'provider',
  createdAt: NOW - 1,
  status: 'live',
  soldOut: false,
  stocked: 10,
  held: 2,
  sold: 3,
  free: 5,
  version: 7,
};

export const COMMANDS: readonly DropCommand[] = [
  { type: 'place-order', dropId: 'drop_1', userId: 'ann', key: 'a\nkey', quantity: 2 },
  { type: 'get-drop', dropId: 'drop_1' },
  { type: 'place-order', dropId: 'drop_2', userId: 'bob', key: 'k', quantity: 1 },
];

export const REPLIES: readonly ShardReply[] = [
  { ok: true, value: { order, replayed: false } },
  { ok: false, code: 'moved', shard: 7, nodeId: 'south', version: 9, executed: 'no' },
  { ok: true, value: { order: { ...order, holdExpiresAt: NOW + 1 }, replayed: true } },
  { ok: true, value: view },
];

const notification = {
  id: '0001',
  userId: 'ann',
  type: 'order.confirmed',
  data: { orderId: order.id, quantity: 2 },
  createdAt: NOW,
  readAt: null,
};

export const LIVE_MESSAGES: readonly LiveMessage[] = [
  { type: 'drop', view, milestones: [{ type: 'started', view }] },
  { type: 'milestone', milestone: { type: 'sold_out', view: { ...view, soldOut: true } } },
  { type: 'notification', notification },
  { type: 'follow', creatorId: 'cleo', following: true },
  { type: 'feed' },
];
