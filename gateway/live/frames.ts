// The text of every frame that the server sends. Each text is made once for all its receivers.
// `contracts/live.ts` defines the shapes.

import type { DropView } from '../../contracts/drops.ts';
import {
  DropFrameData,
  type DropFrameType,
  type ErrorFrame,
  type ServerFrame,
} from '../../contracts/live.ts';
import type { Notification } from '../../contracts/notifications.ts';
import { presenter } from '../../contracts/wire.ts';

export const PONG_FRAME = text({ type: 'pong' });

/** The last moment that RFC 3339 can write: years have four digits. */
const TIME_MAX_MS = Date.parse('9999-12-31T23:59:59.999Z');

const dropData = presenter(DropFrameData);

export function dropFrame(type: DropFrameType, topic: string, view: DropView): string {
  return text({ type, topic, dropId: view.id, version: view.version, data: dropData(view) });
}

export function notificationFrame({ id, type, data, createdAt }: Notification): string {
  return text({
    type: 'notification',
    id,
    data: { ...data, type, createdAt: timeText(createdAt) },
  });
}

/**
 * The user's topic and all followed creators are subscribed. `expiresAt`: seconds since the Unix
 * epoch.
 */
export function readyFrame(userId: string, expiresAt: number): string {
  return text({ type: 'ready', userId, expiresAt: timeText(expiresAt * 1000) });
}

export function authenticatedFrame(expiresAt: number): string {
  return text({ type: 'authenticated', expiresAt: timeText(expiresAt * 1000) });
}

export function subscribedFrame(topic: string): string {
  return text({ type: 'subscribed', topic });
}

export function unsubscribedFrame(topic: string): string {
  return text({ type: 'unsubscribed', topic });
}

export function resumedFrame(lastId: string, count: number): string {
  return text({ type: 'resumed', lastId, count });
}

export function errorFrame(error: Omit<ErrorFrame, 'type'>): string {
  return text({ type: 'error', ...error });
}

function text(frame: ServerFrame): string {
  return JSON.stringify(frame);
}

function timeText(timeMs: number): string {
  return new Date(Math.min(timeMs, TIME_MAX_MS)).toISOString();
}
