// The actions that the services offer to gateways, with their parameters and answers. Plain data
// only: calls may cross the network. Every action answers with an Outcome: refusals are values,
// faults are thrown.

import type {
  AccountSession,
  AttemptsSpent,
  OwnProfile,
  PasswordChange,
  PublicProfile,
  Requester,
  Session,
} from './accounts.ts';
import type { AlarmReport, Sample } from './alarms.ts';
import type { Analytics, AnalyticsRange, DropAnalytics } from './analytics.ts';
import type { ApiKey, CreatedApiKey, KeyIdentity, NewApiKey } from './api-keys.ts';
import type { AuditEntry, AuditFilter, Origin } from './audit.ts';
import type { CacheEviction, CacheSample, EvictedCaches, NodeCaches } from './caches.ts';
import type { Contact, NewContact } from './contacts.ts';
import type { DraftFilter, DraftView, DropChange } from './drafts.ts';
import type { DropFilter, DropsPage, DropView, NewDrop, PauseDetails } from './drops.ts';
import type { NamedFollow } from './follows.ts';
import type { Job, JobChange, JobState, NewExport, NewRefunds } from './jobs.ts';
import type { Media, MediaResult, NewMedia } from './media.ts';
import type { MediaRemoval } from './media-removal.ts';
import type { MemberRole } from './creator-actions.ts';
import type { Language } from './languages.ts';
import type {
  LedgerCheck,
  LedgerConsistency,
  LedgerEdge,
  LedgerKeyRow,
  LedgerLeaves,
  LedgerProof,
  LedgerStatus,
} from './ledger.ts';
import type {
  Membership,
  NamedMember,
  NewInvitation,
  NewOrganisation,
  OwnOrganisation,
  ReceivedInvitation,
  SentInvitation,
} from './organisations.ts';
import type { Notification, NotificationsPage } from './notifications.ts';
import type {
  MovePlan,
  MoveRecord,
  NodeRow,
  OperatorAction,
  RebuildReport,
  RunKind,
  RunState,
  ShardRow,
  ShardStatus,
  VerifyReport,
} from './operator.ts';
import type { AddedOperator, NewOperator, OperatorRow } from './operator-accounts.ts';
import type { OrderDetails } from './order-details.ts';
import type { DropOrdersFilter, DropOrdersPage, OrderView, RefundDetails } from './orders.ts';
import type { Page, PageRequest } from './paging.ts';
import type {
  BuyerPayment,
  OrderPayments,
  PaymentBehaviour,
  StripeCall,
  WebhookCall,
} from './payments.ts';
import type { NewProduct, ProductFilter, ProductPatch, ProductView } from './products.ts';
import type { PushKeyRotation, PushKeyRow } from './push-keys.ts';
import type { MadePasses, NewPasses, NewPassList } from './passes.ts';
import type { Preferences, PreferencesPatch } from './preferences.ts';
import type { NewPushSubscription, OwnPushSubscription, PushKey } from './push.ts';
import type { PaymentProblem, ProblemFilter } from './payment-problems.ts';
import type {
  Ban,
  ChangedSeller,
  MadeBan,
  MadeTakeDown,
  NewBan,
  NewTakeDown,
  Seller,
  SellerChange,
  TakeDown,
} from './restrictions.ts';
import type { Standing, TakenDown } from './standings.ts';
import type { ParkedRefund, RefundChange, RefundState } from './refunds.ts';
import type {
  FoundPage,
  OpenedResult,
  SearchFilter,
  SearchItem,
  SearchNode,
  SearchNodeStatus,
  SearchType,
  Suggested,
} from './search.ts';
import type { ShopToken } from './token-exchange.ts';
import type {
  CreatedWebhook,
  Delivery,
  DeliveryState,
  NewWebhook,
  Webhook,
  WebhookChange,
  WebhookRotation,
} from './webhooks.ts';
import type { KeyedRequest } from './requests.ts';
import type { Outcome } from './refusals.ts';

interface AsOperator {
  readonly caller: Requester;
}

/**
 * Refuses `precondition-failed` where the revision is none of `ifMatch` (H12). To be sent only from
 * feature level 3 on: older services ignore it.
 */
interface Conditional {
  readonly ifMatch?: readonly number[];
}

/** Of a caller who sent an Idempotency-Key: what was answered is answered again (H11). */
interface Keyed {
  readonly request?: KeyedRequest | undefined;
}

/** Without an id: of the caller. */
interface OfCreator {
  readonly caller: Requester;
  readonly creatorId?: string;
}

interface OfOrganisation {
  readonly caller: Requester;
  readonly organisationId: string;
}

interface Plannable extends Keyed {
  /** True: only say what would be done. False unless given. */
  readonly dryRun?: boolean;
}

/** action name -> [params, what a success carries, a refusal that carries more than others] */
export interface Actions {
  /** `device`: the client's User-Agent. */
  'accounts.register': [
    { email: string; password: string; name: string; device?: string; language?: Language },
    Session,
  ];
  'accounts.login': [
    { email: string; password: string; code?: string; address: string; device?: string },
    Session,
    AttemptsSpent,
  ];
  'accounts.refresh': [{ refreshToken: string }, Session];
  'accounts.logout': [{ refreshToken: string }, null];
  'accounts.profile': [{ userId: string }, PublicProfile];
  /** Of each id, in their order; null for who is not to be shown. At most 100 ids. */
  'accounts.profiles': [{ userIds: readonly string[] }, readonly (PublicProfile | null)[]];
  /** Null takes the picture of the profile away. */
  'accounts.setAvatar': [{ userId: string; mediaId: string | null }, null];
  'accounts.me': [{ userId: string }, OwnProfile];
  /** `sessionId`: of the caller's token, if it has one. */
  'accounts.sessions': [{ userId: string; sessionId?: string }, readonly AccountSession[]];
  'accounts.endSession': [{ userId: string; endedId: string }, null];
  'accounts.endOtherSessions': [{ userId: string; sessionId?: string }, null];
  'accounts.changePassword': [
    PasswordChange & { userId: string; sessionId?: string; address: string },
    null,
    AttemptsSpent,
  ];
  /** Succeeds also where there is no such account. */
  'accounts.forgotPassword': [{ email: string; language?: Language }, null];
  /** The next two refuse `forbidden` where the link is not good any more. */
  'accounts.resetPassword': [{ token: string; newPassword: string }, null];
  'accounts.confirmEmail': [{ token: string }, null];
  'accounts.sendConfirmation': [{ userId: string; language?: Language }, null];
  'accounts.delete': [{ userId: string; password: string; address: string }, null, AttemptsSpent];
  'accounts.changeEmail': [
    { userId: string; email: string; password: string; address: string; language?: Language },
    null,
    AttemptsSpent,
  ];

  /**
   * Keys of the caller, or of the creator that `creatorId` names. Refuses `too-many`, `not-found`
   * for who is no member. The answer alone has the key's text.
   */
  'keys.create': [OfCreator & { apiKey: NewApiKey }, CreatedApiKey];
  'keys.list': [OfCreator, readonly ApiKey[]];
  'keys.revoke': [OfCreator & { keyId: string }, null];
  'keys.revokeAll': [OfCreator, null];
  /** `hash`: SHA-256 of the key's text, in hex. Refuses `not-found`. */
  'keys.resolve': [{ hash: string }, KeyIdentity];

  /**
   * Webhooks of the caller, or of the creator that `creatorId` names. All refuse `not-found` for
   * who is no member, `forbidden` for a member whose role does not allow it. Secrets are in no
   * answer, but the new one of the first and of `rotate`. Refuses `too-many`; `invalid-request` for
   * an address that is not called.
   */
  'webhooks.create': [{ caller: Requester; webhook: NewWebhook }, CreatedWebhook];
  'webhooks.list': [OfCreator, readonly Webhook[]];
  'webhooks.get': [{ caller: Requester; webhookId: string }, Webhook];
  'webhooks.change': [{ caller: Requester; webhookId: string; change: WebhookChange }, Webhook];
  'webhooks.remove': [{ caller: Requester; webhookId: string }, null];
  'webhooks.rotate': [WebhookRotation & { caller: Requester; webhookId: string }, CreatedWebhook];
  /** Refuses `webhook-disabled`, as `resend` does. */
  'webhooks.test': [{ caller: Requester; webhookId: string }, Delivery];
  'webhooks.deliveries': [
    { caller: Requester; webhookId: string; state?: DeliveryState; page: PageRequest },
    Page<Delivery>,
  ];
  'webhooks.resend': [{ caller: Requester; webhookId: string; deliveryId: string }, Delivery];

  /**
   * The next ones are to be sent only from feature level 4 on. Those about one organisation refuse
   * `not-found` for who is no member, `forbidden` for a member whose role does not allow it.
   */
  'organisations.create': [
    Keyed & { caller: Requester; organisation: NewOrganisation },
    OwnOrganisation,
  ];
  /** Where the caller is a member, the own account first. */
  'organisations.list': [{ caller: Requester }, readonly OwnOrganisation[]];
  'organisations.get': [OfOrganisation, OwnOrganisation];
  'organisations.members': [OfOrganisation, readonly NamedMember[]];
  /** The next two refuse `last-owner`. */
  'organisations.setRole': [OfOrganisation & { userId: string; role: MemberRole }, NamedMember];
  /** Oneself always, others where the role allows it. */
  'organisations.removeMember': [OfOrganisation & { userId: string }, null];
  /** Refuses `drops-not-over`. */
  'organisations.remove': [OfOrganisation, null];
  /** What the user is where, as it is stored: gateways ask and remember for a moment. */
  'organisations.memberships': [{ userId: string }, readonly Membership[]];
  /** Refuses `too-many`, and `rate-limited` where the address got too many mails. */
  'invitations.send': [
    Keyed & OfOrganisation & { invitation: NewInvitation; language?: Language },
    SentInvitation,
  ];
  'invitations.sent': [OfOrganisation, readonly SentInvitation[]];
  'invitations.withdraw': [OfOrganisation & { invitationId: string }, null];
  /** To the caller's address, where that is confirmed. */
  'invitations.received': [{ caller: Requester }, readonly ReceivedInvitation[]];
  /** The next two refuse `forbidden` where nothing shows that the address is the caller's. */
  'invitations.accept': [
    Keyed & { caller: Requester; invitationId: string; token?: string },
    OwnOrganisation,
  ];
  'invitations.decline': [
    Keyed & { caller: Requester; invitationId: string; token?: string },
    null,
  ];

  /** A short access token for the user whom the shop calls `user` (A6). */
  'shops.exchangeToken': [{ shopId: string; user: string }, ShopToken];
  'shops.putContact': [{ shopId: string; user: string; contact: NewContact }, Contact];
  'shops.contact': [{ shopId: string; user: string }, Contact];
  'shops.contacts': [{ shopId: string; page: PageRequest }, Page<Contact>];
  'shops.eraseContact': [{ shopId: string; user: string }, null];

  /**
   * Refuses `forbidden` where the caller may not act for `ownerId`. A key whose upload is gone
   * begins another one.
   */
  'media.add': [{ caller: Requester; ownerId: string; media: NewMedia } & Keyed, Media];
  /** As it is stored. */
  'media.get': [{ mediaId: string }, Media];
  /**
   * As the caller may see it, whose `visibility` is that of now; `not-found` for private ones of
   * others. Null: anybody.
   */
  'media.view': [{ caller: Requester | null; mediaId: string }, Media];
  /** Of the media process: whether one of these is public. */
  'media.anyPublic': [{ mediaIds: readonly string[] }, boolean];
  /** For who may go on with the upload; of anybody else `forbidden`. */
  'media.upload': [{ caller: Requester; mediaId: string }, Media];
  /** Refuses `media-in-use` with what uses it. */
  'media.remove': [{ caller: Requester; mediaId: string }, null];
  /** Of the media process: all bytes are there. Idempotent. */
  'media.received': [{ mediaId: string }, Media];
  /** Of the media process: how processing ended. Idempotent. */
  'media.settle': [{ mediaId: string; result: MediaResult }, Media];
  /** Of the media process: what an upload that ended too late, or was left, had. Idempotent. */
  'media.expire': [{ mediaId: string }, null];
  /**
   * Of the media process: removes uploads that were not finished in time, with blobs or without, at
   * most `MEDIA_SWEPT_MAX`. How many it removed.
   */
  'media.sweep': [Record<string, never>, number];
  /** Of the media process: whether `holder` may write to the upload for that many milliseconds. */
  'media.lock': [{ mediaId: string; holder: string; ms: number }, boolean];
  'media.unlock': [{ mediaId: string; holder: string }, null];

  'products.add': [
    Keyed & { caller: Requester; creatorId: string; product: NewProduct },
    ProductView,
  ];
  'products.change': [
    Conditional & Keyed & { caller: Requester; productId: string; change: ProductPatch },
    ProductView,
  ];

  /** Through the drop's actor; refuses `not-found` and `forbidden` for products of others. */
  'drops.create': [Keyed & { caller: Requester; productId: string; drop: NewDrop }, DropView];
  'drops.amend': [
    Conditional & Keyed & { caller: Requester; dropId: string; change: DropChange },
    DropView | DraftView,
  ];
  'drops.cancel': [Conditional & Keyed & { caller: Requester; dropId: string }, DropView];

  /**
   * Drafts of creators for whom the caller may act; those of others are `not-found`. To be sent
   * only from feature level 3 on.
   */
  'drafts.add': [Keyed & { caller: Requester; productId: string; drop: NewDrop }, DraftView];
  /** A drop where it is announced by now. */
  'drafts.get': [{ caller: Requester; dropId: string }, DraftView | DropView];
  'drafts.list': [Partial<DraftFilter> & { caller: Requester; page: PageRequest }, Page<DraftView>];
  'drafts.announce': [Conditional & Keyed & { caller: Requester; dropId: string }, DropView];
  /** Refuses `drop-announced` for a drop of the caller's own. */
  'drafts.remove': [Conditional & { caller: Requester; dropId: string }, null];
  'drops.pause': [
    Keyed & Conditional & { caller: Requester; dropId: string; details: PauseDetails },
    DropView,
  ];
  'drops.resume': [Keyed & Conditional & { caller: Requester; dropId: string }, DropView];

  /**
   * For the drop's creator and operators. To be sent only from feature level 4 on; `unavailable`
   * where there is no secret for passes.
   */
  'passes.make': [Keyed & { caller: Requester; dropId: string; passes: NewPasses }, MadePasses];

  /** `caller`: private media are shown to who may act for the creator. */
  'catalogue.product': [{ productId: string; caller?: Requester }, ProductView];
  /** Of each id, in their order; null for what is not there. At most 100 ids. */
  'catalogue.productsById': [{ productIds: readonly string[] }, readonly (ProductView | null)[]];
  /** `withHidden`: also what is taken down (A11), for whom it belongs to. */
  'catalogue.products': [
    ProductFilter & { page: PageRequest; withHidden?: boolean },
    Page<ProductView>,
  ];
  'catalogue.drops': [DropFilter & { page: PageRequest; withHidden?: boolean }, DropsPage];
  /** The next three are what gateways of level 0 call: they have checked who may. */
  'catalogue.addProduct': [NewProduct & { creatorId: string }, ProductView];
  'catalogue.changeProduct': [
    { callerId: string; productId: string; change: ProductPatch },
    ProductView,
  ];
  'catalogue.addDrop': [{ callerId: string; productId: string; drop: NewDrop }, DropView];

  'orders.list': [{ userId: string; page: PageRequest }, Page<OrderView>];
  /** Refuses `forbidden` for whoever is neither the drop's creator nor an operator. */
  'orders.ofDrop': [
    { caller: Requester; dropId: string; filter: DropOrdersFilter; page: PageRequest },
    DropOrdersPage,
  ];
  /** The next four refuse `not-found` for an id that names no order, too. */
  'orders.get': [{ caller: Requester; orderId: string }, OrderView];
  'orders.payments': [{ caller: Requester; orderId: string }, OrderPayments];
  /** That one's own order is in the ledger. Refuses `not-found`. */
  'orders.prove': [{ caller: Requester; orderId: string }, LedgerProof];
  'orders.cancel': [Keyed & { caller: Requester; orderId: string }, OrderView];
  'orders.refund': [
    Keyed & { caller: Requester; orderId: string; details?: RefundDetails },
    OrderView,
  ];

  /**
   * Of the caller, and of drops of creators for whom the caller may act; others are `not-found`.
   * The list has the caller's own.
   */
  'jobs.list': [{ caller: Requester; page: PageRequest }, Page<Job>];
  'jobs.get': [{ caller: Requester; jobId: string }, Job];
  /** Harmless to repeat. A running job ends after its step. */
  'jobs.cancel': [Keyed & { caller: Requester; jobId: string }, Job];
  /** As `jobs.refundOrders`; `unavailable` where this node has no place for files. */
  'jobs.exportOrders': [Keyed & { caller: Requester; dropId: string; wanted: NewExport }, Job];
  /** As `passes.make`; `unavailable` also where this node has no place for files. */
  'jobs.makePasses': [Keyed & { caller: Requester; dropId: string; wanted: NewPassList }, Job];
  /** Refuses `forbidden` for whoever is neither the drop's creator nor an operator. */
  'jobs.refundOrders': [Keyed & { caller: Requester; dropId: string; refunds: NewRefunds }, Job];

  /** The details of the caller's own order. To be sent only from feature level 3 on. */
  'details.put': [{ caller: Requester; orderId: string; details: OrderDetails }, OrderDetails];
  /** For the buyer, the drop's creator and operators; anybody else gets `not-found`. */
  'details.get': [{ caller: Requester; orderId: string }, OrderDetails];
  /** Of all orders of the caller. */
  'details.erase': [{ caller: Requester }, null];

  'follows.follow': [Keyed & { userId: string; creatorId: string }, null];
  'follows.unfollow': [{ userId: string; creatorId: string }, null];
  'follows.isFollowing': [{ userId: string; creatorId: string }, boolean];
  /** `withHidden`: also who is taken down (A11), for one's own data. */
  'follows.followers': [
    { creatorId: string; page: PageRequest; withHidden?: boolean },
    Page<NamedFollow>,
  ];
  'follows.following': [
    { userId: string; page: PageRequest; withHidden?: boolean },
    Page<NamedFollow>,
  ];
  /** Rises with each change of whom the user follows: see `FollowStore.revision` (F5). */
  'follows.revision': [{ userId: string }, number];
  /**
   * Ids of the creators a user follows, newest first, at most `limit`: for the live stream's own
   * subscriptions (N5).
   */
  'follows.creatorsOf': [{ userId: string; limit: number }, readonly string[]];

  /**
   * Bans (A9): `creatorId` null are those everywhere, of operators. The ban is changed where there
   * is one. Refuses `forbidden`, `too-many` and `overloaded`.
   */
  'bans.put': [
    { caller: Requester; creatorId: string | null; userId: string; ban: NewBan },
    MadeBan,
  ];
  'bans.lift': [{ caller: Requester; creatorId: string | null; userId: string }, null];
  /** Newest first, for auditors too. */
  'bans.list': [{ caller: Requester; creatorId: string | null; page: PageRequest }, Page<Ban>];

  /** How sellers stand and what is taken down (A11): for operators, reads for auditors too. */
  'sellers.list': [AsOperator & { standing: Standing; page: PageRequest }, Page<Seller>];
  'sellers.get': [AsOperator & { creatorId: string }, Seller];
  'sellers.change': [AsOperator & { creatorId: string; change: SellerChange }, ChangedSeller];
  'sellers.takeDowns': [AsOperator & { of: TakenDown; page: PageRequest }, Page<TakeDown>];
  'sellers.takeDown': [
    AsOperator & { of: TakenDown; id: string; takeDown: NewTakeDown },
    MadeTakeDown,
  ];
  'sellers.restore': [AsOperator & { of: TakenDown; id: string }, null];

  /** The key for subscriptions to pushes (R1). */
  'push.key': [Record<string, never>, PushKey];
  /** In place of a subscription of the same endpoint, whosever it was. */
  'push.subscribe': [
    { userId: string; sessionId?: string; subscription: NewPushSubscription },
    null,
  ];
  'push.unsubscribe': [{ userId: string; endpoint: string }, null];
  'push.subscriptions': [{ userId: string }, readonly OwnPushSubscription[]];

  /** Of at most 1,000 users those with a stream open. Answered by each gateway, for itself. */
  'presence.online': [{ userIds: readonly string[] }, readonly string[]];

  /** What a user wants to be told (R2). */
  'preferences.get': [{ userId: string }, Preferences];
  'preferences.change': [{ userId: string; change: PreferencesPatch }, Preferences];
  /** By the token of a mail: whoever has it may. Refuses `forbidden` for any other. */
  'preferences.unsubscribe': [{ token: string }, null];

  'notifications.list': [{ userId: string; unread: boolean; page: PageRequest }, NotificationsPage];
  'notifications.listAfter': [
    { userId: string; afterId: string; limit: number },
    readonly Notification[],
  ];
  'notifications.markRead': [Keyed & { userId: string; notificationId: string }, null];
  'notifications.markAllRead': [Keyed & { userId: string; upTo?: string | undefined }, null];

  /**
   * `unauthenticated` for a bad signature; a repeated webhook id succeeds and changes nothing (P2).
   */
  'payments.webhook': [WebhookCall, null];
  /** As `payments.webhook`, by Stripe's signatures. */
  'payments.stripeWebhook': [StripeCall, null];
  /**
   * What the buyer needs to pay for an own reserved order: carries a secret. `not-found` for any
   * other order, `order-not-payable` where nothing is to be paid.
   */
  'payments.ofBuyer': [{ caller: Requester; orderId: string }, BuyerPayment];
  /**
   * The buyer of a reserved order has the development provider settle its payment, which is done
   * by webhook calls after the answer. `not-found` where another provider takes payments.
   */
  'payments.settleInDevelopment': [
    { caller: Requester; orderId: string; outcome: PaymentBehaviour },
    null,
  ];

  /**
   * Answered by nodes with the role `search`. Which of them is asked, `services/moleculer/`
   * decides; without one that answers all of them are refused `search-unavailable`.
   */
  'search.find': [
    { filter: SearchFilter; page: PageRequest; withCounts: boolean; withExplanations: boolean },
    FoundPage,
  ];
  'search.suggest': [{ text: string; type?: SearchType; limit: number }, Suggested];
  /** Refuses `overloaded` where the node has too many results open. */
  'search.open': [{ filter: SearchFilter }, OpenedResult];
  /** The next of an opened result; null at its end. `not-found` once it is closed. */
  'search.read': [{ nodeId: string; streamId: string }, readonly SearchItem[] | null];
  'search.close': [{ nodeId: string; streamId: string }, null];
  /** The next two are for services, of one node each. */
  'search.status': [Record<string, never>, SearchNodeStatus];
  /** Refuses `already-running`. */
  'search.rebuild': [Record<string, never>, null];

  /**
   * Everything of `operator` refuses callers without the operator's role: `forbidden` (X3).
   * Auditors get what changes nothing (X3a).
   */
  'operator.listNodes': [AsOperator, readonly NodeRow[]];
  'operator.listShards': [AsOperator & { node?: string; state?: ShardStatus }, readonly ShardRow[]];
  /** The last moves of shards, newest first. */
  'operator.listMoves': [AsOperator & { limit?: number }, readonly MoveRecord[]];
  /** The audit log, newest first. */
  'audit.list': [AsOperator & { filter: AuditFilter; page: PageRequest }, Page<AuditEntry>];
  /**
   * What concerns the caller, or the creator that `creatorId` names. Refuses `not-found` for who is
   * no member, `forbidden` for a member whose role does not allow it.
   */
  'audit.ofCreator': [
    OfCreator & { filter: Omit<AuditFilter, 'creatorId'>; page: PageRequest },
    Page<AuditEntry>,
  ];
  /** Pins a shard to a node, which moves it there; `to` null takes the pin away. */
  'operator.pinShard': [AsOperator & Plannable & { shardId: string; to: string | null }, MovePlan];
  'operator.drainNode': [AsOperator & Plannable & { nodeId: string }, MovePlan];
  'operator.undrainNode': [AsOperator & Plannable & { nodeId: string }, MovePlan];
  /** Pins at most `movesMax` shards so that the busiest nodes give some of their load to others. */
  'operator.rebalanceShards': [AsOperator & Plannable & { movesMax?: number }, MovePlan];
  /** Asks a node to end in good order, so that whatever supervises it starts it again. */
  'operator.restartNode': [AsOperator & Keyed & { nodeId: string }, null];
  /** Serves a quarantined drop again. Refuses `not-found` where it is not in quarantine. */
  'operator.releaseDrop': [AsOperator & Keyed & { dropId: string }, null];
  /** Makes good what order lists and feeds lost of the shards' journals; of all, unless named. */
  'operator.rebuildLists': [
    AsOperator & Plannable & { shards?: readonly number[] | null },
    RebuildReport,
  ];
  /** Replays the journals of all shards and compares (X2): takes as long as these are large. */
  'operator.verifyJournals': [AsOperator, VerifyReport];
  /** Refunds that the payment provider did not make, newest first. */
  'operator.listRefunds': [
    AsOperator & { state?: RefundState; page: PageRequest },
    Page<ParkedRefund>,
  ];
  /** The next two refuse `not-found` for an id that names none, and change nothing twice. */
  'operator.retryRefund': [AsOperator & Plannable & { refundId: string }, RefundChange];
  'operator.dismissRefund': [
    AsOperator & Plannable & { refundId: string; reason: string },
    RefundChange,
  ];
  /** Payments of all drops that operators must look at, newest first. */
  'operator.listPaymentProblems': [
    AsOperator & ProblemFilter & { page: PageRequest },
    Page<PaymentProblem>,
  ];
  /** Jobs of all callers, newest first. */
  'operator.listJobs': [AsOperator & { state?: JobState; page: PageRequest }, Page<Job>];
  'operator.getJob': [AsOperator & { jobId: string }, Job];
  /** The next two refuse `not-found` for an id that names none, and change nothing twice. */
  'operator.retryJob': [AsOperator & Plannable & { jobId: string }, JobChange];
  'operator.cancelJob': [AsOperator & Plannable & { jobId: string }, JobChange];
  /** Webhooks of all creators, and deliveries of one. */
  'operator.listWebhooks': [AsOperator & { page: PageRequest }, Page<Webhook>];
  'operator.listDeliveries': [
    AsOperator & { webhookId: string; state?: DeliveryState; page: PageRequest },
    Page<Delivery>,
  ];
  /** Refuses `not-found`. Harmless to repeat. */
  'operator.disableWebhook': [AsOperator & { webhookId: string }, Webhook];
  /** Refuses `not-found`, `webhook-disabled`. */
  'operator.resendDelivery': [AsOperator & { webhookId: string; deliveryId: string }, Delivery];
  /** What is wrong now. */
  'operator.reportAlarms': [AsOperator, AlarmReport];
  /** Answered by each node, for itself: what alarms are made of. */
  'measures.read': [Record<string, never>, readonly Sample[]];
  /** The indexes of all nodes that search. */
  'operator.listSearchNodes': [AsOperator, readonly SearchNode[]];
  /** Makes a node's index anew. Refuses `not-found`, `already-running`. */
  'operator.rebuildSearch': [AsOperator & { nodeId: string }, null];
  /** The caches of all gateways. */
  'operator.listCaches': [AsOperator, readonly NodeCaches[]];
  'operator.evictCaches': [AsOperator & { eviction: CacheEviction }, readonly EvictedCaches[]];
  /** The next two are answered by each gateway, for itself. */
  'caches.report': [Record<string, never>, readonly CacheSample[]];
  'caches.evict': [{ eviction: CacheEviction }, number];
  /** The answer alone has the secrets of the second factor. Refuses `too-many`. */
  'operator.getMedia': [AsOperator & { mediaId: string }, Media];
  /** As it was. */
  'operator.removeMedia': [AsOperator & MediaRemoval & { mediaId: string }, Media];
  'operator.addOperator': [AsOperator & { operator: NewOperator }, AddedOperator];
  /** The keys of pushes, the present one first. */
  'operator.listPushKeys': [AsOperator, readonly PushKeyRow[]];
  /** The keys as they are then. Refuses `not-found`, `too-many`. */
  'operator.rotatePushKeys': [AsOperator & PushKeyRotation, readonly PushKeyRow[]];
  'operator.removePushKey': [AsOperator & { keyId: string }, null];
  /** All of these refuse `not-found` where there is no ledger, or not what is asked for. */
  'operator.getLedger': [AsOperator, LedgerStatus];
  'operator.getLedgerTile': [AsOperator & { tree: string; path: string }, Uint8Array];
  'operator.getLedgerLeaves': [
    AsOperator & { tree: string; from: number; limit: number },
    LedgerLeaves,
  ];
  'operator.getLedgerEdge': [AsOperator & { tree: string; size: number }, LedgerEdge];
  'operator.proveLedger': [
    AsOperator & { tree?: string; number?: number; order?: string; buyer?: string },
    LedgerProof,
  ];
  'operator.proveLedgerConsistency': [AsOperator & { from: number }, LedgerConsistency];
  /** The keys as they are then. Refuses `too-many`. */
  /** Remembers the outcome of a comparison of the ledger with its truth. */
  'operator.noteLedgerCheck': [AsOperator & { check: LedgerCheck }, null];
  'operator.rotateLedgerKey': [AsOperator & { after: string }, readonly LedgerKeyRow[]];
  'operator.removeLedgerKey': [AsOperator & { keyId: string }, null];
  'operator.listOperators': [AsOperator, readonly OperatorRow[]];
  'operator.removeOperator': [AsOperator & { userId: string }, null];
  /**
   * Starts a verification or a rebuild. `already-running` while another of the kind is under way.
   * The caller follows the run, or it is cancelled (`UNFOLLOWED_MAX_MS`).
   */
  'operator.startRun': [
    AsOperator & Plannable & { kind: RunKind; shards?: readonly number[] | null },
    RunState,
  ];
  /** Its state now. The end of a run is told for a minute. */
  'operator.followRun': [AsOperator & { runId: string }, RunState];
  'analytics.ofDrop': [{ caller: Requester; dropId: string; range: AnalyticsRange }, DropAnalytics];
  'analytics.ofCreator': [
    { caller: Requester; creatorId: string; range: AnalyticsRange },
    Analytics,
  ];
  'analytics.ofAll': [AsOperator & { range: AnalyticsRange }, Analytics];
  'operator.cancelRun': [AsOperator & { runId: string }, null];
  /** Those under way. */
  'operator.listRuns': [AsOperator, readonly RunState[]];
  /** The rest is what gateways of level 0 call: they have checked the role. */
  'operator.nodes': [Record<string, never>, readonly NodeRow[]];
  'operator.shards': [Record<string, never>, readonly ShardRow[]];
  'operator.moves': [{ limit: number }, readonly MoveRecord[]];
  'operator.actions': [{ page: PageRequest }, Page<OperatorAction>];
  /** Up to feature level 6. */
  'operator.listActions': [AsOperator & { page: PageRequest }, Page<OperatorAction>];
  'operator.pin': [
    { operatorId: string; shard: number; to: string | null; dryRun: boolean },
    MovePlan,
  ];
  'operator.drain': [{ operatorId: string; nodeId: string; dryRun: boolean }, MovePlan];
  'operator.undrain': [{ operatorId: string; nodeId: string; dryRun: boolean }, MovePlan];
  'operator.rebalance': [{ operatorId: string; movesMax: number; dryRun: boolean }, MovePlan];
  'operator.restart': [{ operatorId: string; nodeId: string }, null];
  'operator.rebuild': [
    { operatorId: string; shards: readonly number[] | null; dryRun: boolean },
    RebuildReport,
  ];
  'operator.verify': [Record<string, never>, VerifyReport];
}

export type ActionName = keyof Actions;
export type ActionParams<A extends ActionName> = Actions[A][0];
export type ActionOutcome<A extends ActionName> =
  | Outcome<Actions[A][1]>
  | (Actions[A] extends readonly [unknown, unknown, infer Own] ? Own : never);

/**
 * How gateways call services: one typed function, so that they need not know the broker. Rejects
 * only for faults. `traceparent` (W3C Trace Context) goes along to the service, where there is one
 * (H4), and so does `origin`, for the audit log (X5).
 */
export type CallAction = <A extends ActionName>(
  action: A,
  params: ActionParams<A>,
  traceparent?: string,
  origin?: Origin,
) => Promise<ActionOutcome<A>>;
