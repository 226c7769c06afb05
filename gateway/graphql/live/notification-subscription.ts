// A client's subscription to its user's notifications: each once and in the order of the feed, from
// the id on that the client names (N7). A client without room is closed, and resumes.

import type { TokenIdentity } from '../../../contracts/accounts.ts';
import type { Notification } from '../../../contracts/notifications.ts';
import type { LiveContext } from '../../live/live-context.ts';
import { NotificationFlow, type NotificationSink } from '../../live/notification-flow.ts';
import type { UserChannel, UserMember } from '../../live/user-channel.ts';
import { notificationBody } from '../../present.ts';
import {
  type AskedOperation,
  type GraphQLClient,
  nextBegin,
  type Operation,
} from './graphql-client.ts';
import type { Shape } from './shape.ts';

/** Payloads that wait for what is read for them: two pages of a feed. */
const WAITING_MAX = 200;

export interface NotificationSubscriptionOptions {
  readonly context: LiveContext;
  readonly client: GraphQLClient;
  readonly identity: TokenIdentity;
  readonly place: AskedOperation;
  readonly shape: Shape;
  /** The last notification that the client has; null: it wants new ones only. */
  readonly after: string | null;
}

export class NotificationSubscription implements Operation, UserMember, NotificationSink {
  readonly #options: NotificationSubscriptionOptions;
  readonly #begin: string;
  readonly #channel: UserChannel;
  readonly #flow: NotificationFlow;
  #isStopped = false;
  /** Payloads leave in the order of their notifications. */
  #last: Promise<void> | null = null;
  #waiting = 0;

  constructor(options: NotificationSubscriptionOptions) {
    this.#options = options;
    this.#begin = nextBegin(options.place.id);
    const { context } = options;
    this.#channel = context.userChannel(this.userId);
    this.#flow = new NotificationFlow({ context, channel: this.#channel, sink: this });
  }

  start(): void {
    const { after } = this.#options;
    if (after === null) this.#flow.flushBuffered();
    else this.#flow.resume(after);
    this.#channel.join(this);
  }

  // `Operation`

  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    this.#flow.end();
    this.#channel.leave(this);
  }

  drained(): void {
    this.#flow.drained();
  }

  // `UserMember`: a subscription hears of nothing but notifications.

  creatorFollowed(): void {}

  creatorUnfollowed(): void {}

  followsReady(): void {}

  followsFailed(): void {}

  sendEphemeral(): void {}

  notified(notification: Notification, text: string): void {
    this.#flow.notified(notification, text);
  }

  notificationsMissed(): void {
    this.#options.client.tryAgainLater();
  }

  sessionsEnded(): void {
    const { context, client, identity } = this.#options;
    if (context.ended.refuses(identity)) client.sessionEnded();
  }

  // `NotificationSink`

  get userId(): string {
    return this.#options.identity.userId;
  }

  get isClosed(): boolean {
    return this.#isStopped || this.#options.client.isClosed;
  }

  bufferedBytes(): number {
    return this.#options.client.bufferedBytes();
  }

  sendNotification(notification: Notification): boolean {
    if (this.isClosed) return false;
    const payload = this.#options.shape.payload(notificationBody(notification));
    if (typeof payload === 'string' && this.#last === null) return this.#send(payload);
    if (this.#waiting >= WAITING_MAX) {
      this.#options.client.tryAgainLater();
      return false;
    }
    this.#waiting += 1;
    const mine = this.#sendAfter(this.#last, payload).finally(() => {
      this.#waiting -= 1;
      if (this.#last === mine) this.#last = null;
    });
    this.#last = mine;
    return true;
  }

  resumed(): void {}

  notificationsFailed(): void {
    this.#options.client.tryAgainLater();
  }

  async #sendAfter(before: Promise<void> | null, payload: string | Promise<string>): Promise<void> {
    await before;
    const text = await payload;
    if (!this.isClosed) this.#send(text);
  }

  #send(payload: string): boolean {
    const { client, context } = this.#options;
    if (!client.nextOrClose(this.#begin, payload)) return false;
    context.counters.notificationsSent++;
    return true;
  }
}
