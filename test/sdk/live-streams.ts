// What tests of the client's live stream share: streams that record, orders that notify.

import type { ExecutionContext } from 'ava';
import { LiveDrops } from '../../sdk/client.ts';
import { LiveStream, type LiveStreamOptions } from '../../sdk/live.ts';
import { eventually } from '../end-to-end/sale-client.ts';
import type { SaleServer } from '../end-to-end/sale-server.ts';

export const QUICK = { firstWaitMs: 2, maxWaitMs: 20 };
const WAIT_MAX_MS = 40_000;

export async function until(
  t: ExecutionContext,
  what: string,
  check: () => boolean,
): Promise<void> {
  t.true(await eventually(async () => check(), Boolean, WAIT_MAX_MS), what);
}

export interface Setup extends Partial<LiveStreamOptions> {
  readonly userId?: string;
  readonly url?: string;
}

/** Resolves when the stream is open. */
export async function listen(t: ExecutionContext, server: SaleServer, setup: Setup = {}) {
  const { userId = server.fresh('buyer'), url = server.urls[0]!, ...options } = setup;
  const client = new LiveDrops({ url, token: server.token(userId), retryFirstMs: 1 });
  const notifications: string[] = [];
  let isReady = false;
  const stream = new LiveStream({
    client,
    timing: QUICK,
    ...options,
    onNotification: ({ id, data }) => notifications.push(`${id} ${String(data['orderId'])}`),
    onReady: () => (isReady = true),
  });
  t.teardown(() => stream.close());
  await until(t, 'ready', () => isReady);
  return { userId, client, stream, notifications };
}

export function order(server: SaleServer, userId: string, dropId: string): Promise<string> {
  const client = new LiveDrops({ url: server.urls[0]!, token: server.token(userId) });
  const intent = server.fresh('press');
  return client.placeOrder(dropId, { quantity: 1 }, { intent }).then(({ id }) => id);
}

export function bigDrop(server: SaleServer): Promise<string> {
  return server.drop(server.fresh('seller'), { stock: 10_000, limitPerUser: 1_000 });
}

/** What the feed has of these orders, the oldest first. */
export async function feedOf(server: SaleServer, userId: string, count: number): Promise<string[]> {
  const read = () => server.listAll('/v1/notifications', userId);
  const items = await eventually(read, ({ length }) => length >= count);
  const text = (item: (typeof items)[number]) =>
    `${String(item['id'])} ${(item['data'] as { orderId: string }).orderId}`;
  return items.map(text).toReversed();
}
