// A live hub in which the test controls everything around it: the clock, the bus, the services, the
// sockets and the fan-out.

import type { Clock, Timer } from '../../../actors/clock.ts';
import type { CommandRouter } from '../../../actors/command-router.ts';
import { InProcessLiveBus, type LiveMessage, type Milestone } from '../../../actors/live-bus.ts';
import type { ReplyTo, GetDrop } from '../../../contracts/commands.ts';
import type { Outcome } from '../../../contracts/refusals.ts';
import type { DropView } from '../../../contracts/drops.ts';
import { refusal, success } from '../../../domain/refusal.ts';
import type { LiveBounds } from '../../../gateway/live/bounds.ts';
import { LiveHub } from '../../../gateway/live/hub.ts';
import { compareNotificationIds } from '../../../gateway/live/replay.ts';
import { DEFAULT_RATE_POLICIES, RateLimits } from '../../../gateway/http/rate-limits.ts';
import type { LiveConnection, LiveSocket, SendResult } from '../../../gateway/http/socket.ts';
import type { TokenIdentity } from '../../../contracts/accounts.ts';
import type { CallAction } from '../../../contracts/actions.ts';
import type { Notification } from '../../../contracts/notifications.ts';

export const START_MS = Date.UTC(2027, 0, 1);
export const START_SECOND = START_MS / 1000;

export class ManualClock implements Clock {
  #monotonic = 0;
  /** Wall time less monotonic time. */
  #wallOffset = START_MS;
  readonly #timers = new Set<{ readonly dueAt: number; readonly call: () => void }>();

  now(): number {
    return this.#monotonic + this.#wallOffset;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  /** Shifts the wall clock forward or, where negative, back. Monotonic time stands still. */
  shiftWall(ms: number): void {
    this.#wallOffset += ms;
  }

  after(delayMs: number, call: () => void): Timer {
    const timer = { dueAt: this.#monotonic + delayMs, call };
    this.#timers.add(timer);
    return { cancel: () => this.#timers.delete(timer) };
  }

  /** Advances the time and runs due timers in the order of their times. */
  advance(ms: number): void {
    const end = this.#monotonic + ms;
    for (;;) {
      const next = [...this.#timers]
        .filter((t) => t.dueAt <= end)
        .toSorted((a, b) => a.dueAt - b.dueAt)[0];
      if (next === undefined) break;
      this.#timers.delete(next);
      this.#monotonic = Math.max(this.#monotonic, next.dueAt);
      next.call();
    }
    this.#monotonic = end;
  }

  /** Advances the time without running timers, as a blocked event loop does. */
  stall(ms: number): void {
    this.#monotonic += ms;
  }

  get timers(): number {
    return this.#timers.size;
  }
}

/** A frame as a test reads it: fields are looked up, and a missing one fails the comparison. */
export interface Frame {
  readonly type: string;
  readonly topic?: string;
  readonly dropId?: string;
  readonly version?: number;
  readonly id?: string;
  readonly code?: string;
  readonly request?: string;
  readonly data?: Readonly<Record<string, unknown>>;
  readonly [field: string]: unknown;
}

export class FakeSocket implements LiveSocket {
  readonly frames: Frame[] = [];
  readonly topics = new Set<string>();
  closedWith: { code: number; reason: string } | null = null;
  /** While true the buffer is full. */
  full = false;
  buffered = 0;
  connection: LiveConnection | null = null;

  send(text: string): SendResult {
    if (this.closedWith !== null) throw new Error('sent after the end');
    if (this.full) return 'dropped';
    this.frames.push(JSON.parse(text) as Frame);
    return 'sent';
  }
  subscribe(topic: string): void {
    if (this.closedWith !== null) throw new Error('subscribed after the end');
    this.topics.add(topic);
  }
  unsubscribe(topic: string): void {
    if (this.closedWith !== null) throw new Error('unsubscribed after the end');
    this.topics.delete(topic);
  }
  end(code: number, reason: string): void {
    this.closedWith ??= { code, reason };
    this.connection?.closed();
  }
  bufferedBytes(): number {
    return this.buffered;
  }

  say(message: object | string): void {
    this.connection?.received(typeof message === 'string' ? message : JSON.stringify(message));
  }
  /** The frames since the last call. */
  take(): Frame[] {
    return this.frames.splice(0);
  }
  types(): string[] {
    return this.take().map((frame) => frame.type);
  }
}

/** A bus that can lose messages and then reports a gap when the test asks for it. */
export class LossyBus extends InProcessLiveBus {
  losing = false;
  readonly #gapListeners = new Set<() => void>();

  override publish(topic: string, message: LiveMessage): void {
    if (!this.losing) super.publish(topic, message);
  }

  override onGap(listener: () => void): () => void {
    this.#gapListeners.add(listener);
    return () => this.#gapListeners.delete(listener);
  }

  reportGap(): void {
    this.losing = false;
    for (const listener of this.#gapListeners) listener();
  }
}

export class LiveHarness {
  readonly clock = new ManualClock();
  readonly bus = new LossyBus();
  readonly limits = new RateLimits({ policies: DEFAULT_RATE_POLICIES });
  readonly hub: LiveHub;
  readonly sockets = new Set<FakeSocket>();
  readonly published: { readonly at: number; readonly topic: string; readonly frame: Frame }[] = [];
  readonly logged: string[] = [];

  /** The drops as the actors have them. */
  readonly drops = new Map<string, DropView>();
  /** The pages of the list of live drops. */
  liveDrops: readonly (readonly DropView[])[] = [[]];
  listReads = 0;
  listFails = false;
  /** While set, reads of the list of live drops wait for it. */
  listGate: Promise<void> | null = null;
  readonly follows = new Map<string, string[]>();
  /** Of all users, as of a read that begins now. */
  followRevision = 0;
  readonly feeds = new Map<string, Notification[]>();
  readonly tokens = new Map<string, TokenIdentity>();
  /** While set, reads wait until the test releases them, one by one, with `releaseRead`. */
  gated = false;
  /** Answers of the next reads, instead of the real ones. */
  readonly answers: (Outcome<unknown> | Error)[] = [];
  readonly reads: string[] = [];
  readonly #gates: (() => void)[] = [];

  constructor(bounds: Partial<LiveBounds> = {}, feedIdsContiguous = false) {
    const router: Pick<CommandRouter, 'send'> = {
      // Only `get-drop` is ever sent.
      send: async (command) =>
        (await this.#read(command.type, this.#drop(command.dropId))) as ReplyTo<typeof command>,
    };
    const call = async (
      action: string,
      params: {
        userId: string;
        afterId?: string;
        limit: number;
        page?: { limit: number; cursor?: string | null };
      },
    ) => {
      if (action === 'follows.revision') return success(this.followRevision);
      if (action === 'catalogue.drops')
        return this.#listLiveDrops(Number(params.page!.cursor ?? 0));
      const { userId, afterId = '0', limit } = params;
      if (action === 'notifications.list') {
        const { limit: length } = params.page!;
        const newest = (this.feeds.get(userId) ?? []).toReversed();
        const nextCursor = newest.length > length ? 'more' : null;
        const items = newest.slice(0, length);
        return this.#read(action, success({ items, nextCursor, unreadCount: 0 }));
      }
      const all =
        action === 'follows.creatorsOf'
          ? (this.follows.get(userId) ?? [])
          : (this.feeds.get(userId) ?? []).filter(
              (one) => compareNotificationIds(one.id, afterId) > 0,
            );
      return this.#read(action, success(all.slice(0, limit)));
    };
    this.hub = new LiveHub({
      bus: this.bus,
      router: router as CommandRouter,
      call: call as CallAction,
      publish: (topic, text) => this.#publish(topic, text),
      verifyToken: (token, nowMs) => {
        const identity = this.tokens.get(token);
        if (identity === undefined) return 'invalid';
        return identity.expiresAt * 1000 > nowMs ? identity : 'expired';
      },
      limits: this.limits,
      clock: this.clock,
      log: { error: (_fields, message) => void this.logged.push(message) },
      bounds: { dropListLagMs: 0, ...bounds },
      feedIdsContiguous,
    });
  }

  open(who: {
    userId?: string;
    expiresAt?: number;
    dropId?: string;
    addressKey?: string;
  }): FakeSocket {
    const socket = new FakeSocket();
    const { userId, expiresAt = START_SECOND + 3_600, dropId = null } = who;
    const { addressKey = '192.0.2.1' } = who;
    const identity = userId === undefined ? null : { userId, roles: [], expiresAt };
    const address = '192.0.2.1';
    const peer = { identity, dropId, address, addressKey, token: '', countFor: () => true };
    socket.connection = this.hub.opened(socket, peer);
    this.sockets.add(socket);
    return socket;
  }

  /** Opens a user's stream and waits until it is ready. */
  async openReady(userId: string, expiresAt?: number): Promise<FakeSocket> {
    const socket = this.open({ userId, ...(expiresAt === undefined ? {} : { expiresAt }) });
    await settled();
    this.clock.advance(this.hub.bounds.resumeGraceMs);
    socket.take();
    return socket;
  }

  /** The actor's new durable state, and the message about it. */
  change(view: DropView, ...milestones: Milestone[]): void {
    this.drops.set(view.id, view);
    this.bus.publish(`drop.${view.id}`, { type: 'drop', view, milestones });
  }

  /** Stores a notification in the feed, then publishes it on the bus. */
  notify(userId: string, id: string, onBus = true): void {
    const notification = storedNotification(userId, id);
    const feed = this.feeds.get(userId) ?? [];
    feed.push(notification);
    this.feeds.set(userId, feed);
    if (onBus) this.bus.publish(`user.${userId}`, { type: 'notification', notification });
  }

  /** Publishes a notification that is in the feed already. */
  repeat(userId: string, id: string): void {
    const notification = storedNotification(userId, id);
    this.bus.publish(`user.${userId}`, { type: 'notification', notification });
  }

  follow(userId: string, creatorId: string, following: boolean): void {
    const others = (this.follows.get(userId) ?? []).filter((id) => id !== creatorId);
    this.follows.set(userId, following ? [creatorId, ...others] : others);
    this.bus.publish(`user.${userId}`, { type: 'follow', creatorId, following });
  }

  /** Releases the oldest waiting read, and waits for what follows from it. */
  async releaseRead(): Promise<void> {
    this.#gates.shift()?.();
    await settled();
  }

  get waitingReads(): number {
    return this.#gates.length;
  }

  /** A read of its own: `gated`, `answers` and `reads` leave it out. */
  async #listLiveDrops(page: number): Promise<Outcome<unknown>> {
    this.listReads++;
    if (this.listGate !== null) await this.listGate;
    if (this.listFails) return refusal('unavailable');
    const nextCursor = page + 1 < this.liveDrops.length ? String(page + 1) : null;
    return success({ items: this.liveDrops[page]!, nextCursor, asOf: null });
  }

  #drop(dropId: string): ReplyTo<GetDrop> {
    const view = this.drops.get(dropId);
    return view === undefined ? refusal('not-found') : success(view);
  }

  /** The answer is the state at the call, even when it arrives late. */
  async #read(name: string, answer: Outcome<unknown>): Promise<Outcome<unknown>> {
    this.reads.push(name);
    const given = this.answers.shift() ?? answer;
    if (this.gated) await new Promise<void>((resolve) => this.#gates.push(resolve));
    if (given instanceof Error) throw given;
    return given;
  }

  #publish(topic: string, text: string): void {
    const frame = JSON.parse(text) as Frame;
    this.published.push({ at: this.clock.now(), topic, frame });
    for (const socket of this.sockets) {
      if (socket.closedWith !== null || !socket.topics.has(topic)) continue;
      if (socket.full) socket.connection?.missedFrame();
      else socket.frames.push(frame);
    }
  }
}

/** Resolves after all work that waits for no outside event. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export function dropView(version: number, changes: Partial<DropView> = {}): DropView {
  const stocked = changes.stocked ?? 100;
  const sold = changes.sold ?? Math.min(version, stocked);
  const held = changes.held ?? 0;
  return {
    id: 'drop_1',
    productId: 'prod_1',
    creatorId: 'creator_1',
    startsAt: START_MS,
    endsAt: START_MS + 3_600_000,
    unitAmount: 1_500,
    currency: 'EUR',
    limitPerUser: 1,
    holdSeconds: 60,
    payment: 'instant',
    status: 'live',
    createdAt: START_MS - 1_000,
    ...changes,
    version,
    stocked,
    sold,
    held,
    free: stocked - held - sold,
    soldOut: stocked - held - sold === 0,
  };
}

export function milestone(type: Milestone['type'], view: DropView): Milestone {
  return { type, view };
}

export function storedNotification(userId: string, id: string): Notification {
  return {
    id,
    userId,
    type: 'order.confirmed',
    data: { orderId: `drop_1-${id}`, dropId: 'drop_1', quantity: 1 },
    createdAt: START_MS,
    readAt: null,
  };
}
