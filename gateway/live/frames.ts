// The text of every frame that the server sends. Each text is made once for all its receivers.
// `contracts/live.ts` defines the shapes. `at` is wall time in milliseconds: the moment the frame
// is made.

import type { FailedPayment, ReadyPayment, SettledMedia } from '../../actors/live-bus.ts';
import type { DropView } from '../../contracts/drops.ts';
import {
  DropFrameData,
  type DropFrameType,
  type ErrorFrame,
  type ServerFrame,
} from '../../contracts/live.ts';
import type { Notification } from '../../contracts/notifications.ts';
import { presenter } from '../../contracts/wire.ts';
import type { LiveDrop } from './drops-by-start.ts';

/** The last moment that RFC 3339 can write: years have four digits. */
const TIME_MAX_MS = Date.parse('9999-12-31T23:59:59.999Z');

const dropData = presenter(DropFrameData);

export function dropFrame(type: DropFrameType, topic: string, view: DropView, at: number): string {
  return text({ type, at, topic, dropId: view.id, version: view.version, data: dropData(view) });
}

/**
 * A snapshot of `dropFrame('drop.snapshot', …)`, as it is sent at `serverTime`: the text that all
 * receivers share is encoded once, and gets the time at its end.
 */
export function sentSnapshot(frame: string, serverTime: number): string {
  return `${frame.slice(0, -1)},"serverTime":${serverTime}}`;
}

export function notificationFrame({ id, type, data, createdAt }: Notification, at: number): string {
  return text({
    type: 'notification',
    at,
    id,
    data: { ...data, type, createdAt: timeText(createdAt) },
  });
}

export function paymentFailedFrame(payment: FailedPayment, at: number): string {
  const { orderId, dropId, reference } = payment;
  return text({ type: 'order.payment_failed', at, orderId, dropId, data: { reference } });
}

export function paymentReadyFrame(payment: ReadyPayment, at: number): string {
  const { orderId, dropId, reference } = payment;
  const data = { reference, holdExpiresAt: timeText(payment.holdExpiresAt) };
  return text({ type: 'order.payment_ready', at, orderId, dropId, data });
}

export function mediaFrame(media: SettledMedia, at: number): string {
  const { mediaId, status } = media;
  if (status === 'ready') return text({ type: 'media.ready', at, mediaId, data: { status } });
  return text({ type: 'media.refused', at, mediaId, data: { status, reason: media.reason } });
}

/**
 * The user's topic and all followed creators are subscribed. `expiresAt`: seconds since the Unix
 * epoch. `liveDrops`: null where they are not known.
 */
export function readyFrame(
  userId: string,
  expiresAt: number,
  liveDrops: readonly LiveDrop[] | null,
  at: number,
): string {
  return text({
    type: 'ready',
    at,
    userId,
    expiresAt: timeText(expiresAt * 1000),
    ...(liveDrops !== null && { liveDrops: liveDrops.map(readyDrop) }),
    serverTime: at,
  });
}

function readyDrop({ dropId, creatorId, productId, startsAt }: LiveDrop) {
  return { dropId, creatorId, productId, startsAt: timeText(startsAt) };
}

export function authenticatedFrame(expiresAt: number, at: number): string {
  return text({ type: 'authenticated', at, expiresAt: timeText(expiresAt * 1000) });
}

export function subscribedFrame(topic: string, at: number): string {
  return text({ type: 'subscribed', at, topic });
}

export function unsubscribedFrame(topic: string, at: number): string {
  return text({ type: 'unsubscribed', at, topic });
}

export function resumedFrame(lastId: string, count: number, at: number): string {
  return text({ type: 'resumed', at, lastId, count });
}

export function errorFrame(error: Omit<ErrorFrame, 'type' | 'at'>, at: number): string {
  return text({ type: 'error', at, ...error });
}

export function pongFrame(at: number): string {
  return text({ type: 'pong', at });
}

function text(frame: ServerFrame): string {
  return JSON.stringify(frame);
}

function timeText(timeMs: number): string {
  return new Date(Math.min(timeMs, TIME_MAX_MS)).toISOString();
}
