// One client's notifications, in the order of its feed and each once (N7): those that it missed
// come by a replay of the feed, and live ones wait while it may still ask for older ones.

import type { Notification } from '../../contracts/notifications.ts';
import { EarlyNotifications } from './early-notifications.ts';
import type { BufferingConnection, LiveContext } from './live-context.ts';
import { compareNotificationIds, Replay, type ReplayTarget } from './replay.ts';
import type { UserChannel } from './user-channel.ts';

/** Who gets the notifications. */
export interface NotificationSink {
  readonly userId: string;
  readonly isClosed: boolean;
  /**
   * `text`: the live stream's frame, where it was made for other connections too. False when it
   * could not be sent and the connection was closed.
   */
  sendNotification(notification: Notification, text: string | null): boolean;
  bufferedBytes(): number;
  /** Everything after the id that the client asked for was sent, up to `lastId`. */
  resumed(lastId: string, count: number): void;
  /** The feed cannot be read now. */
  notificationsFailed(): void;
}

interface Early {
  readonly notification: Notification;
  readonly text: string;
}

export interface NotificationFlowOptions {
  readonly context: LiveContext;
  readonly channel: UserChannel;
  readonly sink: NotificationSink;
}

export class NotificationFlow implements ReplayTarget, BufferingConnection {
  readonly #context: LiveContext;
  readonly #channel: UserChannel;
  readonly #sink: NotificationSink;
  #replay: Replay | null = null;
  /**
   * Replays sent the notifications after the first id and up to the second, and a client that
   * resumed has the earlier ones. A live one with such an id is a repeat.
   */
  #replayedAfter = '0';
  #replayedTo = '0';
  /**
   * The id after which the client resumed, and the wall time of the resume. A notification that was
   * made before that time and whose id is not higher is known to the client: a quicker gateway sent
   * it. The id alone is not enough: in a feed that was restored from a backup, new ids begin below
   * it.
   */
  #resumedAfter = '0';
  #resumedAt = 0;
  /** Infinite before `ready`, as a client may wait for that and resume then. */
  #buffersUntil = Infinity;
  #early: EarlyNotifications<Early> | null = null;

  constructor(options: NotificationFlowOptions) {
    this.#context = options.context;
    this.#channel = options.channel;
    this.#sink = options.sink;
  }

  get buffersUntil(): number {
    return this.#buffersUntil;
  }

  /** A resume that the client asked for is under way. */
  get isResuming(): boolean {
    return this.#replay?.isResume === true;
  }

  /** From now on a client that resumes does so within the grace. */
  ready(): void {
    if (this.#sink.isClosed || this.#buffersUntil !== Infinity) return;
    this.#buffersUntil = this.#context.clock.monotonic() + this.#context.bounds.resumeGraceMs;
    if (this.#early !== null) this.#context.addBuffering(this);
  }

  /** A live notification. */
  notified(notification: Notification, text: string): void {
    const { id } = notification;
    const mayResume = this.#context.clock.monotonic() < this.#buffersUntil;
    if (!mayResume) this.flushBuffered();
    if (this.#replay?.covers(id) === true) return this.#replay.notified();
    if (this.#isReplayed(id)) return;
    if (this.#context.feedIdsContiguous && this.#isKnownToClient(notification)) return;
    if (mayResume) this.#buffer(notification, text);
    else this.#sink.sendNotification(notification, text);
  }

  /** Sends everything after that id, in place of what waits. */
  resume(after: string): void {
    // Buffered notifications are in the feed too, and the replay sends them in order.
    this.#takeEarly();
    this.#buffersUntil = 0;
    this.#resumedAfter = after;
    this.#resumedAt = this.#context.clock.now();
    this.#startReplay(after, true);
  }

  flushBuffered(): void {
    this.#buffersUntil = 0;
    const early = this.#takeEarly();
    if (early === null) return;
    if (early.items === null) return this.#startReplay(early.afterId, false);
    for (const { notification, text } of early.items) {
      if (!this.#sink.sendNotification(notification, text)) return;
    }
  }

  /** The client has read part of its buffer. */
  drained(): void {
    this.#replay?.drained();
  }

  /** The sink gets nothing more. */
  end(): void {
    this.#takeEarly();
    this.#replay?.end();
    this.#replay = null;
  }

  // `ReplayTarget`: calls from the replay.

  get userId(): string {
    return this.#sink.userId;
  }

  get isClosed(): boolean {
    return this.#sink.isClosed;
  }

  sendNotification(notification: Notification): boolean {
    return this.#sink.sendNotification(notification, null);
  }

  bufferedBytes(): number {
    return this.#sink.bufferedBytes();
  }

  replayEnded(lastId: string, count: number): void {
    const { after, isResume } = this.#replay!;
    this.#replay = null;
    if (count > 0) {
      this.#replayedAfter = isResume ? '0' : after;
      this.#replayedTo = lastId;
    }
    if (!isResume) return;
    if (count === 0) this.#resumedAfter = lastId;
    this.#channel.resumedTo(lastId);
    this.#sink.resumed(lastId, count);
  }

  replayFailed(): void {
    this.#sink.notificationsFailed();
  }

  #isReplayed(id: string): boolean {
    return (
      compareNotificationIds(id, this.#replayedTo) <= 0 &&
      compareNotificationIds(id, this.#replayedAfter) > 0
    );
  }

  #isKnownToClient({ id, createdAt }: Notification): boolean {
    return createdAt <= this.#resumedAt && compareNotificationIds(id, this.#resumedAfter) <= 0;
  }

  #startReplay(after: string, isResume: boolean): void {
    this.#replay?.end();
    this.#replay = new Replay({ context: this.#context, target: this, after, isResume });
    this.#replay.start();
  }

  #buffer(notification: Notification, text: string): void {
    this.#early ??= new EarlyNotifications(this.#context.bounds.bufferedNotificationsMax);
    this.#early.add(notification.id, { notification, text });
    if (this.#buffersUntil !== Infinity) this.#context.addBuffering(this);
  }

  #takeEarly(): EarlyNotifications<Early> | null {
    const early = this.#early;
    this.#early = null;
    if (early !== null) this.#context.removeBuffering(this);
    return early;
  }
}
