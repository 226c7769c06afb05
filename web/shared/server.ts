// The one client of the page, who is logged in, and the live stream. Nothing else talks to the
// server.

import { signal } from '@preact/signals';
import type { DropFrame, NotificationFrame } from '../../sdk/api.ts';
import { LiveDrops } from '../../sdk/client.ts';
import { ConnectionError, ProblemError } from '../../sdk/errors.ts';
import { DropStream, LiveStream } from '../../sdk/live.ts';
import { browserStorage } from '../../sdk/storage.ts';
import type { OwnProfile } from '../../sdk/api.ts';
import { text } from './language.ts';

/** Shared by tabs; of this page alone where the browser allows no storage. */
const kept = browserStorage('localStorage');
/** Intents are shared by the tabs: two that press Buy for one drop ask for one order. */
export const client = new LiveDrops({ url: location.origin, intentStorage: kept });

export const user = signal<OwnProfile | null>(client.session.current?.user ?? null);
export const isOnline = signal(navigator.onLine);
/** Counted since the page began, on top of what the server counts. */
export const news = signal<NotificationFrame | null>(null);
/** Raised with each frame about an order of the user, whatever it says. */
export const ordersChanged = signal(0);

const LAST_NOTIFICATION = 'livedrops:last-notification';

let stream: LiveStream | null = null;
/** Of a stream that told the server's clock; until then the device's. */
let serverClock: () => number = () => Date.now();
/** Whether `serverNow` is the server's clock by now: countdowns begin anew then. */
export const isClockKnown = signal(false);

/** The server's clock, in milliseconds since the Unix epoch. */
export function serverNow(): number {
  return serverClock();
}

function hearClock(clock: () => number): void {
  serverClock = clock;
  isClockKnown.value = true;
}

export function begin(): void {
  addEventListener('online', () => (isOnline.value = true));
  addEventListener('offline', () => (isOnline.value = false));
  client.session.onChange((session) => {
    const isOther = session?.user.id !== user.value?.id;
    user.value = session?.user ?? null;
    if (isOther) listen();
  });
  listen();
}

function listen(): void {
  stream?.close();
  stream = null;
  if (user.value === null) return;
  const item = `${LAST_NOTIFICATION}:${user.value.id}`;
  const after = kept.getItem(item);
  const own = new LiveStream({
    client,
    ...(after !== null && { after }),
    onReady: () => hearClock(() => own.serverNow()),
    onNotification: (frame) => {
      kept.setItem(item, frame.id);
      news.value = frame;
      ordersChanged.value++;
    },
    onPayment: () => ordersChanged.value++,
    onEnd: ({ error }) => {
      if (error instanceof ProblemError && error.status === 401) client.session.forget();
    },
  });
  stream = own;
}

export interface DropWatch {
  /** The state of the drop, and each newer one. */
  readonly onFrame: (frame: DropFrame) => void;
  /** Whether frames come now. */
  readonly onConnected?: (isConnected: boolean) => void;
}

/** Watches a drop for whoever looks, logged in or not. The result ends it. */
export function watchDrop(dropId: string, { onFrame, onConnected }: DropWatch): () => void {
  const own = new DropStream({
    client,
    dropId,
    onFrame: (frame) => {
      hearClock(() => own.serverNow());
      onFrame(frame);
    },
    onState: (state) => onConnected?.(state === 'open'),
  });
  return () => own.close();
}

/** What went wrong, for people. */
export function faultText(error: unknown): string {
  if (error instanceof ConnectionError) return text('problem.connection');
  if (!(error instanceof ProblemError)) return text('problem.other', { detail: String(error) });
  if (error.status === 429 || error.status === 503) return text('problem.busy');
  return text('problem.other', { detail: error.problem.detail ?? error.problem.title });
}
