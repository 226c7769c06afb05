// The actions that the Moleculer services offer to gateways, with their parameters and answers. Plain data only: calls may cross
// the network. Every action answers with an Outcome: refusals are values, faults are thrown.

import type { VerifyReport } from '../actors/verification.ts';
import type { DropStatus, DropView, OrderView, PaymentMode } from '../domain/views.ts';
import type { Outcome } from '../domain/refusal.ts';
import type { Product, ProductChange } from '../storage/catalogue.ts';
import type { Notification } from '../storage/feed.ts';
import type { Page, PageRequest } from '../storage/page.ts';

export interface PublicProfile {
  readonly id: string;
  readonly name: string;
  readonly followerCount: number;
  readonly followingCount: number;
  readonly createdAt: number;
}
export interface OwnProfile extends PublicProfile {
  readonly email: string;
  readonly roles: readonly string[];
}
export interface Session {
  readonly user: OwnProfile;
  readonly accessToken: string;
  readonly refreshToken: string;
  /** Seconds until the access token ends. */
  readonly expiresIn: number;
}
export interface NamedFollow {
  readonly userId: string;
  readonly name: string;
  readonly since: number;
}
export interface NewDrop {
  readonly startsAt: number;
  readonly endsAt: number;
  readonly stock: number;
  readonly priceCents: number;
  readonly currency: string;
  readonly limitPerUser: number;
  readonly holdSeconds: number;
  readonly payment: PaymentMode;
}
export interface WebhookCall {
  /** The three Standard Webhooks headers; empty where absent. */
  readonly id: string;
  readonly timestamp: string;
  readonly signature: string;
  /** The exact bytes that were signed. */
  readonly body: Uint8Array;
}

/** action name -> [params, what a success carries] */
export interface Actions {
  'accounts.register': [{ email: string; password: string; name: string }, Session];
  'accounts.login': [{ email: string; password: string; address: string }, Session];
  'accounts.refresh': [{ refreshToken: string }, Session];
  'accounts.logout': [{ refreshToken: string }, null];
  'accounts.profile': [{ userId: string }, PublicProfile];
  'accounts.me': [{ userId: string }, OwnProfile];

  'catalogue.addProduct': [
    { creatorId: string; name: string; description: string; imageUrls: readonly string[] },
    Product,
  ];
  'catalogue.changeProduct': [
    { callerId: string; productId: string; change: ProductChange },
    Product,
  ];
  'catalogue.product': [{ productId: string }, Product];
  'catalogue.products': [{ creatorId?: string; page: PageRequest }, Page<Product>];
  /** Makes the drop through its actor; refuses `not-found` and `forbidden` for products that are not the caller's. */
  'catalogue.addDrop': [{ callerId: string; productId: string; drop: NewDrop }, DropView];
  'catalogue.drops': [
    { status?: DropStatus; creatorId?: string; productId?: string; page: PageRequest },
    Page<DropView>,
  ];

  'orders.list': [{ userId: string; page: PageRequest }, Page<OrderView>];

  'follows.follow': [{ userId: string; creatorId: string }, null];
  'follows.unfollow': [{ userId: string; creatorId: string }, null];
  'follows.isFollowing': [{ userId: string; creatorId: string }, boolean];
  'follows.followers': [{ creatorId: string; page: PageRequest }, Page<NamedFollow>];
  'follows.following': [{ userId: string; page: PageRequest }, Page<NamedFollow>];
  /** Ids of the creators a user follows, newest first, at most `limit`: for the live stream's own subscriptions (N5). */
  'follows.creatorsOf': [{ userId: string; limit: number }, readonly string[]];

  'notifications.list': [
    { userId: string; unread: boolean; page: PageRequest },
    Page<Notification> & { unreadCount: number },
  ];
  'notifications.listAfter': [
    { userId: string; afterId: string; limit: number },
    readonly Notification[],
  ];
  'notifications.markRead': [{ userId: string; notificationId: string }, null];
  'notifications.markAllRead': [{ userId: string }, null];

  /** `unauthenticated` for a bad signature; a repeated webhook id succeeds and changes nothing (P2). */
  'payments.webhook': [WebhookCall, null];

  /** Replays the journals of all shards and compares (X2). Takes as long as the journals are large. */
  'operator.verify': [Record<string, never>, VerifyReport];
}

export type ActionName = keyof Actions;
export type ActionParams<A extends ActionName> = Actions[A][0];
export type ActionOutcome<A extends ActionName> = Outcome<Actions[A][1]>;

/**
 * How gateways call services: one typed function, so that they need not know the broker. Rejects only for faults. `traceparent`
 * (W3C Trace Context) goes along to the service, where there is one (H4).
 */
export type CallAction = <A extends ActionName>(
  action: A,
  params: ActionParams<A>,
  traceparent?: string,
) => Promise<ActionOutcome<A>>;
