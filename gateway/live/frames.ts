// The text of every frame the server sends, each made once for all who get it. `docs/LIVE.md` is
// the same for readers.

import type { DropView } from '../../contracts/drops.ts';
import type { RefusalCode } from '../../contracts/refusals.ts';
import type { Notification } from '../../storage/ports/feed.ts';
import type { ClientMessage } from './client-message.ts';
import type { DropFrameType } from './conflator.ts';

export const PONG_FRAME = '{"type":"pong"}';

/** The last instant that a Date can show. */
const DATE_MAX_MS = 8.64e15;

export function dropFrame(type: DropFrameType, topic: string, view: DropView): string {
  return JSON.stringify({
    type,
    topic,
    dropId: view.id,
    version: view.version,
    data: {
      status: view.status,
      soldOut: view.soldOut,
      stocked: view.stocked,
      held: view.held,
      sold: view.sold,
      free: view.free,
      startsAt: timeText(view.startsAt),
      endsAt: timeText(view.endsAt),
      productId: view.productId,
      creatorId: view.creatorId,
      priceCents: view.priceCents,
      currency: view.currency,
    },
  });
}

export function notificationFrame(notification: Notification): string {
  return JSON.stringify({
    type: 'notification',
    id: notification.id,
    data: {
      ...notification.data,
      type: notification.type,
      createdAt: timeText(notification.createdAt),
    },
  });
}

/** The connection's own subscriptions stand. `expiresAt`: seconds since the Unix epoch. */
export function readyFrame(userId: string, expiresAt: number): string {
  return JSON.stringify({ type: 'ready', userId, expiresAt: timeText(expiresAt * 1000) });
}

export function authenticatedFrame(expiresAt: number): string {
  return JSON.stringify({ type: 'authenticated', expiresAt: timeText(expiresAt * 1000) });
}

export function subscribedFrame(topic: string): string {
  return JSON.stringify({ type: 'subscribed', topic });
}

export function unsubscribedFrame(topic: string): string {
  return JSON.stringify({ type: 'unsubscribed', topic });
}

export function resumedFrame(lastId: string, count: number): string {
  return JSON.stringify({ type: 'resumed', lastId, count });
}

export interface ErrorFrame {
  readonly code: RefusalCode;
  readonly detail: string;
  /** The type of the client's message that is answered, where it was understood. */
  readonly request?: ClientMessage['type'];
  readonly topic?: string;
}

export function errorFrame(error: ErrorFrame): string {
  return JSON.stringify({ type: 'error', ...error });
}

function timeText(timeMs: number): string {
  return new Date(Math.min(timeMs, DATE_MAX_MS)).toISOString();
}
