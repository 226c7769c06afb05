// The one client of the page, who is logged in, and the live stream. Nothing else talks to the
// server.

import { effect, signal } from '@preact/signals';
import type { NotificationFrame } from '../../sdk/api.ts';
import { LiveDrops } from '../../sdk/client.ts';
import { ConnectionError, ProblemError } from '../../sdk/errors.ts';
import { DropStream, LiveStream } from '../../sdk/live.ts';
import { browserStorage } from '../../sdk/storage.ts';
import type { OwnProfile } from '../../sdk/api.ts';
import { type DropSource, type DropWatch, DropWatches } from './drop-watches.ts';
import { text } from './language.ts';

/** Shared by tabs; of this page alone where the browser allows no storage. */
const kept = browserStorage('localStorage');
/** Intents are shared by the tabs: two that press Buy for one drop ask for one order. */
export const client = new LiveDrops({ url: location.origin, intentStorage: kept });

export const user = signal<OwnProfile | null>(client.session.current?.user ?? null);
/** The session ended, and not by a press on this page: the user is told. */
export const isSessionEnded = signal(false);
export const isOnline = signal(navigator.onLine);
/** Counted since the page began, on top of what the server counts. */
export const news = signal<NotificationFrame | null>(null);
/** Raised with each frame about an order of the user, whatever it says. */
export const ordersChanged = signal(0);

const LAST_NOTIFICATION = 'livedrops:last-notification';
/** As the server closes a stream whose session has ended (docs/LIVE.md). */
const SESSION_ENDED = 4401;
/** More than a window shows; the server takes 100 for each user's stream. */
const DROPS_OF_USER_MAX = 64;
/** A stream each. */
const DROPS_OF_VISITOR_MAX = 24;
const DRAWN_EVERY_MS = 100;

/** A visitor's stream has one drop. */
const visitorDrops: DropSource = {
  openMax: DROPS_OF_VISITOR_MAX,
  open: (dropId, { onFrame, onConnected }) => {
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
  },
};
const watches = new DropWatches({ source: visitorDrops, whenDrawn });
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
    if (!isOther) return;
    isSessionEnded.value = session === null;
    listen();
  });
  listen();
}

/** Ends the session by a press of the user, who need not be told of it. */
export function leave(end: () => void): void {
  end();
  isSessionEnded.value = false;
}

function listen(): void {
  stream?.close();
  stream = null;
  watches.follow(user.value === null ? visitorDrops : listenAs(user.value.id));
}

/** The one stream of the user, and drops over it. */
function listenAs(userId: string): DropSource {
  const item = `${LAST_NOTIFICATION}:${userId}`;
  const after = kept.getItem(item);
  /** Until it is lost, so that a page that opens does not say that it is. */
  const isConnected = signal(true);
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
    onState: (state) => (isConnected.value = state === 'open'),
    onEnd: ({ closeCode, error }) => {
      if (closeCode === SESSION_ENDED) void renewOrEnd();
      else if (error instanceof ProblemError && error.status === 401) client.session.forget();
      else watches.follow(visitorDrops);
    },
  });
  stream = own;
  return {
    openMax: DROPS_OF_USER_MAX,
    open: (dropId, { onFrame, onConnected }) => {
      const unwatch = own.watchDrop(dropId, onFrame);
      const mute = effect(() => onConnected?.(isConnected.value));
      return () => {
        unwatch();
        mute();
      };
    },
  };
}

/**
 * The session of a stream is over. The client forgets it when its token is not renewed; another tab
 * may have begun another session of the same user, which goes on.
 */
async function renewOrEnd(): Promise<void> {
  const { session } = client;
  try {
    await session.token(session.current?.accessToken);
    if (user.value !== null) listen();
  } catch {
    session.forget();
  }
}

/** Watches a drop for whoever looks, logged in or not. The result ends it. */
export function watchDrop(dropId: string, watch: DropWatch): () => void {
  return watches.add(dropId, watch);
}

/** Monotonic. */
let drawnAt = -Infinity;

/**
 * What changes is drawn at once, and then at most ten times a second: a drawing costs about the
 * same for one card as for twenty. A hidden page is not drawn until it is looked at.
 */
function whenDrawn(show: () => void): void {
  const draw = (): void => {
    requestAnimationFrame(() => {
      drawnAt = performance.now();
      show();
    });
  };
  const wait = drawnAt + DRAWN_EVERY_MS - performance.now();
  if (wait > 0) setTimeout(draw, wait);
  else draw();
}

/** What went wrong, for people. */
export function faultText(error: unknown): string {
  if (error instanceof ConnectionError) return text('problem.connection');
  if (!(error instanceof ProblemError)) return text('problem.other', { detail: String(error) });
  if (error.status === 429 || error.status === 503) return text('problem.busy');
  return text('problem.other', { detail: error.problem.detail ?? error.problem.title });
}
