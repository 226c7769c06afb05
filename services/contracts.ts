// The actions that the Moleculer services offer to gateways, with their parameters and answers. Plain data only: calls may cross
// the network. Every action answers with an Outcome: refusals are values, faults are thrown.

import type { ShardReport } from '../actors/node-report.ts';
import type { ShardStatus } from '../actors/shard/shard.ts';
import type { VerifyReport } from '../actors/shard/verification.ts';
import type { DropStatus, DropView, PaymentMode } from '../contracts/drops.ts';
import type { OrderView } from '../contracts/orders.ts';
import type { Outcome, Refusal } from '../contracts/refusals.ts';
import type { Product, ProductChange } from '../storage/ports/catalogue.ts';
import type { Notification } from '../storage/ports/feed.ts';
import type { OperatorAction } from '../storage/ports/operator-log.ts';
import type { Page, PageRequest } from '../storage/ports/page.ts';
import type { MoveRecord } from '../storage/ports/placement.ts';
import type { RebuiltShard } from '../events/rebuild/rebuild.ts';

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
/** Too many failed attempts; nothing else about them is told (A3). */
export interface AttemptsSpent extends Refusal {
  readonly code: 'rate-limited';
  /** What no key gets more of in any window; half of it is there at once. */
  readonly limit: {
    readonly name: string;
    readonly quota: number;
    readonly windowSeconds: number;
  };
  /** Milliseconds until there is one attempt again. */
  readonly waitMs: number;
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

export interface Plannable {
  /** Only tell what would be done. */
  readonly dryRun: boolean;
}
export interface PlannedMove {
  readonly shard: number;
  /** Null where nobody living serves it. */
  readonly from: string | null;
  readonly to: string;
  /** One sentence. */
  readonly reason: string;
}
export interface RebuildReport {
  /** False for a dry run. */
  readonly applied: boolean;
  readonly shards: readonly RebuiltShard[];
}

export interface MovePlan {
  /** False for a dry run. */
  readonly applied: boolean;
  readonly moves: readonly PlannedMove[];
}
export interface NodeRow {
  readonly nodeId: string;
  readonly state: 'serving' | 'draining' | 'drained' | 'leaving' | 'lost';
  readonly incarnation: string;
  readonly weight: number;
  readonly startedAt: number;
  readonly url: string | null;
  readonly shardsOwned: number;
  readonly shardsWanted: number;
  readonly liveDrops: number;
  readonly ordersPerSecond: number;
  readonly relayLag: number;
  /** Null where the node did not answer, or where there are no leases. */
  readonly leaseMs: number | null;
  /** The feature level that it reads. */
  readonly level: number;
}
/** Complete by its type: a status that is new in the shard must come in here. */
const STATUSES: Readonly<Record<ShardStatus, true>> = {
  recovering: true,
  serving: true,
  leaving: true,
  damaged: true,
  stopped: true,
};
export const SHARD_STATUSES: readonly string[] = Object.keys(STATUSES);
export interface ShardRow extends ShardReport {
  /** Who serves it, or was the last to; null for nobody yet. */
  readonly owner: string | null;
  /** Who should. */
  readonly wanted: string | null;
  readonly pinned: boolean;
  /** Whether the owner told of it just now; otherwise the figures are zeros and `status` is `stopped`. */
  readonly answered: boolean;
}

/** action name -> [params, what a success carries, a refusal that carries more than others] */
export interface Actions {
  'accounts.register': [{ email: string; password: string; name: string }, Session];
  'accounts.login': [{ email: string; password: string; address: string }, Session, AttemptsSpent];
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
  /** Makes good what order lists and feeds lost of the shards' journals, or only looks; null: of all. */
  'operator.rebuild': [
    { operatorId: string; shards: readonly number[] | null } & Plannable,
    RebuildReport,
  ];
  'operator.nodes': [Record<string, never>, readonly NodeRow[]];
  'operator.shards': [Record<string, never>, readonly ShardRow[]];
  /** The last moves of shards, newest first. */
  'operator.moves': [{ limit: number }, readonly MoveRecord[]];
  /** Pins a shard to a node, which moves it there; `to` null takes the pin away. */
  'operator.pin': [{ operatorId: string; shard: number; to: string | null } & Plannable, MovePlan];
  'operator.drain': [{ operatorId: string; nodeId: string } & Plannable, MovePlan];
  'operator.undrain': [{ operatorId: string; nodeId: string } & Plannable, MovePlan];
  /** Pins at most `movesMax` shards so that the busiest nodes give some of their load to the others. */
  'operator.rebalance': [{ operatorId: string; movesMax: number } & Plannable, MovePlan];
  /** Asks a node to end in good order, so that whatever supervises it starts it again. */
  'operator.restart': [{ operatorId: string; nodeId: string }, null];
  'operator.actions': [{ page: PageRequest }, Page<OperatorAction>];
}

export type ActionName = keyof Actions;
export type ActionParams<A extends ActionName> = Actions[A][0];
export type ActionOutcome<A extends ActionName> =
  | Outcome<Actions[A][1]>
  | (Actions[A] extends readonly [unknown, unknown, infer Own] ? Own : never);

/**
 * How gateways call services: one typed function, so that they need not know the broker. Rejects only for faults. `traceparent`
 * (W3C Trace Context) goes along to the service, where there is one (H4).
 */
export type CallAction = <A extends ActionName>(
  action: A,
  params: ActionParams<A>,
  traceparent?: string,
) => Promise<ActionOutcome<A>>;
