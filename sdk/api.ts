// Written by `npm run sdk` from the server's definitions: what the API takes and
// answers with, and the messages of the live stream. Not to be changed by hand.

/* oxlint-disable */

export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code:
    | 'sold-out'
    | 'insufficient-stock'
    | 'drop-not-live'
    | 'drop-already-started'
    | 'drop-ended'
    | 'drop-paused'
    | 'pass-required'
    | 'pass-invalid'
    | 'pass-not-yet'
    | 'pass-used'
    | 'limit-per-user'
    | 'hold-expired'
    | 'order-not-cancellable'
    | 'order-not-refundable'
    | 'order-not-payable'
    | 'idempotency-key-missing'
    | 'idempotency-key-reused'
    | 'request-in-progress'
    | 'email-taken'
    | 'drops-not-over'
    | 'last-owner'
    | 'already-running'
    | 'too-many'
    | 'precondition-failed'
    | 'drop-announced'
    | 'order-over'
    | 'export-not-done'
    | 'media-too-large'
    | 'media-quota'
    | 'media-in-use'
    | 'webhook-disabled'
    | 'invalid-request'
    | 'unauthenticated'
    | 'second-factor-required'
    | 'forbidden'
    | 'banned'
    | 'suspended'
    | 'not-approved'
    | 'not-found'
    | 'rate-limited'
    | 'overloaded'
    | 'unavailable'
    | 'search-unavailable'
    | 'method-not-allowed'
    | 'payload-too-large'
    | 'unsupported-media-type'
    | 'upgrade-required'
    | 'position-trimmed'
    | 'range-not-satisfiable'
    | 'tus-version'
    | 'upload-offset'
    | 'upload-locked'
    | 'checksum-mismatch'
    | 'internal';
  readonly detail?: string;
  readonly instance?: string;
  readonly version?: number;
  readonly startsAt?: string;
  readonly serverTime?: number;
  readonly orderId?: string;
}

export interface Register {
  readonly email: string;
  readonly password: string;
  readonly name: string;
}

export interface Session {
  readonly user: OwnProfile;
  readonly accessToken: string;
  readonly refreshToken: string;
  /** seconds until the access token ends */
  readonly expiresIn: number;
}

export interface OwnProfile {
  readonly id: string;
  readonly name: string;
  readonly followerCount: number;
  readonly followingCount: number;
  readonly createdAt: string;
  readonly picture?: Picture;
  readonly email: string;
  /** whether a mail to it was answered */
  readonly emailConfirmed: boolean;
  readonly roles: ReadonlyArray<string>;
}

export interface Picture {
  readonly id: string;
  readonly width: number;
  readonly height: number;
  readonly url: string;
  readonly preview?: string;
}

export interface LogIn {
  readonly email: string;
  readonly password: string;
  /** of the second factor, where the account has one: 6 digits, or a recovery code */
  readonly code?: string;
}

export interface Refresh {
  readonly refreshToken: string;
}

export interface ForgottenPassword {
  readonly email: string;
}

export interface NewPassword {
  /** of the link in the mail */
  readonly token: string;
  readonly newPassword: string;
}

export interface ConfirmEmail {
  /** of the link in the mail */
  readonly token: string;
}

export interface ProfilePatch {
  /** an uploaded picture (purpose avatar); null takes it away */
  readonly avatarMediaId: string | null;
}

export interface Profile {
  readonly id: string;
  readonly name: string;
  readonly followerCount: number;
  readonly followingCount: number;
  readonly createdAt: string;
  readonly picture?: Picture;
  readonly deleted?: true;
}

export interface AccountSessions {
  readonly items: ReadonlyArray<AccountSession>;
}

export interface AccountSession {
  readonly id: string;
  /** what the client said it is, from its User-Agent */
  readonly device: string;
  readonly createdAt: string;
  readonly lastUsedAt: string;
  readonly expiresAt: string;
  /** whether it is the session that asks */
  readonly current: boolean;
}

export interface PasswordChange {
  readonly currentPassword: string;
  readonly newPassword: string;
}

export interface AccountDeletion {
  readonly password: string;
}

export interface AccountExport {
  readonly exportedAt: string;
  readonly userId: string;
  readonly account: OwnProfile | null;
  readonly sessions: ReadonlyArray<AccountSession>;
  readonly apiKeys: ReadonlyArray<ApiKey>;
  readonly organisations?: ReadonlyArray<OwnOrganisation>;
  readonly following: ReadonlyArray<Follow>;
  readonly followers: ReadonlyArray<Follow>;
  readonly products: ReadonlyArray<Product>;
  readonly drops: ReadonlyArray<Drop>;
  readonly drafts?: ReadonlyArray<Drop>;
  readonly orders: ReadonlyArray<Order>;
  readonly notifications: ReadonlyArray<Notification>;
  readonly preferences: Preferences;
  readonly pushSubscriptions: ReadonlyArray<OwnPushSubscription>;
}

export interface ApiKey {
  readonly id: string;
  readonly name: string;
  readonly scopes: ReadonlyArray<
    | 'catalogue:write'
    | 'orders:read'
    | 'orders:refund'
    | 'changes:read'
    | 'tokens:exchange'
    | 'contacts:write'
    | 'webhooks:write'
    | 'metrics:read'
  >;
  readonly hint: string;
  readonly createdAt: string;
  readonly lastUsedAt: string | null;
  readonly endsAt: string | null;
}

export interface OwnOrganisation {
  readonly id: string;
  readonly name: string;
  readonly role: 'owner' | 'manager' | 'support';
  readonly memberCount: number;
  readonly createdAt: string;
}

export interface Follow {
  readonly userId: string;
  readonly name: string;
  readonly since: string;
}

export interface Product {
  readonly id: string;
  readonly creatorId: string;
  readonly name: string;
  readonly description: string;
  readonly imageUrls: ReadonlyArray<string>;
  readonly createdAt: string;
  readonly revision: number;
  readonly metadata?: Metadata;
  readonly externalId?: string;
  /** uploaded pictures and films by their REST ids, in order; they replace imageUrls */
  readonly mediaIds?: ReadonlyArray<string>;
  /** in no list and no search: who has its id reads it */
  readonly unlisted?: true;
  /** its owner alone sees its media, until its first drop is announced */
  readonly hasPrivateMedia?: true;
  readonly picture?: Picture;
  readonly media?: ReadonlyArray<ProductMedia>;
}

/**
 * up to 8 texts, 512 bytes in all; names have up to 40 letters, digits, and . _ - behind the
 * first; nothing personal
 */
export type Metadata = Readonly<Record<string, string>>;

export interface ProductMedia {
  readonly id: string;
  readonly kind: 'image' | 'video';
  readonly type: string;
  readonly width: number;
  readonly height: number;
  readonly preview?: string;
  readonly variants: ReadonlyArray<MediaVariant>;
}

export interface MediaVariant {
  readonly name: string;
  readonly type: string;
  readonly width: number;
  readonly height: number;
  readonly bytes: number;
  readonly url: string;
}

export interface Drop {
  readonly id: string;
  readonly productId: string;
  readonly creatorId: string;
  readonly status: 'upcoming' | 'live' | 'ended' | 'cancelled' | 'draft';
  readonly soldOut: boolean;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly unitAmount: number;
  readonly currency: string;
  readonly limitPerUser: number;
  readonly holdSeconds: number;
  readonly payment: 'instant' | 'provider';
  readonly stocked: number;
  readonly held: number;
  readonly sold: number;
  readonly free: number;
  readonly version: number;
  readonly revision: number;
  readonly createdAt: string;
  readonly access?: 'pass';
  readonly earlyAccessSeconds?: number;
  /** in no list and no search: who has its id reads it */
  readonly unlisted?: true;
  readonly paused?: true;
  readonly pausedAt?: string;
  readonly pauseReason?: string;
  readonly holdsPaused?: true;
  readonly metadata?: Metadata;
  readonly externalId?: string;
  readonly picture?: Picture;
}

export interface Order {
  readonly id: string;
  readonly dropId: string;
  readonly userId: string;
  readonly quantity: number;
  readonly status: 'reserved' | 'confirmed' | 'failed' | 'cancelled' | 'expired' | 'refunded';
  readonly totalAmount: number;
  readonly currency: string;
  readonly createdAt: string;
  readonly holdExpiresAt?: string;
  readonly hasDetails?: true;
  readonly payment?: {
    readonly provider: string;
    readonly reference: string;
    readonly status?: 'preparing' | 'ready';
  };
  readonly refundRequested?: boolean;
  readonly metadata?: Metadata;
  readonly refundedAmount?: number;
  readonly refundedQuantity?: number;
  readonly version: number;
}

export interface Notification {
  readonly id: string;
  readonly type: string;
  readonly data: Readonly<Record<string, string | number | boolean>>;
  readonly createdAt: string;
  readonly readAt: string | null;
}

export interface Preferences {
  readonly push: PushPreferences;
  readonly mail: MailPreferences;
  /** nothing of their drops; orders are told all the same */
  readonly mutedCreators: ReadonlyArray<string>;
  /** as a creator: over how long the pushes of one event go out */
  readonly spreadSeconds: number;
}

export interface PushPreferences {
  /** a drop of a followed creator has started */
  readonly dropStarted: boolean;
  /** few units of such a drop are left */
  readonly lowStock: boolean;
  /** such a drop was sold out, and has units again */
  readonly backInStock: boolean;
  /** one’s own orders: confirmed, refunded, payment failed */
  readonly orders: boolean;
}

export interface MailPreferences {
  /** one’s own orders: confirmed, refunded */
  readonly orders: boolean;
  /** a followed creator has announced a drop */
  readonly dropAnnounced: boolean;
}

export interface OwnPushSubscription {
  readonly endpoint: string;
  readonly keyId: string;
  readonly createdAt: string;
}

export interface EmailChange {
  readonly email: string;
  readonly password: string;
}

export interface NewApiKey {
  readonly name: string;
  readonly scopes: ReadonlyArray<
    | 'catalogue:write'
    | 'orders:read'
    | 'orders:refund'
    | 'changes:read'
    | 'tokens:exchange'
    | 'contacts:write'
    | 'webhooks:write'
    | 'metrics:read'
  >;
  readonly endsAt?: string;
}

export interface CreatedApiKey {
  readonly id: string;
  readonly name: string;
  readonly scopes: ReadonlyArray<
    | 'catalogue:write'
    | 'orders:read'
    | 'orders:refund'
    | 'changes:read'
    | 'tokens:exchange'
    | 'contacts:write'
    | 'webhooks:write'
    | 'metrics:read'
  >;
  readonly hint: string;
  readonly createdAt: string;
  readonly lastUsedAt: string | null;
  readonly endsAt: string | null;
  /** shown this once */
  readonly key: string;
}

export interface ApiKeyPage {
  readonly items: ReadonlyArray<ApiKey>;
  readonly nextCursor: string | null;
}

export interface NewOrganisation {
  readonly name: string;
}

export interface OwnOrganisationPage {
  readonly items: ReadonlyArray<OwnOrganisation>;
  readonly nextCursor: string | null;
}

export interface MemberPage {
  readonly items: ReadonlyArray<Member>;
  readonly nextCursor: string | null;
}

export interface Member {
  readonly userId: string;
  readonly name: string;
  readonly role: 'owner' | 'manager' | 'support';
  readonly since: string;
}

export interface RoleChange {
  readonly role: 'owner' | 'manager' | 'support';
}

export interface NewInvitation {
  readonly email: string;
  readonly role: 'owner' | 'manager' | 'support';
}

export interface SentInvitation {
  readonly id: string;
  readonly role: 'owner' | 'manager' | 'support';
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly email: string;
  readonly invitedBy: string;
}

export interface SentInvitationPage {
  readonly items: ReadonlyArray<SentInvitation>;
  readonly nextCursor: string | null;
}

export interface ReceivedInvitationPage {
  readonly items: ReadonlyArray<ReceivedInvitation>;
  readonly nextCursor: string | null;
}

export interface ReceivedInvitation {
  readonly id: string;
  readonly role: 'owner' | 'manager' | 'support';
  readonly createdAt: string;
  readonly expiresAt: string;
  readonly organisationId: string;
  readonly organisationName: string;
}

export interface InvitationAnswer {
  /** of the link in the mail: confirms the address */
  readonly token?: string;
}

export interface TokenExchange {
  readonly grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange';
  readonly subject_token: string;
  readonly subject_token_type: 'urn:livedrops:params:oauth:token-type:shop-user';
  readonly requested_token_type?: 'urn:ietf:params:oauth:token-type:access_token';
}

export interface ExchangedToken {
  readonly access_token: string;
  readonly issued_token_type: 'urn:ietf:params:oauth:token-type:access_token';
  readonly token_type: 'Bearer';
  /** seconds */
  readonly expires_in: number;
  /** the user's id here, as orders and changes have it */
  readonly user_id: string;
}

export interface ContactPage {
  readonly items: ReadonlyArray<Contact>;
  readonly nextCursor: string | null;
}

export interface Contact {
  readonly userId: string;
  readonly user: string;
  readonly email?: string;
  readonly language?: string;
  readonly pushSubscriptions?: ReadonlyArray<{
    readonly endpoint: string;
    readonly keys: {
      readonly p256dh: string;
      readonly auth: string;
    };
  }>;
  readonly createdAt: string;
  readonly changedAt: string;
}

export interface NewContact {
  readonly email?: string;
  readonly language?: string;
  readonly pushSubscriptions?: ReadonlyArray<{
    readonly endpoint: string;
    readonly keys: {
      readonly p256dh: string;
      readonly auth: string;
    };
  }>;
}

export interface SampleShopOffer {
  /** a node alone in development, without a drop, asked from its own machine */
  readonly isOffered: boolean;
}

export interface NewSampleShop {}

export interface SampleShop {
  /** one that is live */
  readonly dropId: string;
  /** of one of its creators */
  readonly email: string;
  readonly password: string;
}

export interface AuditPage {
  readonly items: ReadonlyArray<AuditEntry>;
  readonly nextCursor: string | null;
}

export interface AuditEntry {
  /** rises by one with each entry */
  readonly sequence: number;
  readonly at: string;
  readonly actor: {
    readonly kind: 'user' | 'api-key' | 'operator' | 'command-line' | 'system';
    /** a user id; of an API key its owner; of the server itself “system” */
    readonly id: string;
    readonly keyId: string | null;
  };
  /** such as drops.cancel, pin or drain */
  readonly action: string;
  readonly target: {
    readonly type: string;
    readonly id: string;
  } | null;
  /** the account or organisation whose matter it is; null: the cluster’s */
  readonly creatorId: string | null;
  /** what was asked */
  readonly params: Readonly<Record<string, string | number | boolean | null>>;
  /** the fields that changed */
  readonly changes: ReadonlyArray<AuditChange>;
  readonly outcome: 'planned' | 'done' | 'refused' | 'failed' | 'unknown';
  /** one sentence */
  readonly result: string;
  /** the client’s, as limits count it: of IPv6 the /64 */
  readonly address: string | null;
  readonly requestId: string | null;
}

export interface AuditChange {
  readonly field: string;
  readonly before: string | number | boolean | null;
  readonly after: string | number | boolean | null;
}

export interface NewWebhook {
  /** https, on the public network */
  readonly url: string;
  readonly events: ReadonlyArray<
    | 'drop.scheduled'
    | 'drop.changed'
    | 'drop.started'
    | 'drop.sold_out'
    | 'drop.restocked'
    | 'drop.paused'
    | 'drop.resumed'
    | 'drop.ended'
    | 'drop.cancelled'
    | 'order.reserved'
    | 'order.confirmed'
    | 'order.payment_failed'
    | 'order.failed'
    | 'order.cancelled'
    | 'order.expired'
    | 'order.partially_refunded'
    | 'order.refunded'
  >;
  readonly description?: string;
  /**
   * drop: calls about one drop come one after the other, and one that fails holds back the
   * later ones of its drop; none: calls overtake each other
   */
  readonly ordering?: 'none' | 'drop';
  /** calls a second at most */
  readonly ratePerSecond?: number;
  readonly creatorId?: string;
}

export interface CreatedWebhook {
  readonly id: string;
  readonly creatorId: string;
  readonly url: string;
  readonly description?: string;
  readonly events: ReadonlyArray<
    | 'drop.scheduled'
    | 'drop.changed'
    | 'drop.started'
    | 'drop.sold_out'
    | 'drop.restocked'
    | 'drop.paused'
    | 'drop.resumed'
    | 'drop.ended'
    | 'drop.cancelled'
    | 'order.reserved'
    | 'order.confirmed'
    | 'order.payment_failed'
    | 'order.failed'
    | 'order.cancelled'
    | 'order.expired'
    | 'order.partially_refunded'
    | 'order.refunded'
  >;
  /**
   * drop: calls about one drop come one after the other, and one that fails holds back the
   * later ones of its drop; none: calls overtake each other
   */
  readonly ordering: 'none' | 'drop';
  readonly ratePerSecond: number;
  readonly enabled: boolean;
  /** failing: no call was taken for 24 hours; gone: the endpoint answered 410 */
  readonly disabledReason?: 'owner' | 'operator' | 'failing' | 'gone';
  readonly disabledAt?: string;
  readonly createdAt: string;
  /** what signs its calls; shown this once */
  readonly secret: string;
}

export interface WebhookPage {
  readonly items: ReadonlyArray<Webhook>;
  readonly nextCursor: string | null;
}

export interface Webhook {
  readonly id: string;
  readonly creatorId: string;
  readonly url: string;
  readonly description?: string;
  readonly events: ReadonlyArray<
    | 'drop.scheduled'
    | 'drop.changed'
    | 'drop.started'
    | 'drop.sold_out'
    | 'drop.restocked'
    | 'drop.paused'
    | 'drop.resumed'
    | 'drop.ended'
    | 'drop.cancelled'
    | 'order.reserved'
    | 'order.confirmed'
    | 'order.payment_failed'
    | 'order.failed'
    | 'order.cancelled'
    | 'order.expired'
    | 'order.partially_refunded'
    | 'order.refunded'
  >;
  /**
   * drop: calls about one drop come one after the other, and one that fails holds back the
   * later ones of its drop; none: calls overtake each other
   */
  readonly ordering: 'none' | 'drop';
  readonly ratePerSecond: number;
  readonly enabled: boolean;
  /** failing: no call was taken for 24 hours; gone: the endpoint answered 410 */
  readonly disabledReason?: 'owner' | 'operator' | 'failing' | 'gone';
  readonly disabledAt?: string;
  readonly createdAt: string;
}

export interface WebhookChange {
  /** https, on the public network */
  readonly url?: string;
  readonly events?: ReadonlyArray<
    | 'drop.scheduled'
    | 'drop.changed'
    | 'drop.started'
    | 'drop.sold_out'
    | 'drop.restocked'
    | 'drop.paused'
    | 'drop.resumed'
    | 'drop.ended'
    | 'drop.cancelled'
    | 'order.reserved'
    | 'order.confirmed'
    | 'order.payment_failed'
    | 'order.failed'
    | 'order.cancelled'
    | 'order.expired'
    | 'order.partially_refunded'
    | 'order.refunded'
  >;
  readonly description?: string | null;
  /**
   * drop: calls about one drop come one after the other, and one that fails holds back the
   * later ones of its drop; none: calls overtake each other
   */
  readonly ordering?: 'none' | 'drop';
  /** calls a second at most */
  readonly ratePerSecond?: number;
  /** true: it gets what happens from now on; false: what waits is given up */
  readonly enabled?: boolean;
}

export interface WebhookRotation {
  /** for so long the secret before signs as well */
  readonly overlapSeconds?: number;
}

export interface WebhookDelivery {
  readonly id: string;
  /** the header webhook-id, the same in each attempt */
  readonly messageId: string;
  readonly type: string;
  /** waiting: it is sent, or sent again; failed: it is not sent any more */
  readonly state: 'waiting' | 'sent' | 'failed';
  readonly occurredAt: string;
  readonly attemptCount: number;
  /** the newest ones, oldest first */
  readonly attempts: ReadonlyArray<WebhookDeliveryAttempt>;
  readonly nextAttemptAt?: string;
  readonly finishedAt?: string;
}

export interface WebhookDeliveryAttempt {
  readonly at: string;
  readonly durationMs: number;
  /** of the answer */
  readonly status?: number;
  /** why it failed, such as `timeout` */
  readonly reason?: string;
  /** the beginning of the answer’s body */
  readonly excerpt?: string;
}

export interface WebhookDeliveryPage {
  readonly items: ReadonlyArray<WebhookDelivery>;
  readonly nextCursor: string | null;
}

export interface NewProduct {
  readonly name: string;
  readonly description?: string;
  /** addresses of pictures elsewhere; not together with mediaIds */
  readonly imageUrls?: ReadonlyArray<string>;
  /** uploaded pictures and films by their REST ids, in order; they replace imageUrls */
  readonly mediaIds?: ReadonlyArray<string>;
  readonly metadata?: Metadata;
  readonly externalId?: string;
  /** true, for good: in no list and no search, and nobody is told of it */
  readonly unlisted?: boolean;
}

export interface ProductPage {
  readonly items: ReadonlyArray<Product>;
  readonly nextCursor: string | null;
}

export interface ProductPatch {
  readonly name?: string;
  readonly description?: string;
  /** addresses of pictures elsewhere; not together with mediaIds */
  readonly imageUrls?: ReadonlyArray<string>;
  /** uploaded pictures and films by their REST ids, in order; they replace imageUrls */
  readonly mediaIds?: ReadonlyArray<string>;
  readonly metadata?: Metadata;
  readonly externalId?: string | null;
}

export interface UploadPlace {
  /** of tus 1.0.0, at the media origin: uploads begin by a POST */
  readonly url: string;
}

export interface Media {
  readonly id: string;
  readonly ownerId: string;
  readonly purpose: 'product' | 'avatar';
  readonly bytes: number;
  readonly status: 'uploading' | 'processing' | 'ready' | 'refused';
  readonly reason?: string;
  readonly createdAt: string;
  readonly expiresAt?: string;
  /** private: its URLs are signed, and its owner alone gets them */
  readonly visibility?: 'private' | 'public';
  readonly content?: {
    readonly kind: 'image' | 'video';
    readonly type: string;
    readonly sha256: string;
    readonly width: number;
    readonly height: number;
    readonly preview: string | null;
    readonly variants: ReadonlyArray<MediaVariant>;
  };
}

export interface NewDrop {
  readonly startsAt: string;
  readonly endsAt: string;
  readonly stock: number;
  readonly unitAmount: number;
  /** a current code of ISO 4217 (list one of 2026-09-17), in capitals */
  readonly currency: string;
  readonly limitPerUser?: number;
  readonly holdSeconds?: number;
  readonly payment?: 'instant' | 'provider';
  /** pass: only those with a pass may order; afterwards it may become public */
  readonly access?: 'public' | 'pass';
  /** how long before the start those with a pass may order */
  readonly earlyAccessSeconds?: number;
  readonly metadata?: Metadata;
  readonly externalId?: string;
  /** true: seen by its creator alone, until it is announced */
  readonly draft?: boolean;
  /** true, for good: in no list and no search, and nobody is told of it */
  readonly unlisted?: boolean;
}

export interface DropPatch {
  readonly startsAt?: string;
  readonly endsAt?: string;
  readonly limitPerUser?: number;
  /** not 0; negative takes away */
  readonly addStock?: number;
  /** before the start: all units of the drop; not together with addStock */
  readonly stock?: number;
  /** before the start */
  readonly unitAmount?: number;
  /** pass: only those with a pass may order; afterwards it may become public */
  readonly access?: 'public' | 'pass';
  /** how long before the start those with a pass may order */
  readonly earlyAccessSeconds?: number;
  readonly metadata?: Metadata;
  readonly externalId?: string | null;
  /** a current code of ISO 4217 (list one of 2026-09-17), in capitals */
  readonly currency?: string;
  readonly holdSeconds?: number;
  readonly payment?: 'instant' | 'provider';
}

export interface PauseDetails {
  /** move the deadlines of present holds by the length of the pause */
  readonly extendHolds?: boolean;
  /** shown to everybody, and kept for good */
  readonly reason?: string;
}

export interface DropPage {
  readonly items: ReadonlyArray<Drop>;
  readonly nextCursor: string | null;
  /**
   * Every drop of the page was so at this time or later. It is more than a moment ago where the
   * node of a drop does not answer, and left out where it is not known.
   */
  readonly asOf?: string;
}

export interface OrderDetails {
  readonly name?: string;
  readonly company?: string;
  readonly lines?: ReadonlyArray<string>;
  readonly city?: string;
  readonly region?: string;
  readonly postalCode?: string;
  /** a code of ISO 3166-1, such as DE */
  readonly country?: string;
  readonly phone?: string;
  readonly email?: string;
  readonly note?: string;
}

export interface NewOrder {
  readonly quantity: number;
  readonly metadata?: Metadata;
  /** a pass of the drop, as its creator gave it out */
  readonly pass?: string;
}

export interface LedgerProof {
  /** a signed checkpoint (C2SP, tlog-checkpoint) */
  readonly checkpoint: string;
  readonly tree: string;
  readonly number: number;
  readonly inclusion: InclusionProof;
  readonly head: InclusionProof;
}

export interface InclusionProof {
  readonly index: number;
  readonly size: number;
  /** base64 */
  readonly leaf: string;
  readonly path: ReadonlyArray<string>;
}

export interface OrderPayments {
  readonly items: ReadonlyArray<Payment>;
  readonly refunds: ReadonlyArray<OrderRefund>;
  readonly readyInMs?: number;
}

export interface Payment {
  readonly reference: string;
  readonly status: 'pending' | 'failed' | 'cancelled' | 'succeeded' | 'refunding' | 'refunded';
  readonly amount: number;
  readonly currency: string;
  readonly refundedAmount: number;
  readonly dispute?: PaymentDispute;
}

export interface PaymentDispute {
  readonly status: 'open' | 'won' | 'lost';
  readonly amount: number;
  readonly currency: string;
  readonly openedAt: string;
  readonly closedAt?: string;
}

export interface OrderRefund {
  readonly number: number;
  readonly amount: number;
  readonly quantity: number;
  readonly restocked: boolean;
  readonly reason?: string;
  readonly createdAt?: string;
}

export interface OrderPage {
  readonly items: ReadonlyArray<Order>;
  readonly nextCursor: string | null;
}

export interface RefundDetails {
  /** in the currency’s minor unit; by default the price of `quantity`, or all that is left */
  readonly amount?: number;
  /**
   * units that the buyer gives back; by default none where only a part of the money is
   * refunded, else all
   */
  readonly quantity?: number;
  /** whether these units are on sale again; otherwise they leave the drop */
  readonly restock?: boolean;
  /** shown to the buyer, kept for good, and given to the payment provider: nothing personal */
  readonly reason?: string;
}

export type ExportLine = ExportHead | ExportedOrder;

export interface ExportHead {
  readonly kind: 'export';
  readonly dropId: string;
  /** the drop’s version that the orders show */
  readonly version: number;
  /** how many lines follow */
  readonly orders: number;
}

export interface ExportedOrder {
  readonly id: string;
  readonly dropId: string;
  readonly userId: string;
  readonly quantity: number;
  readonly status: 'reserved' | 'confirmed' | 'failed' | 'cancelled' | 'expired' | 'refunded';
  readonly totalAmount: number;
  readonly currency: string;
  readonly createdAt: string;
  readonly holdExpiresAt?: string;
  readonly hasDetails?: true;
  readonly payment?: {
    readonly provider: string;
    readonly reference: string;
    readonly status?: 'preparing' | 'ready';
  };
  readonly refundRequested?: boolean;
  readonly metadata?: Metadata;
  readonly refundedAmount?: number;
  readonly refundedQuantity?: number;
  readonly version: number;
  readonly details?: OrderDetails;
}

export interface DropOrdersPage {
  readonly items: ReadonlyArray<Order>;
  readonly nextCursor: string | null;
  readonly version: number;
}

export interface DropAnalytics {
  readonly dropId: string;
  readonly creatorId: string;
  readonly openedAt: string | null;
  /** when an order took the last free unit for the first time */
  readonly soldOutAt: string | null;
  /** from the opening until then */
  readonly secondsToSoldOut: number | null;
  /** live streams that watch it now */
  readonly watching: number;
  readonly step: 'second' | 'minute' | 'hour';
  readonly from: string;
  readonly to: string;
  readonly total: AnalyticsFigures;
  readonly inRange: AnalyticsFigures;
  /** oldest first, without those in which nothing happened */
  readonly points: ReadonlyArray<AnalyticsPoint>;
}

/** of all time */
export interface AnalyticsFigures {
  /** reads of the drop by its address */
  readonly views: number;
  /** live streams that began to watch it */
  readonly streams: number;
  /** the most live streams at once; of several gateways, of each its most */
  readonly watchersMax: number;
  /** answered requests to place an order */
  readonly tries: number;
  readonly refused: ReadonlyArray<RefusedTries>;
  readonly latency: OrderLatency;
  /** orders by view; null without views */
  readonly conversion: number | null;
  /** orders placed */
  readonly placed: number;
  /** orders sold, whatever became of them later */
  readonly orders: number;
  /** units of these orders */
  readonly units: number;
  /** what these orders cost */
  readonly revenue: ReadonlyArray<CurrencyAmount>;
  readonly holds: EndedHolds;
  readonly payments: PaymentFigures;
  readonly refunds: RefundFigures;
  readonly buyers: BuyerFigures;
}

export interface RefusedTries {
  readonly code: string;
  readonly count: number;
}

export interface OrderLatency {
  readonly within20Ms: number;
  /** of the others */
  readonly within200Ms: number;
  /** of the others */
  readonly within500Ms: number;
  readonly longer: number;
}

export interface CurrencyAmount {
  readonly currency: string;
  /** in the minor unit of the currency */
  readonly amount: number;
}

export interface EndedHolds {
  readonly expired: number;
  /** orders cancelled before they were paid */
  readonly released: number;
}

export interface PaymentFigures {
  /** payments that sold an order */
  readonly confirmed: number;
  /** of these, after the hold had ended */
  readonly late: number;
  /** orders that ended by their payment */
  readonly failed: number;
  /** attempts after which the hold stayed */
  readonly declined: number;
  /** payments that paid for nothing: the provider is asked to pay back */
  readonly rejected: number;
}

export interface RefundFigures {
  /** orders of which nothing is left */
  readonly whole: number;
  readonly part: number;
  /** units that were sold and are so no more, of voided payments as well */
  readonly units: number;
  readonly amounts: ReadonlyArray<CurrencyAmount>;
}

export interface BuyerFigures {
  /** whose first order that this creator sold to them is here */
  readonly new: number;
  /** whose first sold order of a drop is here, and who had bought from the creator */
  readonly returning: number;
}

/** a step of time that begins at `at` */
export interface AnalyticsPoint {
  readonly at: string;
  /** reads of the drop by its address */
  readonly views: number;
  /** live streams that began to watch it */
  readonly streams: number;
  /** the most live streams at once; of several gateways, of each its most */
  readonly watchersMax: number;
  /** answered requests to place an order */
  readonly tries: number;
  readonly refused: ReadonlyArray<RefusedTries>;
  readonly latency: OrderLatency;
  /** orders by view; null without views */
  readonly conversion: number | null;
  /** orders placed */
  readonly placed: number;
  /** orders sold, whatever became of them later */
  readonly orders: number;
  /** units of these orders */
  readonly units: number;
  /** what these orders cost */
  readonly revenue: ReadonlyArray<CurrencyAmount>;
  readonly holds: EndedHolds;
  readonly payments: PaymentFigures;
  readonly refunds: RefundFigures;
  readonly buyers: BuyerFigures;
}

export interface Analytics {
  readonly step: 'second' | 'minute' | 'hour';
  readonly from: string;
  readonly to: string;
  readonly total: AnalyticsFigures;
  readonly inRange: AnalyticsFigures;
  /** oldest first, without those in which nothing happened */
  readonly points: ReadonlyArray<AnalyticsPoint>;
}

export interface NewExport {
  readonly format?: 'csv' | 'ndjson';
}

export interface Job {
  readonly id: string;
  readonly kind:
    | 'refund-orders'
    | 'send-mail'
    | 'delete-account'
    | 'export-orders'
    | 'enforce-ban'
    | 'make-passes'
    | 'stop-drops'
    | 'reconcile'
    | 'push-drop'
    | 'mail-drop'
    | 'tell-buyers'
    | 'deliver-webhooks';
  readonly state: 'queued' | 'running' | 'done' | 'failed' | 'cancelled';
  readonly callerId: string;
  /** what it is about: the id of a drop */
  readonly subject: string;
  readonly progress: {
    /** items done; one done before counts too */
    readonly done: number;
    /** items that cannot be done, counted by the code of their refusal */
    readonly refused: Readonly<Record<string, number>>;
    /** items still to do, where known */
    readonly left?: number;
    /** of a reconciliation: items that differed from their truth, and were mended */
    readonly mended?: number;
  };
  readonly cancelRequested?: boolean;
  /** failed attempts since its last progress */
  readonly attempts: number;
  /** why the last attempt failed */
  readonly reason?: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly nextAttemptAt?: string;
  readonly finishedAt?: string;
}

export interface NewPasses {
  /** so many passes, each for who has it */
  readonly count?: number;
  /** a pass for each of these users, good for nobody else */
  readonly userIds?: ReadonlyArray<string>;
  /** that all orders with one of the passes may have together */
  readonly units?: number;
  /** a pass is spent by its first order, whatever becomes of that */
  readonly singleUse?: boolean;
  readonly from?: string;
}

export interface MadePasses {
  readonly items: ReadonlyArray<MadePass>;
}

export interface MadePass {
  readonly pass: string;
  readonly userId?: string;
}

export interface NewPassList {
  /** so many passes, each for who has it */
  readonly count?: number;
  /** a pass for each of these users, good for nobody else */
  readonly userIds?: ReadonlyArray<string>;
  readonly followersSince?: string;
  readonly format?: 'csv' | 'ndjson';
  /** that all orders with one of the passes may have together */
  readonly units?: number;
  /** a pass is spent by its first order, whatever becomes of that */
  readonly singleUse?: boolean;
  readonly from?: string;
}

export interface NewRefunds {
  readonly orderIds?: ReadonlyArray<string>;
  /** every order that is confirmed; not together with orderIds */
  readonly all?: true;
  /** whether these units are on sale again; otherwise they leave the drop */
  readonly restock?: boolean;
  /** shown to the buyer, kept for good, and given to the payment provider: nothing personal */
  readonly reason?: string;
}

export interface JobPage {
  readonly items: ReadonlyArray<Job>;
  readonly nextCursor: string | null;
}

export interface Change {
  /** only tell what would be done */
  readonly dryRun?: boolean;
}

export interface JobChange {
  /** false for a dry run */
  readonly applied: boolean;
  readonly job: Job;
}

export interface PaymentEvent {
  readonly type:
    | 'payment.succeeded'
    | 'payment.failed'
    | 'payment.cancelled'
    | 'payment.refunded'
    | 'payment.voided'
    | 'payment.disputed'
    | 'payment.dispute_closed';
  readonly data: {
    readonly orderId: string;
    readonly reference: string;
    /**
     * In the minor unit of the currency: what was paid; of a refund, what was refunded of the
     * payment so far in all, where absent all of it.
     */
    readonly amount?: number;
    /** ISO 4217 */
    readonly currency?: string;
    /** of `payment.dispute_closed`: whether the seller keeps the money */
    readonly outcome?: 'won' | 'lost';
  };
}

export interface StripeEvent {
  readonly id: string;
  readonly type: string;
  readonly data: {
    readonly object: {};
  };
}

export interface BuyerPayment {
  readonly provider: string;
  readonly reference: string;
  readonly status: 'preparing' | 'ready';
  readonly readyAt?: string;
  readonly holdExpiresAt: string;
  readonly clientSecret?: string;
  readonly publishableKey?: string;
}

export interface DevelopmentPayment {
  /** How the development provider settles the payment. */
  readonly outcome:
    | 'success'
    | 'failure'
    | 'failure-then-success'
    | 'cancelled'
    | 'late'
    | 'twice'
    | 'wrong-amount'
    | 'refunded'
    | 'partly-refunded';
}

export interface FollowPage {
  readonly items: ReadonlyArray<Follow>;
  readonly nextCursor: string | null;
}

export interface Following {
  readonly following: boolean;
}

export interface BanPage {
  readonly items: ReadonlyArray<Ban>;
  readonly nextCursor: string | null;
}

export interface Ban {
  readonly userId: string;
  readonly creatorId?: string;
  readonly reason: string | null;
  readonly bannedAt: string;
  readonly bannedBy: string;
  readonly until: string | null;
}

export interface NewBan {
  /** shown to whoever may list bans */
  readonly reason?: string;
  readonly until?: string;
  /** refund the user’s confirmed orders, too; their holds are let go anyway */
  readonly refundOrders?: boolean;
  /** of refunded orders: their units are free again */
  readonly restock?: boolean;
}

export interface MadeBan {
  readonly ban: Ban;
  /** of the job that lets holds go and refunds orders */
  readonly jobId: string;
}

export interface NotificationPage {
  readonly items: ReadonlyArray<Notification>;
  readonly nextCursor: string | null;
  readonly unreadCount: number;
}

export interface ReadAll {
  readonly upTo?: string;
}

export interface SearchResult {
  readonly items: ReadonlyArray<SearchItem>;
  readonly nextCursor: string | null;
  readonly counts?: ReadonlyArray<{
    readonly status: 'upcoming' | 'live' | 'ended' | 'cancelled';
    readonly count: number;
    readonly isExact: boolean;
  }>;
  readonly corrections: ReadonlyArray<{
    readonly word: string;
    readonly found: string;
  }>;
}

export interface SearchItem {
  readonly type: 'product' | 'drop' | 'creator';
  readonly id: string;
  readonly name: string;
  readonly creatorId: string;
  readonly creatorName: string;
  readonly productId?: string;
  readonly status?: 'upcoming' | 'live' | 'ended' | 'cancelled';
  readonly unitAmount?: number;
  readonly currency?: string;
  readonly startsAt?: string;
  readonly createdAt: string;
  readonly highlights: {
    readonly name: ReadonlyArray<{
      readonly text: string;
      readonly match: boolean;
    }>;
    readonly creatorName: ReadonlyArray<{
      readonly text: string;
      readonly match: boolean;
    }>;
    readonly description: ReadonlyArray<{
      readonly text: string;
      readonly match: boolean;
    }>;
  };
  readonly explanation?: SearchExplanation;
  readonly picture?: Picture;
}

export interface SearchExplanation {
  readonly grade: 'exact' | 'prefix' | 'within' | 'typo';
  readonly isWholeName: boolean;
  readonly field: 'name' | 'creator' | 'description';
  readonly isPhrase: boolean;
  readonly popularityClass: number;
  readonly nameWords: number;
  readonly popularity: number;
  readonly startsAt: string | null;
  readonly words: ReadonlyArray<{
    readonly word: string;
    readonly found: string;
    readonly grade: 'exact' | 'prefix' | 'within' | 'typo';
    readonly field: 'name' | 'creator' | 'description';
  }>;
}

export interface Suggestions {
  readonly items: ReadonlyArray<{
    readonly type: 'product' | 'drop' | 'creator';
    readonly id: string;
    readonly name: ReadonlyArray<{
      readonly text: string;
      readonly match: boolean;
    }>;
  }>;
}

export interface PushKey {
  /** goes along with the subscription */
  readonly keyId: string;
  /** the `applicationServerKey`: a point of P-256, base64url (RFC 8292) */
  readonly publicKey: string;
}

export interface NewPushSubscription {
  readonly endpoint: string;
  readonly expirationTime?: number | null;
  readonly keys: PushSubscriptionKeys;
  /** of the push key; by default the present one */
  readonly keyId?: string;
}

export interface PushSubscriptionKeys {
  readonly p256dh: string;
  readonly auth: string;
}

export interface PreferencesPatch {
  readonly push?: PushPreferencesPatch;
  readonly mail?: MailPreferencesPatch;
  /** nothing of their drops; orders are told all the same */
  readonly mutedCreators?: ReadonlyArray<string>;
  /** as a creator: over how long the pushes of one event go out */
  readonly spreadSeconds?: number;
}

export interface PushPreferencesPatch {
  /** a drop of a followed creator has started */
  readonly dropStarted?: boolean;
  /** few units of such a drop are left */
  readonly lowStock?: boolean;
  /** such a drop was sold out, and has units again */
  readonly backInStock?: boolean;
  /** one’s own orders: confirmed, refunded, payment failed */
  readonly orders?: boolean;
}

export interface MailPreferencesPatch {
  /** one’s own orders: confirmed, refunded */
  readonly orders?: boolean;
  /** a followed creator has announced a drop */
  readonly dropAnnounced?: boolean;
}

export interface OneClick {
  readonly 'List-Unsubscribe'?: 'One-Click';
}

export interface NodeList {
  readonly items: ReadonlyArray<Node>;
  readonly nextCursor: string | null;
}

export interface Node {
  readonly nodeId: string;
  readonly state: 'serving' | 'draining' | 'drained' | 'leaving' | 'lost';
  /** another one for each start of the node */
  readonly incarnation: string;
  readonly weight: number;
  readonly startedAt: string;
  readonly url: string | null;
  readonly shardsOwned: number;
  readonly shardsWanted: number;
  readonly liveDrops: number;
  readonly ordersPerSecond: number;
  /** events not yet in the read models */
  readonly relayLag: number;
  readonly leaseMs: number | null;
  /** its clock less the time of the store */
  readonly clockSkewMs: number | null;
  /** the feature level that it reads */
  readonly level: number;
}

export interface ShardList {
  readonly items: ReadonlyArray<Shard>;
  readonly nextCursor: string | null;
}

export interface Shard {
  readonly shard: number;
  readonly status: 'recovering' | 'serving' | 'leaving' | 'damaged' | 'stopped';
  readonly fault: string | null;
  readonly quarantined: ReadonlyArray<QuarantinedDrop>;
  readonly epoch: number;
  readonly sequence: number;
  readonly waiting: number;
  readonly drops: number;
  readonly liveDrops: number;
  readonly ordersPerSecond: number;
  readonly relayLag: number;
  readonly owner: string | null;
  readonly wanted: string | null;
  readonly pinned: boolean;
  /** false: the owner did not tell of it just now */
  readonly answered: boolean;
}

export interface QuarantinedDrop {
  readonly dropId: string;
  readonly since: string;
  readonly reason: string;
}

export interface MoveList {
  readonly items: ReadonlyArray<Move>;
  readonly nextCursor: string | null;
}

export interface Move {
  readonly id: string;
  readonly shard: number;
  readonly from: string;
  readonly to: string;
  readonly startedAt: string;
  readonly endedAt: string;
  readonly blackoutMs: number | null;
  readonly result: 'done' | 'rolled-back' | 'abandoned';
  readonly reason: string;
}

export interface PinChange {
  readonly to: string;
  /** only tell what would be done */
  readonly dryRun?: boolean;
}

export interface MovePlan {
  /** false for a dry run */
  readonly applied: boolean;
  readonly moves: ReadonlyArray<PlannedMove>;
}

export interface PlannedMove {
  readonly shard: number;
  readonly from: string | null;
  readonly to: string;
  readonly reason: string;
}

export interface RebalanceChange {
  readonly movesMax?: number;
  /** only tell what would be done */
  readonly dryRun?: boolean;
}

export interface RebuildChange {
  /** all, unless given */
  readonly shards?: ReadonlyArray<number>;
  /** only tell what would be done */
  readonly dryRun?: boolean;
}

export interface RebuildReport {
  /** false for a dry run */
  readonly applied: boolean;
  readonly shards: ReadonlyArray<RebuiltShard>;
}

export interface RebuiltShard {
  readonly shard: number;
  /** of the journal, that were compared */
  readonly entries: number;
  /** that the lists did not have */
  readonly orders: number;
  /** that the feeds did not have */
  readonly notifications: number;
  /** why not all of it was compared; null: all was */
  readonly reason: string | null;
}

export interface VerifyReport {
  readonly ok: boolean;
  readonly shards: number;
  readonly entries: number;
  readonly drops: number;
  readonly orders: number;
  readonly findings: ReadonlyArray<string>;
}

export interface PaymentProblemPage {
  readonly items: ReadonlyArray<PaymentProblem>;
  readonly nextCursor: string | null;
}

export interface PaymentProblem {
  readonly id: string;
  readonly kind: 'rejected' | 'disputed' | 'voided';
  /**
   * A dispute: it has no outcome yet. A rejected payment: the provider has not told that all of
   * it is refunded. A voided one is never open.
   */
  readonly open: boolean;
  readonly orderId: string;
  readonly dropId: string;
  readonly creatorId: string;
  readonly reference: string;
  /** what was paid, or is disputed, in the minor unit of `currency` */
  readonly amount: number;
  readonly currency: string;
  readonly orderAmount: number;
  readonly orderCurrency: string;
  /** of a rejected payment: why it does not pay for its order */
  readonly reason: 'order-settled' | 'wrong-amount' | null;
  readonly outcome: 'refunded' | 'won' | 'lost' | null;
  readonly openedAt: string;
  readonly closedAt: string | null;
}

export interface RefundPage {
  readonly items: ReadonlyArray<ParkedRefund>;
  readonly nextCursor: string | null;
}

export interface ParkedRefund {
  readonly id: string;
  readonly orderId: string;
  readonly dropId: string;
  readonly creatorId: string;
  readonly reference: string;
  readonly amount: number;
  readonly currency: string;
  readonly refundReason: string | null;
  readonly state: 'parked' | 'retrying' | 'done' | 'dismissed';
  /** true: the provider refused it for good, and only an operator retries it */
  readonly refused: boolean;
  /** why the last attempt failed */
  readonly reason: string;
  /** failed calls to the provider */
  readonly attempts: number;
  readonly firstAttemptAt: string;
  readonly lastAttemptAt: string;
  readonly parkedAt: string;
  /** null: it is not attempted by itself */
  readonly nextAttemptAt: string | null;
  readonly dismissal: string | null;
}

export interface RefundChange {
  /** false for a dry run */
  readonly applied: boolean;
  readonly refund: ParkedRefund;
}

export interface Dismissal {
  readonly reason: string;
  /** only tell what would be done */
  readonly dryRun?: boolean;
}

export interface OperatorList {
  readonly items: ReadonlyArray<Operator>;
  readonly nextCursor: string | null;
}

export interface Operator {
  readonly userId: string;
  readonly email: string;
  /** an auditor sees what operators see, and changes nothing */
  readonly role: 'operator' | 'auditor';
  readonly addedAt: string;
  readonly addedBy: string;
  readonly recoveryCodesLeft: number;
}

export interface NewOperator {
  readonly email: string;
  /** an auditor sees what operators see, and changes nothing */
  readonly role: 'operator' | 'auditor';
}

export interface AddedOperator {
  readonly userId: string;
  readonly email: string;
  /** an auditor sees what operators see, and changes nothing */
  readonly role: 'operator' | 'auditor';
  /** of the new account; null where there was one, which keeps its own */
  readonly password: string | null;
  /** otpauth://, for an authenticator app; shown this once */
  readonly secondFactorUri: string;
  /** each is good once */
  readonly recoveryCodes: ReadonlyArray<string>;
}

export interface SearchNodeList {
  readonly items: ReadonlyArray<SearchNode>;
  readonly nextCursor: string | null;
}

export interface SearchNode {
  readonly node: string;
  readonly index: {
    readonly isBuilding: boolean;
    readonly lagMs: number;
    readonly recordsBehind: number;
    readonly documents: number;
    readonly words: number;
    readonly bytes: number;
    readonly rebuild: {
      readonly startedAt: string;
      readonly documents: number;
    } | null;
    readonly rebuilds: number;
    readonly compared?: number;
    readonly mended?: number;
  } | null;
}

export interface AlarmReport {
  readonly at: string;
  /** over which shares and rises were measured; 0 at the first look */
  readonly watchedSeconds: number;
  /** those that told what they measured */
  readonly nodes: ReadonlyArray<string>;
  /** the worst first */
  readonly alarms: ReadonlyArray<Alarm>;
}

export interface Alarm {
  readonly name:
    | 'node-lost'
    | 'node-silent'
    | 'node-not-ready'
    | 'nats-away'
    | 'redis-weak'
    | 'clock-wrong'
    | 'disk-full'
    | 'shards-without-owner'
    | 'shards-damaged'
    | 'drops-quarantined'
    | 'orders-fail'
    | 'orders-slow'
    | 'mailbox-full'
    | 'appends-fail'
    | 'appends-slow'
    | 'reads-fail'
    | 'reads-slow'
    | 'consumer-behind'
    | 'people-told-late'
    | 'ledger-stuck'
    | 'ledger-late'
    | 'loop-held-up'
    | 'search-behind'
    | 'webhooks-late'
    | 'uploads-late'
    | 'jobs-overdue'
    | 'archive-fails'
    | 'refunds-parked'
    | 'payments-disputed';
  /** `page`: somebody acts now; `ticket`: within a day */
  readonly severity: 'page' | 'ticket';
  /** on which it is; none where it is of the cluster as a whole */
  readonly nodes: ReadonlyArray<string>;
  /** the worst that was measured */
  readonly value: number;
  /** it is an alarm past this */
  readonly limit: number;
  /** a share is from 0 to 1 */
  readonly unit: 'count' | 'seconds' | 'share';
  /** where this server shows what it means, and what to do */
  readonly runbook: string;
  /** what shows more of it */
  readonly command: string | null;
}

export interface NodeCachesList {
  readonly items: ReadonlyArray<NodeCaches>;
  readonly nextCursor: string | null;
}

export interface NodeCaches {
  readonly node: string;
  readonly caches: ReadonlyArray<{
    readonly kind:
      | 'drops'
      | 'drop-lists'
      | 'products'
      | 'product-lists'
      | 'profiles'
      | 'follows'
      | 'searches';
    readonly entries: number;
    /** estimated */
    readonly bytes: number;
    readonly hits: number;
    /** reads that were shown what was being loaded again, or could not be */
    readonly stale: number;
    readonly misses: number;
    /** reads that waited for the load of another */
    readonly collapsed: number;
    /** loads that failed */
    readonly faults: number;
    /** entries that went for want of room */
    readonly evictions: number;
    /** changes that a load found and no message had told */
    readonly drifted?: number;
  }> | null;
}

export interface CacheEviction {
  readonly kind?:
    | 'drops'
    | 'drop-lists'
    | 'products'
    | 'product-lists'
    | 'profiles'
    | 'follows'
    | 'searches';
  /** the path of a read, such as /v1/products/p_1 */
  readonly key?: string;
  readonly creatorId?: string;
  readonly all?: true;
}

export interface EvictedCachesList {
  readonly items: ReadonlyArray<EvictedCaches>;
  readonly nextCursor: string | null;
}

export interface EvictedCaches {
  readonly node: string;
  /** entries; null where the node did not answer */
  readonly evicted: number | null;
}

export interface SellerPage {
  readonly items: ReadonlyArray<Seller>;
  readonly nextCursor: string | null;
}

export interface Seller {
  readonly creatorId: string;
  readonly standing: 'pending' | 'approved' | 'suspended' | null;
  readonly reason: string | null;
  readonly since: string | null;
  readonly by: string | null;
}

export interface SellerChange {
  /** none: neither; then LIVEDROPS_SELLERS says whether the creator may sell */
  readonly standing: 'approved' | 'suspended' | 'none';
  readonly reason?: string;
  /** with suspended: pause the creator’s drops that are live or upcoming */
  readonly pauseDrops?: boolean;
}

export interface ChangedSeller {
  readonly seller: Seller;
  /** of the job that pauses or cancels drops; null where there is nothing to do */
  readonly jobId: string | null;
}

export interface TakeDownPage {
  readonly items: ReadonlyArray<TakeDown>;
  readonly nextCursor: string | null;
}

export interface TakeDown {
  readonly of: 'creator' | 'product' | 'drop';
  readonly id: string;
  readonly creatorId: string;
  readonly reason: string | null;
  readonly since: string;
  readonly by: string;
}

export interface NewTakeDown {
  readonly reason?: string;
  /**
   * cancel the drops, also those that have ended, which refunds everything; else those that are
   * live or upcoming are paused
   */
  readonly cancelDrops?: boolean;
}

export interface MadeTakeDown {
  readonly takeDown: TakeDown;
  /** of the job that pauses or cancels drops; null where there is nothing to do */
  readonly jobId: string | null;
}

export interface LedgerStatus {
  /** names this ledger */
  readonly origin: string;
  /** leaves of `heads` that are signed */
  readonly size: number;
  readonly signedAt: string;
  /** a signed checkpoint (C2SP, tlog-checkpoint) */
  readonly checkpoint: string;
  readonly keys: ReadonlyArray<LedgerKey>;
  readonly trees: ReadonlyArray<LedgerTree>;
  /** journal entries and actions that are in no checkpoint yet */
  readonly behind: number;
  readonly verified?: LedgerVerification;
}

export interface LedgerKey {
  readonly keyId: string;
  /** for verifiers (C2SP, signed-note) */
  readonly verifierKey: string;
  readonly createdAt: string;
  /** the newest; the others sign beside it */
  readonly isPresent: boolean;
}

export interface LedgerTree {
  readonly name: string;
  /** the number of its first leaf: the sequence of an entry, the id of an action */
  readonly first: number;
  readonly size: number;
}

export interface LedgerVerification {
  readonly leaves: number;
  /** leaves about deleted accounts */
  readonly erased: number;
  /** leaves of what is past retention */
  readonly removed: number;
  /** a sentence for each thing that does not agree */
  readonly findings: ReadonlyArray<string>;
  readonly at: string;
  /** the operator whose command compared it */
  readonly by: string;
}

export interface LedgerLeaves {
  readonly leaves: ReadonlyArray<string>;
}

export interface LedgerEdge {
  /** the roots of the perfect subtrees that the tree has at that size, from the left */
  readonly hashes: ReadonlyArray<string>;
}

export interface LedgerConsistency {
  /** a signed checkpoint (C2SP, tlog-checkpoint) */
  readonly checkpoint: string;
  readonly olderSize: number;
  readonly size: number;
  /** base64 */
  readonly olderRoot: string;
  readonly path: ReadonlyArray<string>;
}

export interface LedgerCheck {
  readonly leaves: number;
  /** leaves about deleted accounts */
  readonly erased: number;
  /** leaves of what is past retention */
  readonly removed: number;
  /** a sentence for each thing that does not agree */
  readonly findings: ReadonlyArray<string>;
}

export interface LedgerKeyRotation {
  /** the present key, after which a new one is made; the same again makes no other */
  readonly after: string;
}

export interface OperatorPushKeyList {
  readonly items: ReadonlyArray<OperatorPushKey>;
  readonly nextCursor: string | null;
}

export interface OperatorPushKey {
  readonly keyId: string;
  /** a point of P-256, base64url (RFC 8292) */
  readonly publicKey: string;
  readonly createdAt: string;
  /** browsers subscribe with it; the others serve those that subscribed before */
  readonly isPresent: boolean;
}

export interface PushKeyRotation {
  /** the present key, after which a new one is made; the same again makes no other */
  readonly after: string;
}

/** shards and dryRun are for rebuild */
export interface NewRun {
  readonly kind: 'verify' | 'rebuild';
  /** all, unless given */
  readonly shards?: ReadonlyArray<number>;
  /** only tell what would be done */
  readonly dryRun?: boolean;
}

export interface Run {
  readonly id: string;
  readonly kind: 'verify' | 'rebuild';
  readonly startedBy: string;
  readonly startedAt: string;
  readonly progress: RunProgress | null;
  /** null: the run is under way */
  readonly end:
    | {
        readonly type: 'report';
        readonly report: VerifyReport | RebuildReport;
      }
    | {
        readonly type: 'cancelled';
        readonly reason: string;
      }
    | {
        readonly type: 'failed';
        readonly code: 'unavailable' | 'internal';
      }
    | null;
}

export interface RunProgress {
  /**
   * drops: journals are replayed and compared with live drops; lists: journals are replayed for
   * what lists, feeds and analytics must have; rows: that is compared with what users have
   */
  readonly phase: 'drops' | 'lists' | 'rows';
  /** of this phase; 0 where it goes by user */
  readonly shards: number;
  readonly shardsDone: number;
  /** journal entries, or groups of users */
  readonly total: number;
  readonly done: number;
}

export interface RunList {
  readonly items: ReadonlyArray<Run>;
  readonly nextCursor: string | null;
}

export type StreamLine =
  | DropCreatedLine
  | DropAmendedLine
  | DropRestockedLine
  | DropRepricedLine
  | DropDescribedLine
  | DropAccessChangedLine
  | DropOpenedLine
  | DropClosedLine
  | DropCancelledLine
  | OrderPlacedLine
  | OrderConfirmedLine
  | OrderConfirmedLateLine
  | OrderFailedLine
  | RefundRequestedLine
  | OrderExpiredLine
  | OrderCancelledLine
  | OrderRefundedLine
  | PaymentDeclinedLine
  | PaymentRejectedLine
  | PaymentRefundedLine
  | OrderDetailsAddedLine
  | OrderRefundedAtProviderLine
  | PaymentPreparedLine
  | PaymentVoidedLine
  | RequestAnsweredLine
  | PaymentDisputedLine
  | DisputeClosedLine
  | DropPausedLine
  | DropResumedLine
  | OrderPartRefundedLine
  | OrderRestRefundedLine
  | UserLine
  | ProductLine
  | DraftLine
  | OrganisationLine
  | FollowLine
  | MediaLine
  | TakeDownLine
  | SellerLine
  | PositionLine;

export interface DropCreatedLine {
  readonly version: 1;
  readonly kind: 'drop-created';
  readonly at: string;
  readonly shard: number;
  readonly sequence: number;
  readonly index: number;
  readonly dropId: string;
  readonly dropVersion: number;
  readonly terms: {
    readonly productId: string;
    readonly creatorId: string;
    readonly startsAt: string;
    readonly endsAt: string;
    readonly unitAmount: number;
    readonly currency: string;
    readonly limitPerUser: number;
    readonly holdSeconds: number;
    readonly payment: 'instant' | 'provider';
    readonly access?: 'pass';
    readonly earlyAccessSeconds?: number;
    /** in no list and no search: who has its id reads it */
    readonly unlisted?: true;
    readonly metadata?: Metadata;
    readonly externalId?: string;
  };
  readonly stock: number;
  readonly revision?: number;
}

export interface DropAmendedLine {
  readonly version: 1;
  readonly kind: 'drop-amended';
  readonly at: string;
  readonly shard: number;
  readonly sequence: number;
  readonly index: number;
  readonly dropId: string;
  readonly dropVersion: number;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly limitPerUser: number;
}

export interface DropRestockedLine {
  readonly version: 1;
  readonly kind: 'drop-restocked';
  readonly at: string;
  readonly shard: number;
  readonly sequence: number;
  readonly index: number;
  readonly dropId: string;
  readonly dropVersion: number;
  readonly units: number;
}

export interface DropRepricedLine {
  readonly version: 1;
  readonly kind: 'drop-repriced';
  readonly at: string;
  readonly shard: number;
  readonly sequence: number;
  readonly index: number;
  readonly dropId: string;
  readonly dropVersion: number;
  readonly unitAmount: number;
}

export interface DropDescribedLine {
  readonly version: 1;
  readonly kind: 'drop-described';
  readonly at: string;
  readonly shard: number;
  readonly sequence: number;
  readonly index: number;
  readonly dropId: string;
  readonly dropVersion: number;
  readonly metadata: Metadata | null;
  readonly externalId: string | null;
}

export interface DropAccessChangedLine {
  readonly version: 1;
  readonly kind: 'drop-access-changed';
  readonly at: string;
  readonly shard: number;
  readonly sequence: number;
  readonly index: number;
  readonly dropId: string;
  readonly dropVersion: number;
  readonly access: 'public' | 'pass';
  readonly earlyAccessSeconds: number;
}

export interface DropOpenedLine {
  readonly version: 1;
  readonly kind: 'drop-opened';
  readonly at: string;
  readonly shard: number;
  readonly sequence: number;
  readonly index: number;
  readonly dropId: string;
  readonly dropVersion: number;
}

export interface DropClosedLine {
  readonly version: 1;
  readonly kind: 'drop-closed';
  readonly at: string;
  readonly shard: number;
  readonly sequence: number;
  readonly index: number;
  readonly dropId: string;
  readonly dropVersion: number;
}

export interface DropCancelledLine {
  readonly version: 1;
  readonly kind: 'drop-cancelled';
  readonly at: string;
  readonly shard: number;
  readonly sequence: number;
  readonly index: number;
  readonly dropId: string;
  readonly dropVersion: number;
}

export interface OrderPlacedLine {
  readonly version: 1;
  readonly kind: 'order-placed';
  readonly at: string;
  readonly shard: number;
  readonly sequence: number;
  readonly index: number;
  readonly dropId: string;
  readonly dropVersion: number;
  readonly orderId: string;
  readonly userId: string;
  readonly quantity: number;
  readonly metadata?: Metadata;
}

export interface OrderConfirmedLine {
  readonly version: 1;
  readonly kind: 'order-confirmed';
  readonly at: string;
  readonly shard: number;
  readonly sequence: number;
  readonly index: number;
  readonly dropId: string;
  readonly dropVersion: number;
  readonly orderId: string;
  readonly reference: string;
}

export interface OrderConfirmedLateLine {
  readonly version: 1;
  readonly kind: 'order-confirmed-late';
  readonly at: string;
  readonly shard: number;
  readonly sequence: number;
  readonly index: number;
  readonly dropId: string;
  readonly dropVersion: number;
  readonly orderId: string;
  readonly reference: string;
}

export interface OrderFailedLine {
  readonly version: 1;
  readonly kind: 'order-failed';
  readonly at: string;
  readonly shard: number;
  readonly sequence: number;
  readonly index: number;
  readonly dropId: string;
  readonly dropVersion: number;
  readonly orderId: string;
  readonly reference: string;
}

export interface RefundRequestedLine {
  readonly version: 1;
  readonly kind: 'refund-requested';
  readonly at: string;
  readonly shard: number;
  readonly sequence: number;
  readonly index: number;
  readonly dropId: string;
  readonly dropVersion: number;
  readonly orderId: string;
  readonly reference: string;
}

export interface OrderExpiredLine {
  readonly version: 1;
  readonly kind: 'order-expired';
  readonly at: string;
  readonly shard: number;
  readonly sequence: number;
  readonly index: number;
  readonly dropId: string;
  readonly dropVersion: number;
  readonly orderId: string;
}

export interface OrderCancelledLine {
  readonly version: 1;
  readonly kind: 'order-cancelled';
  readonly at: string;
  readonly shard: number;
  readonly sequence: number;
  readonly index: number;
  readonly dropId: string;
  readonly dropVersion: number;
  readonly orderId: string;
}

export interface OrderRefundedLine {
  readonly version: 1;
  readonly kind: 'order-refunded';
  readonly at: string;
  readonly shard: number;
  readonly sequence: number;
  readonly index: number;
  readonly dropId: string;
  readonly dropVersion: number;
  readonly orderId: string;
}

export interface PaymentDeclinedLine {
  readonly version: 1;
  readonly kind: 'payment-declined';
  readonly at: string;
  readonly shard: number;
  readonly sequence: number;
  readonly index: number;
  readonly dropId: string;
  readonly dropVersion: number;
  readonly orderId: string;
  readonly reference: string;
}

export interface PaymentRejectedLine {
  readonly version: 1;
  readonly kind: 'payment-rejected';
  readonly at: string;
  readonly shard: number;
  readonly sequence: number;
  readonly index: number;
  readonly dropId: string;
  readonly dropVersion: number;
  readonly orderId: string;
  readonly reference: string;
  readonly amount: number;
  readonly currency: string;
  readonly reason: 'order-settled' | 'wrong-amount';
}

export interface PaymentRefundedLine {
  readonly version: 1;
  readonly kind: 'payment-refunded';
  readonly at: string;
  readonly shard: number;
  readonly sequence: number;
  readonly index: number;
  readonly dropId: string;
  readonly dropVersion: number;
  readonly orderId: string;
  readonly reference: string;
  readonly amount: number;
  readonly currency: string;
}

export interface OrderDetailsAddedLine {
  readonly version: 1;
  readonly kind: 'order-details-added';
  readonly at: string;
  readonly shard: number;
  readonly sequence: number;
  readonly index: number;
  readonly dropId: string;
  readonly dropVersion: number;
  readonly orderId: string;
}

export interface OrderRefundedAtProviderLine {
  readonly version: 1;
  readonly kind: 'order-refunded-at-provider';
  readonly at: string;
  readonly shard: number;
  readonly sequence: number;
  readonly index: number;
  readonly dropId: string;
  readonly dropVersion: number;
  readonly orderId: string;
}

export interface PaymentPreparedLine {
  readonly version: 1;
  readonly kind: 'payment-prepared';
  readonly at: string;
  readonly shard: number;
  readonly sequence: number;
  readonly index: number;
  readonly dropId: string;
  readonly dropVersion: number;
  readonly orderId: string;
  readonly reference: string;
}

export interface PaymentVoidedLine {
  readonly version: 1;
  readonly kind: 'payment-voided';
  readonly at: string;
  readonly shard: number;
  readonly sequence: number;
  readonly index: number;
  readonly dropId: string;
  readonly dropVersion: number;
  readonly orderId: string;
  readonly reference: string;
}

export interface RequestAnsweredLine {
  readonly version: 1;
  readonly kind: 'request-answered';
  readonly at: string;
  readonly shard: number;
  readonly sequence: number;
  readonly index: number;
  readonly dropId: string;
  readonly dropVersion: number;
}

export interface PaymentDisputedLine {
  readonly version: 1;
  readonly kind: 'payment-disputed';
  readonly at: string;
  readonly shard: number;
  readonly sequence: number;
  readonly index: number;
  readonly dropId: string;
  readonly dropVersion: number;
  readonly orderId: string;
  readonly reference: string;
  readonly amount: number;
  readonly currency: string;
}

export interface DisputeClosedLine {
  readonly version: 1;
  readonly kind: 'dispute-closed';
  readonly at: string;
  readonly shard: number;
  readonly sequence: number;
  readonly index: number;
  readonly dropId: string;
  readonly dropVersion: number;
  readonly orderId: string;
  readonly reference: string;
  readonly outcome: 'won' | 'lost';
}

export interface DropPausedLine {
  readonly version: 1;
  readonly kind: 'drop-paused';
  readonly at: string;
  readonly shard: number;
  readonly sequence: number;
  readonly index: number;
  readonly dropId: string;
  readonly dropVersion: number;
  readonly extendHolds: boolean;
  readonly reason: string | null;
}

export interface DropResumedLine {
  readonly version: 1;
  readonly kind: 'drop-resumed';
  readonly at: string;
  readonly shard: number;
  readonly sequence: number;
  readonly index: number;
  readonly dropId: string;
  readonly dropVersion: number;
}

export interface OrderPartRefundedLine {
  readonly version: 1;
  readonly kind: 'order-part-refunded';
  readonly at: string;
  readonly shard: number;
  readonly sequence: number;
  readonly index: number;
  readonly dropId: string;
  readonly dropVersion: number;
  readonly orderId: string;
  readonly amount: number;
  readonly quantity: number;
  readonly restock: boolean;
  readonly reason: string | null;
  readonly number: number;
}

export interface OrderRestRefundedLine {
  readonly version: 1;
  readonly kind: 'order-rest-refunded';
  readonly at: string;
  readonly shard: number;
  readonly sequence: number;
  readonly index: number;
  readonly dropId: string;
  readonly dropVersion: number;
  readonly orderId: string;
  readonly amount: number;
  readonly quantity: number;
  readonly restock: boolean;
  readonly reason: string | null;
}

export interface UserLine {
  readonly version: 1;
  readonly kind: 'user';
  readonly at: string;
  readonly bucket: number;
  readonly sequence?: number;
  readonly snapshot?: true;
  readonly userId: string;
  readonly user: {
    readonly id: string;
    readonly name: string;
    readonly roles: ReadonlyArray<string>;
    readonly createdAt: string;
    readonly avatarMediaId?: string;
  } | null;
}

export interface ProductLine {
  readonly version: 1;
  readonly kind: 'product';
  readonly at: string;
  readonly bucket: number;
  readonly sequence?: number;
  readonly snapshot?: true;
  readonly productId: string;
  readonly product: Product | null;
}

export interface DraftLine {
  readonly version: 1;
  readonly kind: 'draft';
  readonly at: string;
  readonly bucket: number;
  readonly sequence?: number;
  readonly snapshot?: true;
  readonly draftId: string;
  readonly creatorId: string;
  readonly draft: {
    readonly id: string;
    readonly productId: string;
    readonly creatorId: string;
    readonly startsAt: string;
    readonly endsAt: string;
    readonly unitAmount: number;
    readonly currency: string;
    readonly limitPerUser: number;
    readonly holdSeconds: number;
    readonly payment: 'instant' | 'provider';
    readonly access?: 'pass';
    readonly earlyAccessSeconds?: number;
    /** in no list and no search: who has its id reads it */
    readonly unlisted?: true;
    readonly metadata?: Metadata;
    readonly externalId?: string;
    readonly stock: number;
    readonly revision: number;
    readonly createdAt: string;
  } | null;
}

export interface OrganisationLine {
  readonly version: 1;
  readonly kind: 'organisation';
  readonly at: string;
  readonly bucket: number;
  readonly sequence?: number;
  readonly snapshot?: true;
  readonly organisationId: string;
  readonly organisation: {
    readonly id: string;
    readonly createdAt: string;
    readonly members: ReadonlyArray<{
      readonly userId: string;
      readonly role: 'owner' | 'manager' | 'support';
      readonly since: string;
    }>;
  } | null;
}

export interface FollowLine {
  readonly version: 1;
  readonly kind: 'follow';
  readonly at: string;
  readonly bucket: number;
  readonly sequence?: number;
  readonly snapshot?: true;
  readonly userId: string;
  readonly creatorId: string;
  readonly since: string | null;
}

export interface MediaLine {
  readonly version: 1;
  readonly kind: 'media';
  readonly at: string;
  readonly bucket: number;
  readonly sequence?: number;
  readonly snapshot?: true;
  readonly mediaId: string;
  readonly ownerId: string;
  readonly productIds: ReadonlyArray<string>;
  readonly media: {
    readonly ownerId: string;
    readonly purpose: 'product' | 'avatar';
    readonly status: 'uploading' | 'processing' | 'ready' | 'refused';
    readonly bytes: number;
    readonly createdAt: string;
    readonly kind?: 'image' | 'video';
    readonly type?: string;
    readonly sha256?: string;
    readonly width?: number;
    readonly height?: number;
  } | null;
}

export interface TakeDownLine {
  readonly version: 1;
  readonly kind: 'take-down';
  readonly at: string;
  readonly bucket: number;
  readonly sequence?: number;
  readonly snapshot?: true;
  readonly of: 'creator' | 'product' | 'drop';
  readonly id: string;
  readonly creatorId: string;
  readonly since: string | null;
}

export interface SellerLine {
  readonly version: 1;
  readonly kind: 'seller';
  readonly at: string;
  readonly bucket: number;
  readonly sequence?: number;
  readonly snapshot?: true;
  readonly creatorId: string;
  readonly standing: 'pending' | 'approved' | 'suspended';
  readonly since: string | null;
}

export interface PositionLine {
  readonly version: 1;
  readonly kind: 'position';
  readonly at: string;
  readonly position: string;
}

export interface Health {
  readonly status: string;
}

export interface Readiness {
  readonly ready: boolean;
  readonly reasons?: ReadonlyArray<string>;
  readonly search?: {
    readonly isBuilding: boolean;
    readonly lagMs: number;
  } | null;
}

export interface GraphQLRequest {
  /** a document of GraphQL */
  readonly query?: string;
  /** sha256: and the SHA-256 of a document, in place of it, where the server has it */
  readonly documentId?: string;
  readonly operationName?: string | null;
  readonly variables?: Readonly<Record<string, unknown>> | null;
  readonly extensions?: Readonly<Record<string, unknown>> | null;
}

export interface GraphQLResponse {
  /** absent where nothing was executed */
  readonly data?: unknown;
  readonly errors?: ReadonlyArray<GraphQLResponseError>;
  readonly extensions?: Readonly<Record<string, unknown>>;
}

export interface GraphQLResponseError {
  readonly message: string;
  readonly locations?: ReadonlyArray<{
    readonly line: number;
    readonly column: number;
  }>;
  readonly path?: ReadonlyArray<string | number>;
  readonly extensions?: Readonly<Record<string, unknown>>;
}

export interface ReadyFrame {
  readonly type: 'ready';
  readonly at: number;
  readonly userId: string;
  readonly expiresAt: string;
  readonly liveDrops?: ReadonlyArray<{
    readonly dropId: string;
    readonly creatorId: string;
    readonly productId: string;
    readonly startsAt: string;
  }>;
  readonly serverTime: number;
}

export interface SubscribedFrame {
  readonly type: 'subscribed';
  readonly at: number;
  readonly topic: string;
}

export interface UnsubscribedFrame {
  readonly type: 'unsubscribed';
  readonly at: number;
  readonly topic: string;
}

export interface DropFrame {
  readonly type:
    | 'drop.snapshot'
    | 'drop.stock'
    | 'drop.scheduled'
    | 'drop.started'
    | 'drop.low_stock'
    | 'drop.sold_out'
    | 'drop.back_in_stock'
    | 'drop.restocked'
    | 'drop.paused'
    | 'drop.resumed'
    | 'drop.extended'
    | 'drop.ended'
    | 'drop.cancelled';
  readonly at: number;
  readonly topic: string;
  readonly dropId: string;
  readonly version: number;
  readonly data: {
    readonly productId: string;
    readonly creatorId: string;
    readonly status: 'upcoming' | 'live' | 'ended' | 'cancelled';
    readonly soldOut: boolean;
    readonly startsAt: string;
    readonly endsAt: string;
    readonly unitAmount: number;
    readonly currency: string;
    readonly stocked: number;
    readonly held: number;
    readonly sold: number;
    readonly free: number;
    readonly revision?: number;
    readonly access?: 'pass';
    readonly earlyAccessSeconds?: number;
    readonly paused?: true;
    readonly pausedAt?: string;
    readonly pauseReason?: string;
    readonly holdsPaused?: true;
  };
  readonly serverTime?: number;
}

export interface NotificationFrame {
  readonly type: 'notification';
  readonly at: number;
  readonly id: string;
  readonly data: Readonly<Record<string, string | number | boolean>>;
}

export interface PaymentFailedFrame {
  readonly type: 'order.payment_failed';
  readonly at: number;
  readonly orderId: string;
  readonly dropId: string;
  readonly data: {
    readonly reference: string;
  };
}

export interface PaymentReadyFrame {
  readonly type: 'order.payment_ready';
  readonly at: number;
  readonly orderId: string;
  readonly dropId: string;
  readonly data: {
    readonly reference: string;
    readonly holdExpiresAt: string;
  };
}

export interface MediaReadyFrame {
  readonly type: 'media.ready';
  readonly at: number;
  readonly mediaId: string;
  readonly data: {
    readonly status: 'ready';
  };
}

export interface MediaRefusedFrame {
  readonly type: 'media.refused';
  readonly at: number;
  readonly mediaId: string;
  readonly data: {
    readonly status: 'refused';
    readonly reason: string;
  };
}

export interface ResumedFrame {
  readonly type: 'resumed';
  readonly at: number;
  readonly lastId: string;
  readonly count: number;
}

export interface AuthenticatedFrame {
  readonly type: 'authenticated';
  readonly at: number;
  readonly expiresAt: string;
}

export interface ErrorFrame {
  readonly type: 'error';
  readonly at: number;
  readonly code:
    | 'sold-out'
    | 'insufficient-stock'
    | 'drop-not-live'
    | 'drop-already-started'
    | 'drop-ended'
    | 'drop-paused'
    | 'pass-required'
    | 'pass-invalid'
    | 'pass-not-yet'
    | 'pass-used'
    | 'limit-per-user'
    | 'hold-expired'
    | 'order-not-cancellable'
    | 'order-not-refundable'
    | 'order-not-payable'
    | 'idempotency-key-missing'
    | 'idempotency-key-reused'
    | 'request-in-progress'
    | 'email-taken'
    | 'drops-not-over'
    | 'last-owner'
    | 'already-running'
    | 'too-many'
    | 'precondition-failed'
    | 'drop-announced'
    | 'order-over'
    | 'export-not-done'
    | 'media-too-large'
    | 'media-quota'
    | 'media-in-use'
    | 'webhook-disabled'
    | 'invalid-request'
    | 'unauthenticated'
    | 'second-factor-required'
    | 'forbidden'
    | 'banned'
    | 'suspended'
    | 'not-approved'
    | 'not-found'
    | 'rate-limited'
    | 'overloaded'
    | 'unavailable'
    | 'search-unavailable';
  readonly detail: string;
  readonly request?: 'subscribe' | 'unsubscribe' | 'resume' | 'authenticate' | 'ping';
  readonly topic?: string;
}

export interface PongFrame {
  readonly type: 'pong';
  readonly at: number;
}

export interface SubscribeMessage {
  readonly type: 'subscribe';
  readonly topic: string;
}

export interface UnsubscribeMessage {
  readonly type: 'unsubscribe';
  readonly topic: string;
}

export interface ResumeMessage {
  readonly type: 'resume';
  readonly after: string;
}

export interface AuthenticateMessage {
  readonly type: 'authenticate';
  readonly accessToken: string;
}

export interface PingMessage {
  readonly type: 'ping';
}

export type ServerFrame =
  | ReadyFrame
  | SubscribedFrame
  | UnsubscribedFrame
  | DropFrame
  | NotificationFrame
  | PaymentFailedFrame
  | PaymentReadyFrame
  | MediaReadyFrame
  | MediaRefusedFrame
  | ResumedFrame
  | AuthenticatedFrame
  | ErrorFrame
  | PongFrame;

export type ClientMessage =
  | SubscribeMessage
  | UnsubscribeMessage
  | ResumeMessage
  | AuthenticateMessage
  | PingMessage;

/** Each operation by its method and path. */
export interface Operations {
  /** Make an account and log in. */
  'POST /v1/auth/register': {
    readonly body: Register;
    readonly reply: Session;
  };
  /** Log in with e-mail and password; operators with a code of their second factor, too. */
  'POST /v1/auth/login': {
    readonly body: LogIn;
    readonly reply: Session;
  };
  /**
   * Change a refresh token for new tokens. It gives the same ones for 30 seconds; using it
   * after that revokes its family.
   */
  'POST /v1/auth/refresh': {
    readonly body: Refresh;
    readonly reply: Session;
  };
  /**
   * End the session of a refresh token: its tokens are refused and its live streams end within
   * a second.
   */
  'POST /v1/auth/logout': {
    readonly body: Refresh;
    readonly reply: undefined;
  };
  /**
   * Mail a link for a new password. The answer is the same whether or not there is such an
   * account.
   */
  'POST /v1/auth/forgot-password': {
    readonly body: ForgottenPassword;
    readonly reply: undefined;
  };
  /** Set a new password by the token of a mailed link. All sessions end. */
  'POST /v1/auth/reset-password': {
    readonly body: NewPassword;
    readonly reply: undefined;
  };
  /** Confirm an e-mail address, or a change of it, by the token of a mailed link. */
  'POST /v1/auth/confirm-email': {
    readonly body: ConfirmEmail;
    readonly reply: undefined;
  };
  /** The caller's own profile. */
  'GET /v1/users/me': {
    readonly reply: OwnProfile;
  };
  /** Change the caller's own profile. */
  'PATCH /v1/users/me': {
    readonly body: ProfilePatch;
    readonly reply: OwnProfile;
  };
  /** A public profile. */
  'GET /v1/users/{id}': {
    readonly path: {
      readonly id: string;
    };
    readonly reply: Profile;
  };
  /** The caller's sessions, the last used first. */
  'GET /v1/account/sessions': {
    readonly reply: AccountSessions;
  };
  /** End all sessions of the caller but the one of this request's token. */
  'DELETE /v1/account/sessions': {
    readonly reply: undefined;
  };
  /** End a session: its tokens are refused and its live streams end within a second. */
  'DELETE /v1/account/sessions/{id}': {
    readonly path: {
      readonly id: string;
    };
    readonly reply: undefined;
  };
  /** Change the password. All sessions end but the one of this request's token. */
  'POST /v1/account/password': {
    readonly body: PasswordChange;
    readonly reply: undefined;
  };
  /**
   * Delete the account: sessions end and the address is free at once, the rest of what is
   * personal goes soon. Orders keep the id. Refused while there are drops not yet over, or
   * others in an organisation of which it is the only owner.
   */
  'POST /v1/account/deletion': {
    readonly body: AccountDeletion;
    readonly reply: undefined;
  };
  /**
   * All data of the account as one file: account, sessions, API keys, follows, products, drops,
   * orders, notifications, preferences and push subscriptions.
   */
  'GET /v1/account/export': {
    readonly reply: AccountExport;
  };
  /**
   * Change the e-mail address: a mail to the new one has a link. When that is followed the
   * address is changed, and the old one is told.
   */
  'POST /v1/account/email': {
    readonly body: EmailChange;
    readonly reply: undefined;
  };
  /** Mail the link again that confirms the e-mail address. Nothing if it is confirmed. */
  'POST /v1/account/email/confirmation': {
    readonly reply: undefined;
  };
  /** Make an API key for systems of one’s own. The key is shown this once. */
  'POST /v1/account/api-keys': {
    readonly body: NewApiKey;
    readonly reply: CreatedApiKey;
  };
  /** API keys of one’s own, newest first, all in one page. */
  'GET /v1/account/api-keys': {
    readonly reply: ApiKeyPage;
  };
  /** Revoke all API keys of one’s own. */
  'DELETE /v1/account/api-keys': {
    readonly reply: undefined;
  };
  /** Revoke an API key of one’s own. It is refused everywhere within a second. */
  'DELETE /v1/account/api-keys/{id}': {
    readonly path: {
      readonly id: string;
    };
    readonly reply: undefined;
  };
  /** Make an API key for systems of an organisation. The key is shown this once. */
  'POST /v1/organisations/{id}/api-keys': {
    readonly path: {
      readonly id: string;
    };
    readonly body: NewApiKey;
    readonly reply: CreatedApiKey;
  };
  /** API keys of an organisation, newest first, all in one page. */
  'GET /v1/organisations/{id}/api-keys': {
    readonly path: {
      readonly id: string;
    };
    readonly reply: ApiKeyPage;
  };
  /** Revoke all API keys of an organisation. */
  'DELETE /v1/organisations/{id}/api-keys': {
    readonly path: {
      readonly id: string;
    };
    readonly reply: undefined;
  };
  /** Revoke an API key of an organisation. It is refused everywhere within a second. */
  'DELETE /v1/organisations/{id}/api-keys/{keyId}': {
    readonly path: {
      readonly id: string;
      readonly keyId: string;
    };
    readonly reply: undefined;
  };
  /** Make an organisation: a creator with members. The caller is its first owner. */
  'POST /v1/organisations': {
    readonly body: NewOrganisation;
    readonly keyed: true;
    readonly reply: OwnOrganisation;
  };
  /** Organisations of which the caller is a member; the own account is the first. */
  'GET /v1/users/me/organisations': {
    readonly reply: OwnOrganisationPage;
  };
  /** An organisation, with the caller’s role. */
  'GET /v1/organisations/{id}': {
    readonly path: {
      readonly id: string;
    };
    readonly reply: OwnOrganisation;
  };
  /** End an organisation: nobody is a member any more, its keys and drafts go. */
  'DELETE /v1/organisations/{id}': {
    readonly path: {
      readonly id: string;
    };
    readonly reply: undefined;
  };
  /** The members of an organisation, all in one page. */
  'GET /v1/organisations/{id}/members': {
    readonly path: {
      readonly id: string;
    };
    readonly reply: MemberPage;
  };
  /** Give a member another role. The last owner stays one. */
  'PUT /v1/organisations/{id}/members/{userId}': {
    readonly path: {
      readonly id: string;
      readonly userId: string;
    };
    readonly body: RoleChange;
    readonly reply: Member;
  };
  /**
   * Take a member out, within a second everywhere; or leave, which every member may but the
   * last owner.
   */
  'DELETE /v1/organisations/{id}/members/{userId}': {
    readonly path: {
      readonly id: string;
      readonly userId: string;
    };
    readonly reply: undefined;
  };
  /** Invite somebody by mail, for 7 days, in place of an earlier invitation. */
  'POST /v1/organisations/{id}/invitations': {
    readonly path: {
      readonly id: string;
    };
    readonly body: NewInvitation;
    readonly keyed: true;
    readonly reply: SentInvitation;
  };
  /** Open invitations of an organisation, all in one page. */
  'GET /v1/organisations/{id}/invitations': {
    readonly path: {
      readonly id: string;
    };
    readonly reply: SentInvitationPage;
  };
  /** Withdraw an invitation. */
  'DELETE /v1/organisations/{id}/invitations/{invitationId}': {
    readonly path: {
      readonly id: string;
      readonly invitationId: string;
    };
    readonly reply: undefined;
  };
  /** Open invitations to the caller’s address, once that is confirmed. */
  'GET /v1/users/me/invitations': {
    readonly reply: ReceivedInvitationPage;
  };
  /** Accept an invitation to one’s own address, with the token of its mail or without. */
  'POST /v1/invitations/{id}/accept': {
    readonly path: {
      readonly id: string;
    };
    readonly body?: InvitationAnswer;
    readonly keyed: true;
    readonly reply: OwnOrganisation;
  };
  /** Decline an invitation to one’s own address. */
  'POST /v1/invitations/{id}/decline': {
    readonly path: {
      readonly id: string;
    };
    readonly body?: InvitationAnswer;
    readonly keyed: true;
    readonly reply: undefined;
  };
  /** A short access token for a user of one’s own shop (RFC 8693). */
  'POST /v1/token': {
    readonly body: TokenExchange;
    readonly reply: ExchangedToken;
  };
  /** Where the users of one’s own shop are reached: all of them, newest first. */
  'GET /v1/shop/contacts': {
    readonly query?: {
      readonly limit?: number;
      /** nextCursor of the page before */
      readonly cursor?: string;
    };
    readonly reply: ContactPage;
  };
  /** Where a user of one’s own shop is reached. */
  'GET /v1/shop/contacts/{id}': {
    readonly path: {
      readonly id: string;
    };
    readonly reply: Contact;
  };
  /** Store where a user of one’s own shop is reached, in place of what was stored. */
  'PUT /v1/shop/contacts/{id}': {
    readonly path: {
      readonly id: string;
    };
    readonly body: NewContact;
    readonly reply: Contact;
  };
  /** Erase where a user of one’s own shop is reached. */
  'DELETE /v1/shop/contacts/{id}': {
    readonly path: {
      readonly id: string;
    };
    readonly reply: undefined;
  };
  /** Whether a sample shop can be made. */
  'GET /v1/sample-shop': {
    readonly reply: SampleShopOffer;
  };
  /** Make a sample shop: creators, products with pictures, drops that are live. */
  'POST /v1/sample-shop': {
    readonly body: NewSampleShop;
    readonly reply: SampleShop;
  };
  /**
   * What was changed of one’s account, products and drops, or of those of an organisation that
   * one owns: by whom and from where; newest first.
   */
  'GET /v1/audit': {
    readonly query?: {
      readonly actor?: string;
      readonly action?: string;
      readonly target?: string;
      readonly from?: string;
      readonly to?: string;
      readonly creator_id?: string;
      readonly limit?: number;
      /** nextCursor of the page before */
      readonly cursor?: string;
    };
    readonly reply: AuditPage;
  };
  /**
   * What operators and creators changed, and what operators were refused: newest first. A page
   * may be short, or empty, before the last one.
   */
  'GET /v1/operator/audit': {
    readonly query?: {
      readonly actor?: string;
      readonly action?: string;
      readonly target?: string;
      readonly from?: string;
      readonly to?: string;
      readonly limit?: number;
      /** nextCursor of the page before */
      readonly cursor?: string;
    };
    readonly reply: AuditPage;
  };
  /** Make a webhook: its URL is called with what happens from now on. */
  'POST /v1/webhooks': {
    readonly body: NewWebhook;
    readonly reply: CreatedWebhook;
  };
  /** Webhooks of one’s own, or of a creator whose member one is; all in one page. */
  'GET /v1/webhooks': {
    readonly query?: {
      readonly creator_id?: string;
    };
    readonly reply: WebhookPage;
  };
  /** A webhook. */
  'GET /v1/webhooks/{id}': {
    readonly path: {
      readonly id: string;
    };
    readonly reply: Webhook;
  };
  /** Change a webhook, disable it, or enable it again from now on. */
  'PATCH /v1/webhooks/{id}': {
    readonly path: {
      readonly id: string;
    };
    readonly body: WebhookChange;
    readonly reply: Webhook;
  };
  /** Remove a webhook with the record of its deliveries. */
  'DELETE /v1/webhooks/{id}': {
    readonly path: {
      readonly id: string;
    };
    readonly reply: undefined;
  };
  /** Make a new secret; the one before signs as well for a while. */
  'POST /v1/webhooks/{id}/secret': {
    readonly path: {
      readonly id: string;
    };
    readonly body?: WebhookRotation;
    readonly reply: CreatedWebhook;
  };
  /** Send an event of the type webhook.test. */
  'POST /v1/webhooks/{id}/test': {
    readonly path: {
      readonly id: string;
    };
    readonly reply: WebhookDelivery;
  };
  /** Deliveries of a webhook with their attempts, newest first. */
  'GET /v1/webhooks/{id}/deliveries': {
    readonly path: {
      readonly id: string;
    };
    readonly query?: {
      /** waiting: it is sent, or sent again; failed: it is not sent any more */
      readonly state?: 'waiting' | 'sent' | 'failed';
      readonly limit?: number;
      /** nextCursor of the page before */
      readonly cursor?: string;
    };
    readonly reply: WebhookDeliveryPage;
  };
  /** Send a delivery again, with the same webhook-id. */
  'POST /v1/webhooks/{id}/deliveries/{deliveryId}/resend': {
    readonly path: {
      readonly id: string;
      readonly deliveryId: string;
    };
    readonly reply: WebhookDelivery;
  };
  /** Webhooks of all creators. */
  'GET /v1/operator/webhooks': {
    readonly query?: {
      readonly limit?: number;
      /** nextCursor of the page before */
      readonly cursor?: string;
    };
    readonly reply: WebhookPage;
  };
  /** Deliveries of any webhook, newest first. */
  'GET /v1/operator/webhooks/{id}/deliveries': {
    readonly path: {
      readonly id: string;
    };
    readonly query?: {
      /** waiting: it is sent, or sent again; failed: it is not sent any more */
      readonly state?: 'waiting' | 'sent' | 'failed';
      readonly limit?: number;
      /** nextCursor of the page before */
      readonly cursor?: string;
    };
    readonly reply: WebhookDeliveryPage;
  };
  /** Disable a webhook; its creator cannot enable it. Harmless to repeat. */
  'POST /v1/operator/webhooks/{id}/disable': {
    readonly path: {
      readonly id: string;
    };
    readonly reply: Webhook;
  };
  /** Have a delivery of any webhook sent again. */
  'POST /v1/operator/webhooks/{id}/deliveries/{deliveryId}/resend': {
    readonly path: {
      readonly id: string;
      readonly deliveryId: string;
    };
    readonly reply: WebhookDelivery;
  };
  /** Add a product of one’s own: the id is the caller’s. */
  'POST /v1/creators/{id}/products': {
    readonly path: {
      readonly id: string;
    };
    readonly body: NewProduct;
    readonly keyed: true;
    readonly reply: Product;
  };
  /** A product, with those of its media that are public, or the caller’s own. */
  'GET /v1/products/{id}': {
    readonly path: {
      readonly id: string;
    };
    readonly reply: Product;
  };
  /** Change a product of one’s own. */
  'PATCH /v1/products/{id}': {
    readonly path: {
      readonly id: string;
    };
    readonly headers?: {
      /** The revision that is changed, in quotes; a list of them, or * for any. */
      readonly 'If-Match'?: string;
    };
    readonly body: ProductPatch;
    readonly keyed: true;
    readonly reply: Product;
  };
  /** Products, newest first. */
  'GET /v1/products': {
    readonly query?: {
      readonly creator_id?: string;
      /** only together with creator_id */
      readonly external_id?: string;
      /** true: also the caller’s own that are unlisted, with an access token */
      readonly unlisted?: boolean;
      readonly limit?: number;
      /** nextCursor of the page before */
      readonly cursor?: string;
    };
    readonly reply: ProductPage;
  };
  /** Where pictures and films are uploaded to. */
  'GET /v1/uploads': {
    readonly reply: UploadPlace;
  };
  /**
   * A picture or a film: whether it is ready, and its variants. While it is private, for its
   * owner, with signed URLs.
   */
  'GET /v1/media/{id}': {
    readonly path: {
      readonly id: string;
    };
    readonly reply: Media;
  };
  /** Remove a picture or a film of one’s own. */
  'DELETE /v1/media/{id}': {
    readonly path: {
      readonly id: string;
    };
    readonly reply: undefined;
  };
  /** Make a drop of a product of one’s own, or a draft of one. */
  'POST /v1/products/{id}/drops': {
    readonly path: {
      readonly id: string;
    };
    readonly body: NewDrop;
    readonly keyed: true;
    readonly reply: Drop;
  };
  /**
   * Change a drop: times and limits before the start, afterwards its end and stock. Of a draft
   * everything changes.
   */
  'PATCH /v1/drops/{id}': {
    readonly path: {
      readonly id: string;
    };
    readonly headers?: {
      /** The revision that is changed, in quotes; a list of them, or * for any. */
      readonly 'If-Match'?: string;
    };
    readonly body: DropPatch;
    readonly keyed: true;
    readonly reply: Drop;
  };
  /** A drop with its stock, as of one version; a draft for its creator. */
  'GET /v1/drops/{id}': {
    readonly path: {
      readonly id: string;
    };
    readonly reply: Drop;
  };
  /** Remove a draft of one’s own. */
  'DELETE /v1/drops/{id}': {
    readonly path: {
      readonly id: string;
    };
    readonly headers?: {
      /** The revision that is changed, in quotes; a list of them, or * for any. */
      readonly 'If-Match'?: string;
    };
    readonly reply: undefined;
  };
  /** Cancel a drop: held orders are cancelled, confirmed ones refunded. */
  'POST /v1/drops/{id}/cancel': {
    readonly path: {
      readonly id: string;
    };
    readonly headers?: {
      /** The revision that is changed, in quotes; a list of them, or * for any. */
      readonly 'If-Match'?: string;
    };
    readonly keyed: true;
    readonly reply: Drop;
  };
  /**
   * Pause a drop: orders are refused, holds may still be paid, and it ends on time. Twice is a
   * success.
   */
  'POST /v1/drops/{id}/pause': {
    readonly path: {
      readonly id: string;
    };
    readonly headers?: {
      /** The revision that is changed, in quotes; a list of them, or * for any. */
      readonly 'If-Match'?: string;
    };
    readonly body?: PauseDetails;
    readonly keyed: true;
    readonly reply: Drop;
  };
  /** Let a paused drop go on: orders are taken again. Twice is a success. */
  'POST /v1/drops/{id}/resume': {
    readonly path: {
      readonly id: string;
    };
    readonly headers?: {
      /** The revision that is changed, in quotes; a list of them, or * for any. */
      readonly 'If-Match'?: string;
    };
    readonly keyed: true;
    readonly reply: Drop;
  };
  /** Drops, newest first. The stock shown may be a second old. */
  'GET /v1/drops': {
    readonly query?: {
      /** draft: the caller’s own, with an access token */
      readonly status?: 'upcoming' | 'live' | 'ended' | 'cancelled' | 'draft';
      readonly creator_id?: string;
      readonly product_id?: string;
      /** only together with creator_id */
      readonly external_id?: string;
      /** true: also the caller’s own that are unlisted, with an access token */
      readonly unlisted?: boolean;
      readonly limit?: number;
      /** nextCursor of the page before */
      readonly cursor?: string;
    };
    readonly reply: DropPage;
  };
  /** Announce a draft of one’s own: it becomes a drop, and followers hear of it. */
  'POST /v1/drops/{id}/announce': {
    readonly path: {
      readonly id: string;
    };
    readonly headers?: {
      /** The revision that is changed, in quotes; a list of them, or * for any. */
      readonly 'If-Match'?: string;
    };
    readonly keyed: true;
    readonly reply: Drop;
  };
  /** Say where an order of one’s own goes: replaces what was said before. */
  'PUT /v1/orders/{id}/details': {
    readonly path: {
      readonly id: string;
    };
    readonly body: OrderDetails;
    readonly reply: OrderDetails;
  };
  /** The details of an order, for its buyer, the drop’s creator and operators. */
  'GET /v1/orders/{id}/details': {
    readonly path: {
      readonly id: string;
    };
    readonly reply: OrderDetails;
  };
  /** Erase the details of all orders of one’s own, for good. */
  'DELETE /v1/users/me/order-details': {
    readonly reply: undefined;
  };
  /**
   * Order units of a live drop. Send the same Idempotency-Key again to get the first order
   * again.
   */
  'POST /v1/drops/{id}/orders': {
    readonly path: {
      readonly id: string;
    };
    readonly body: NewOrder;
    readonly keyed: true;
    readonly reply: Order;
  };
  /** A drop’s orders, newest first, for its creator and operators. */
  'GET /v1/drops/{id}/orders': {
    readonly path: {
      readonly id: string;
    };
    readonly query?: {
      readonly status?: 'reserved' | 'confirmed' | 'failed' | 'cancelled' | 'expired' | 'refunded';
      readonly user_id?: string;
      /** placed at this time or later */
      readonly since?: string;
      /** placed before this time */
      readonly until?: string;
      /** true: those with a payment that is or was disputed */
      readonly disputed?: boolean;
      readonly limit?: number;
      /** nextCursor of the page before */
      readonly cursor?: string;
    };
    readonly reply: DropOrdersPage;
  };
  /** The proof that an order of one’s own is in the ledger. */
  'GET /v1/orders/{id}/proof': {
    readonly path: {
      readonly id: string;
    };
    readonly reply: LedgerProof;
  };
  /** An order of one’s own. */
  'GET /v1/orders/{id}': {
    readonly path: {
      readonly id: string;
    };
    readonly reply: Order;
  };
  /** The payments and refunds of an order, for its buyer, the drop’s creator and operators. */
  'GET /v1/orders/{id}/payments': {
    readonly path: {
      readonly id: string;
    };
    readonly reply: OrderPayments;
  };
  /** The caller’s orders, newest first. */
  'GET /v1/orders': {
    readonly query?: {
      readonly limit?: number;
      /** nextCursor of the page before */
      readonly cursor?: string;
    };
    readonly reply: OrderPage;
  };
  /** Cancel a reserved order of one’s own. */
  'POST /v1/orders/{id}/cancel': {
    readonly path: {
      readonly id: string;
    };
    readonly keyed: true;
    readonly reply: Order;
  };
  /**
   * Refund a confirmed order, or a part of it, as the drop’s creator or an operator. Without a
   * body everything that is left is refunded, and the units are on sale again.
   */
  'POST /v1/orders/{id}/refund': {
    readonly path: {
      readonly id: string;
    };
    readonly body?: RefundDetails;
    readonly keyed: true;
    readonly reply: Order;
  };
  /**
   * All orders of a drop as a file, as of one version, oldest first, for its creator and
   * operators: CSV, or NDJSON with `format=ndjson`.
   */
  'GET /v1/drops/{id}/orders/export': {
    readonly path: {
      readonly id: string;
    };
    readonly query?: {
      readonly format?: 'csv' | 'ndjson';
    };
    readonly reply: string;
    readonly line: ExportLine;
  };
  /** What was sold and seen of a drop, for its creator and operators. */
  'GET /v1/drops/{id}/analytics': {
    readonly path: {
      readonly id: string;
    };
    readonly query?: {
      /** the step with this time and later ones */
      readonly from?: string;
      /** steps before this time; now by default */
      readonly to?: string;
      /**
       * second: of the first two minutes of a drop; seconds and minutes are kept for 30 days.
       * At most 1500 steps are in one range.
       */
      readonly step?: 'second' | 'minute' | 'hour';
    };
    readonly reply: DropAnalytics;
  };
  /** The same as a file, a row for each step: CSV, NDJSON or Parquet. */
  'GET /v1/drops/{id}/analytics/export': {
    readonly path: {
      readonly id: string;
    };
    readonly query?: {
      /** the step with this time and later ones */
      readonly from?: string;
      /** steps before this time; now by default */
      readonly to?: string;
      /**
       * second: of the first two minutes of a drop; seconds and minutes are kept for 30 days.
       * At most 1500 steps are in one range.
       */
      readonly step?: 'second' | 'minute' | 'hour';
      readonly format?: 'csv' | 'ndjson' | 'parquet';
    };
    readonly reply: string;
    readonly line: AnalyticsPoint;
  };
  /** What was sold and seen of all drops of a creator, for the creator and operators. */
  'GET /v1/creators/{id}/analytics': {
    readonly path: {
      readonly id: string;
    };
    readonly query?: {
      /** the step with this time and later ones */
      readonly from?: string;
      /** steps before this time; now by default */
      readonly to?: string;
      /**
       * second: of the first two minutes of a drop; seconds and minutes are kept for 30 days.
       * At most 1500 steps are in one range.
       */
      readonly step?: 'second' | 'minute' | 'hour';
    };
    readonly reply: Analytics;
  };
  /** The same as a file, a row for each step: CSV, NDJSON or Parquet. */
  'GET /v1/creators/{id}/analytics/export': {
    readonly path: {
      readonly id: string;
    };
    readonly query?: {
      /** the step with this time and later ones */
      readonly from?: string;
      /** steps before this time; now by default */
      readonly to?: string;
      /**
       * second: of the first two minutes of a drop; seconds and minutes are kept for 30 days.
       * At most 1500 steps are in one range.
       */
      readonly step?: 'second' | 'minute' | 'hour';
      readonly format?: 'csv' | 'ndjson' | 'parquet';
    };
    readonly reply: string;
    readonly line: AnalyticsPoint;
  };
  /** What was sold and seen of all drops. */
  'GET /v1/operator/analytics': {
    readonly query?: {
      /** the step with this time and later ones */
      readonly from?: string;
      /** steps before this time; now by default */
      readonly to?: string;
      /**
       * second: of the first two minutes of a drop; seconds and minutes are kept for 30 days.
       * At most 1500 steps are in one range.
       */
      readonly step?: 'second' | 'minute' | 'hour';
    };
    readonly reply: Analytics;
  };
  /** The same as a file, a row for each step: CSV, NDJSON or Parquet. */
  'GET /v1/operator/analytics/export': {
    readonly query?: {
      /** the step with this time and later ones */
      readonly from?: string;
      /** steps before this time; now by default */
      readonly to?: string;
      /**
       * second: of the first two minutes of a drop; seconds and minutes are kept for 30 days.
       * At most 1500 steps are in one range.
       */
      readonly step?: 'second' | 'minute' | 'hour';
      readonly format?: 'csv' | 'ndjson' | 'parquet';
    };
    readonly reply: string;
    readonly line: AnalyticsPoint;
  };
  /**
   * Export all orders of a drop to a file by a job, for its creator and operators; `GET
   * /v1/exports/{id}` with the job’s id has the file, for 7 days.
   */
  'POST /v1/drops/{id}/exports': {
    readonly path: {
      readonly id: string;
    };
    readonly body: NewExport;
    readonly keyed: true;
    readonly reply: Job;
  };
  /** The file of an export by a job, for the drop’s creator and operators. */
  'GET /v1/exports/{id}': {
    readonly path: {
      readonly id: string;
    };
    readonly reply: string;
    readonly line: ExportLine;
  };
  /** Make passes of a drop, up to a thousand, for its creator and operators. */
  'POST /v1/drops/{id}/passes': {
    readonly path: {
      readonly id: string;
    };
    readonly body: NewPasses;
    readonly keyed: true;
    readonly reply: MadePasses;
  };
  /**
   * Have a job make many passes of a drop, also for all followers; `GET /v1/pass-lists/{id}`
   * with the job’s id has the file, for 7 days.
   */
  'POST /v1/drops/{id}/pass-lists': {
    readonly path: {
      readonly id: string;
    };
    readonly body: NewPassList;
    readonly keyed: true;
    readonly reply: Job;
  };
  /** The file of passes that a job made, for the drop’s creator and operators. */
  'GET /v1/pass-lists/{id}': {
    readonly path: {
      readonly id: string;
    };
    readonly reply: string;
    readonly line: MadePass;
  };
  /** Refund many orders of a drop, or all that are confirmed, by a job. */
  'POST /v1/drops/{id}/refunds': {
    readonly path: {
      readonly id: string;
    };
    readonly body: NewRefunds;
    readonly keyed: true;
    readonly reply: Job;
  };
  /** The caller’s jobs, newest first. */
  'GET /v1/jobs': {
    readonly query?: {
      readonly limit?: number;
      /** nextCursor of the page before */
      readonly cursor?: string;
    };
    readonly reply: JobPage;
  };
  /** A job of one’s own, with its progress. */
  'GET /v1/jobs/{id}': {
    readonly path: {
      readonly id: string;
    };
    readonly reply: Job;
  };
  /** Cancel a job of one’s own: it ends after its present step. Harmless to repeat. */
  'POST /v1/jobs/{id}/cancel': {
    readonly path: {
      readonly id: string;
    };
    readonly keyed: true;
    readonly reply: Job;
  };
  /** Jobs of everybody, newest first. */
  'GET /v1/operator/jobs': {
    readonly query?: {
      readonly state?: 'queued' | 'running' | 'done' | 'failed' | 'cancelled';
      readonly limit?: number;
      /** nextCursor of the page before */
      readonly cursor?: string;
    };
    readonly reply: JobPage;
  };
  /** A job, whoever asked for it. */
  'GET /v1/operator/jobs/{id}': {
    readonly path: {
      readonly id: string;
    };
    readonly reply: Job;
  };
  /** Have a job go on that failed, was cancelled, or waits; harmless to repeat. */
  'POST /v1/operator/jobs/{id}/retry': {
    readonly path: {
      readonly id: string;
    };
    readonly body: Change;
    readonly keyed: true;
    readonly reply: JobChange;
  };
  /** Cancel a job: it ends after its present step. Harmless to repeat. */
  'POST /v1/operator/jobs/{id}/cancel': {
    readonly path: {
      readonly id: string;
    };
    readonly body: Change;
    readonly keyed: true;
    readonly reply: JobChange;
  };
  /** Standard Webhooks 1.0.0. A repeated webhook-id is a success and changes nothing. */
  'POST /v1/payments/webhook': {
    readonly headers: {
      readonly 'webhook-id': string;
      readonly 'webhook-timestamp': string;
      readonly 'webhook-signature': string;
    };
    readonly body: PaymentEvent;
    readonly reply: undefined;
  };
  /** Stripe’s events. A repeated id is a success and changes nothing. */
  'POST /v1/payments/stripe/webhook': {
    readonly headers: {
      readonly 'Stripe-Signature': string;
    };
    readonly body: StripeEvent;
    readonly reply: undefined;
  };
  /** What the buyer needs to pay for a reserved order of one’s own. */
  'GET /v1/orders/{id}/payment': {
    readonly path: {
      readonly id: string;
    };
    readonly reply: BuyerPayment;
  };
  /**
   * Have the development provider settle the payment of a reserved order of one’s own. Only
   * where that provider takes payments.
   */
  'POST /v1/orders/{id}/development-payment': {
    readonly path: {
      readonly id: string;
    };
    readonly body: DevelopmentPayment;
    readonly reply: undefined;
  };
  /** Follow a creator; doing so twice is the same. */
  'POST /v1/creators/{id}/follow': {
    readonly path: {
      readonly id: string;
    };
    readonly keyed: true;
    readonly reply: undefined;
  };
  /** Unfollow a creator; doing so twice is the same. */
  'DELETE /v1/creators/{id}/follow': {
    readonly path: {
      readonly id: string;
    };
    readonly reply: undefined;
  };
  /** Who follows a creator, newest first. */
  'GET /v1/creators/{id}/followers': {
    readonly path: {
      readonly id: string;
    };
    readonly query?: {
      readonly limit?: number;
      /** nextCursor of the page before */
      readonly cursor?: string;
    };
    readonly reply: FollowPage;
  };
  /** Whom a user follows, newest first. */
  'GET /v1/users/{id}/following': {
    readonly path: {
      readonly id: string;
    };
    readonly query?: {
      readonly limit?: number;
      /** nextCursor of the page before */
      readonly cursor?: string;
    };
    readonly reply: FollowPage;
  };
  /** Whether a user follows a creator. */
  'GET /v1/follows': {
    readonly query: {
      readonly user_id: string;
      readonly creator_id: string;
    };
    readonly reply: Following;
  };
  /** Users whom the creator has banned, newest first; for the creator and operators. */
  'GET /v1/creators/{id}/bans': {
    readonly path: {
      readonly id: string;
    };
    readonly query?: {
      readonly limit?: number;
      /** nextCursor of the page before */
      readonly cursor?: string;
    };
    readonly reply: BanPage;
  };
  /**
   * Ban a user from the creator’s drops, or change the ban. The user’s holds are let go, and
   * the user follows the creator no more.
   */
  'PUT /v1/creators/{id}/bans/{userId}': {
    readonly path: {
      readonly id: string;
      readonly userId: string;
    };
    readonly body: NewBan;
    readonly reply: MadeBan;
  };
  /** Lift the creator’s ban of a user. */
  'DELETE /v1/creators/{id}/bans/{userId}': {
    readonly path: {
      readonly id: string;
      readonly userId: string;
    };
    readonly reply: undefined;
  };
  /**
   * Notifications, newest first. Upgraded to WebSocket it is the live stream, which also takes
   * its token as a subprotocol (livedrops.v1, bearer.TOKEN) or as ?access_token=.
   */
  'GET /v1/notifications': {
    readonly query?: {
      readonly unread?: boolean;
      readonly limit?: number;
      /** nextCursor of the page before */
      readonly cursor?: string;
    };
    readonly reply: NotificationPage;
  };
  /** Mark all notifications read, or those up to an id. */
  'POST /v1/notifications/read-all': {
    readonly body?: ReadAll;
    readonly keyed: true;
    readonly reply: undefined;
  };
  /** Mark one notification read. */
  'POST /v1/notifications/{id}/read': {
    readonly path: {
      readonly id: string;
    };
    readonly keyed: true;
    readonly reply: undefined;
  };
  /** The live stream of one drop, without an account: upgrade to WebSocket. */
  'GET /v1/drops/{id}/live': {
    readonly path: {
      readonly id: string;
    };
    readonly reply: undefined;
  };
  /**
   * Products, drops and creators by words, the best first: in pages, or with `Accept:
   * application/x-ndjson` all of them, one a line, as of one moment.
   */
  'GET /v1/search': {
    readonly query?: {
      /** words, the last of which may not be finished; without a word: all */
      readonly q?: string;
      readonly type?: 'products' | 'drops' | 'creators';
      /** drops only */
      readonly status?: 'upcoming' | 'live' | 'ended' | 'cancelled';
      readonly creator_id?: string;
      /** drops only */
      readonly currency?: string;
      /** in the minor unit; together with currency */
      readonly min?: number;
      /** in the minor unit; together with currency */
      readonly max?: number;
      readonly sort?: 'relevance' | 'newest' | 'starting' | 'price';
      /** false: no counts by status */
      readonly counts?: boolean;
      /** for operators: why hits are so ordered */
      readonly explain?: boolean;
      readonly limit?: number;
      /** nextCursor of the page before */
      readonly cursor?: string;
    };
    readonly reply: SearchResult;
    readonly line: SearchItem;
  };
  /** Names that complete what was typed, the best first. */
  'GET /v1/search/suggest': {
    readonly query: {
      /** words, the last of which may not be finished; without a word: all */
      readonly q: string;
      readonly type?: 'products' | 'drops' | 'creators';
      readonly limit?: number;
    };
    readonly reply: Suggestions;
  };
  /** The key that a browser needs to subscribe to pushes (RFC 8292). */
  'GET /v1/push/key': {
    readonly reply: PushKey;
  };
  /**
   * Subscribe a browser to pushes. It is the caller’s alone then, until the session of this
   * request’s token ends. Past 16 the oldest one ends.
   */
  'PUT /v1/push/subscriptions': {
    readonly body: NewPushSubscription;
    readonly reply: undefined;
  };
  /** End a browser’s subscription; doing so twice is the same. */
  'DELETE /v1/push/subscriptions': {
    readonly query: {
      readonly endpoint: string;
    };
    readonly reply: undefined;
  };
  /** What the caller wants to be told by push and by mail. */
  'GET /v1/users/me/preferences': {
    readonly reply: Preferences;
  };
  /** Change what the caller wants to be told. What is left out stays as it is. */
  'PATCH /v1/users/me/preferences': {
    readonly body: PreferencesPatch;
    readonly reply: Preferences;
  };
  /** The page of a mail’s link, with the button that ends such mails. */
  'GET /v1/mail/unsubscribe': {
    readonly query: {
      readonly token: string;
    };
    readonly reply: string;
  };
  /** End the mails of one kind, by the token of a mail, without a sign-in (RFC 8058). */
  'POST /v1/mail/unsubscribe': {
    readonly query: {
      readonly token: string;
    };
    readonly body?: OneClick;
    readonly reply: string;
  };
  /** The living nodes and those lost lately, with what they carry. */
  'GET /v1/operator/nodes': {
    readonly reply: NodeList;
  };
  /** All shards, or those of one node or in one state. */
  'GET /v1/operator/shards': {
    readonly query?: {
      readonly node?: string;
      readonly state?: 'recovering' | 'serving' | 'leaving' | 'damaged' | 'stopped';
    };
    readonly reply: ShardList;
  };
  /** The last moves of shards, newest first, with how each ended. */
  'GET /v1/operator/moves': {
    readonly query?: {
      readonly limit?: number;
    };
    readonly reply: MoveList;
  };
  /** Keep a shard on a node, whichever node would have it otherwise; moves it there. */
  'POST /v1/operator/shards/{id}/pin': {
    readonly path: {
      readonly id: string;
    };
    readonly body: PinChange;
    readonly keyed: true;
    readonly reply: MovePlan;
  };
  /** Move a shard to a node. The same as to pin it: unpin it, and it may go elsewhere. */
  'POST /v1/operator/shards/{id}/move': {
    readonly path: {
      readonly id: string;
    };
    readonly body: PinChange;
    readonly keyed: true;
    readonly reply: MovePlan;
  };
  /** Take a shard’s pin away; moves it to the node that has it without. */
  'POST /v1/operator/shards/{id}/unpin': {
    readonly path: {
      readonly id: string;
    };
    readonly body: Change;
    readonly keyed: true;
    readonly reply: MovePlan;
  };
  /** Move all shards of a node to others and give it none. */
  'POST /v1/operator/nodes/{id}/drain': {
    readonly path: {
      readonly id: string;
    };
    readonly body: Change;
    readonly keyed: true;
    readonly reply: MovePlan;
  };
  /** Let a drained node take shards again. */
  'POST /v1/operator/nodes/{id}/undrain': {
    readonly path: {
      readonly id: string;
    };
    readonly body: Change;
    readonly keyed: true;
    readonly reply: MovePlan;
  };
  /** Ask a node to end in good order, for whatever supervises it to start it again. */
  'POST /v1/operator/nodes/{id}/restart': {
    readonly path: {
      readonly id: string;
    };
    readonly keyed: true;
    readonly reply: undefined;
  };
  /** Serve a quarantined drop again, for example once its defect is mended. */
  'POST /v1/operator/drops/{id}/release': {
    readonly path: {
      readonly id: string;
    };
    readonly keyed: true;
    readonly reply: undefined;
  };
  /** Pin a few shards so that the busiest nodes give some of their load to others. */
  'POST /v1/operator/rebalance': {
    readonly body: RebalanceChange;
    readonly keyed: true;
    readonly reply: MovePlan;
  };
  /** Make again what order lists and feeds lost, from the journals, while they are used. */
  'POST /v1/operator/rebuild': {
    readonly body: RebuildChange;
    readonly reply: RebuildReport;
  };
  /** Replay all journals and compare them with live state and read models. */
  'POST /v1/operator/verify': {
    readonly reply: VerifyReport;
  };
  /** Payments to look at: rejected, disputed and voided ones, newest first. */
  'GET /v1/operator/payment-problems': {
    readonly query?: {
      readonly kind?: 'rejected' | 'disputed' | 'voided';
      readonly open?: boolean;
      readonly limit?: number;
      /** nextCursor of the page before */
      readonly cursor?: string;
    };
    readonly reply: PaymentProblemPage;
  };
  /** Refunds that the payment provider did not make, newest first. */
  'GET /v1/operator/refunds': {
    readonly query?: {
      readonly state?: 'parked' | 'retrying' | 'done' | 'dismissed';
      readonly limit?: number;
      /** nextCursor of the page before */
      readonly cursor?: string;
    };
    readonly reply: RefundPage;
  };
  /** Have a refund attempted again; harmless to repeat. */
  'POST /v1/operator/refunds/{id}/retry': {
    readonly path: {
      readonly id: string;
    };
    readonly body: Change;
    readonly keyed: true;
    readonly reply: RefundChange;
  };
  /** Settle a refund without the provider: it is not attempted again. */
  'POST /v1/operator/refunds/{id}/dismiss': {
    readonly path: {
      readonly id: string;
    };
    readonly body: Dismissal;
    readonly keyed: true;
    readonly reply: RefundChange;
  };
  /** The accounts of operators and auditors. */
  'GET /v1/operator/operators': {
    readonly reply: OperatorList;
  };
  /**
   * Make an account an operator’s or an auditor’s, with a new second factor. Its sessions end.
   * Where there is no account of the address, one is made.
   */
  'POST /v1/operator/operators': {
    readonly body: NewOperator;
    readonly reply: AddedOperator;
  };
  /** Take the role away. The account stays; its sessions end. */
  'DELETE /v1/operator/operators/{id}': {
    readonly path: {
      readonly id: string;
    };
    readonly reply: undefined;
  };
  /** The search indexes of all nodes: how far behind, how large, what is rebuilt. */
  'GET /v1/operator/search': {
    readonly reply: SearchNodeList;
  };
  /** Make a node’s search index anew, in the background; the old one serves meanwhile. */
  'POST /v1/operator/search/{id}/rebuild': {
    readonly path: {
      readonly id: string;
    };
    readonly reply: undefined;
  };
  /** What is wrong now, by what all nodes measured: at most a second old. */
  'GET /v1/operator/alarms': {
    readonly reply: AlarmReport;
  };
  /** The caches of all gateways by kind: sizes, hits, misses. */
  'GET /v1/operator/caches': {
    readonly reply: NodeCachesList;
  };
  /** Have every gateway read anew what is of a kind, a path or a creator, or all. */
  'POST /v1/operator/caches/evict': {
    readonly body: CacheEviction;
    readonly reply: EvictedCachesList;
  };
  /** Users who are banned everywhere, or by a creator, newest first. */
  'GET /v1/operator/bans': {
    readonly query?: {
      /** those of a creator; else everywhere */
      readonly creator_id?: string;
      readonly limit?: number;
      /** nextCursor of the page before */
      readonly cursor?: string;
    };
    readonly reply: BanPage;
  };
  /**
   * Ban a user everywhere, or change the ban. Orders are refused within a second, and holds are
   * let go.
   */
  'PUT /v1/operator/bans/{id}': {
    readonly path: {
      readonly id: string;
    };
    readonly body: NewBan;
    readonly reply: MadeBan;
  };
  /** Lift the ban of a user everywhere. */
  'DELETE /v1/operator/bans/{id}': {
    readonly path: {
      readonly id: string;
    };
    readonly reply: undefined;
  };
  /** Creators who are pending (unless said otherwise), approved or suspended. */
  'GET /v1/operator/sellers': {
    readonly query?: {
      readonly standing?: 'pending' | 'approved' | 'suspended';
      readonly limit?: number;
      /** nextCursor of the page before */
      readonly cursor?: string;
    };
    readonly reply: SellerPage;
  };
  /** How a creator stands. */
  'GET /v1/operator/sellers/{id}': {
    readonly path: {
      readonly id: string;
    };
    readonly reply: Seller;
  };
  /** Approve or suspend a creator, or neither. Who is suspended makes nothing new. */
  'PUT /v1/operator/sellers/{id}': {
    readonly path: {
      readonly id: string;
    };
    readonly body: SellerChange;
    readonly reply: ChangedSeller;
  };
  /** Each creator that is taken down, newest first. */
  'GET /v1/operator/take-downs/creators': {
    readonly query?: {
      readonly limit?: number;
      /** nextCursor of the page before */
      readonly cursor?: string;
    };
    readonly reply: TakeDownPage;
  };
  /** Take a creator down: it is hidden, and its drops are paused, or cancelled. */
  'PUT /v1/operator/take-downs/creators/{id}': {
    readonly path: {
      readonly id: string;
    };
    readonly body: NewTakeDown;
    readonly reply: MadeTakeDown;
  };
  /** Show a creator again that was taken down. Drops that are paused stay so. */
  'DELETE /v1/operator/take-downs/creators/{id}': {
    readonly path: {
      readonly id: string;
    };
    readonly reply: undefined;
  };
  /** Each product that is taken down, newest first. */
  'GET /v1/operator/take-downs/products': {
    readonly query?: {
      readonly limit?: number;
      /** nextCursor of the page before */
      readonly cursor?: string;
    };
    readonly reply: TakeDownPage;
  };
  /** Take a product down: it is hidden, and its drops are paused, or cancelled. */
  'PUT /v1/operator/take-downs/products/{id}': {
    readonly path: {
      readonly id: string;
    };
    readonly body: NewTakeDown;
    readonly reply: MadeTakeDown;
  };
  /** Show a product again that was taken down. Drops that are paused stay so. */
  'DELETE /v1/operator/take-downs/products/{id}': {
    readonly path: {
      readonly id: string;
    };
    readonly reply: undefined;
  };
  /** Each drop that is taken down, newest first. */
  'GET /v1/operator/take-downs/drops': {
    readonly query?: {
      readonly limit?: number;
      /** nextCursor of the page before */
      readonly cursor?: string;
    };
    readonly reply: TakeDownPage;
  };
  /** Take a drop down: it is hidden, and its drops are paused, or cancelled. */
  'PUT /v1/operator/take-downs/drops/{id}': {
    readonly path: {
      readonly id: string;
    };
    readonly body: NewTakeDown;
    readonly reply: MadeTakeDown;
  };
  /** Show a drop again that was taken down. Drops that are paused stay so. */
  'DELETE /v1/operator/take-downs/drops/{id}': {
    readonly path: {
      readonly id: string;
    };
    readonly reply: undefined;
  };
  /** A picture or a film of anybody. */
  'GET /v1/operator/media/{id}': {
    readonly path: {
      readonly id: string;
    };
    readonly reply: Media;
  };
  /** Remove a picture or a film of anybody, also one in use. The answer is as it was. */
  'DELETE /v1/operator/media/{id}': {
    readonly path: {
      readonly id: string;
    };
    readonly query?: {
      /** why, for the list of operators’ actions */
      readonly reason?: string;
    };
    readonly reply: Media;
  };
  /** The ledger: how far it is, its newest checkpoint, its keys and trees. */
  'GET /v1/operator/ledger': {
    readonly reply: LedgerStatus;
  };
  /** The newest signed checkpoint alone. */
  'GET /v1/operator/ledger/checkpoint': {
    readonly reply: string;
  };
  /** A tile of a tree: hashes, or a bundle of leaves. */
  'GET /v1/operator/ledger/tile': {
    readonly query: {
      readonly tree: string;
      /** of the tile (C2SP, tlog-tiles) */
      readonly path: string;
    };
    readonly reply: string;
  };
  /** Leaves of a tree, from an index on. */
  'GET /v1/operator/ledger/leaves': {
    readonly query: {
      readonly tree: string;
      readonly from: number;
      readonly limit: number;
    };
    readonly reply: LedgerLeaves;
  };
  /** The right edge of a tree as it was at a size. */
  'GET /v1/operator/ledger/edge': {
    readonly query: {
      readonly tree: string;
      readonly size: number;
    };
    readonly reply: LedgerEdge;
  };
  /** The proof that an entry, an action or an order is in the ledger. */
  'GET /v1/operator/ledger/proof': {
    readonly query?: {
      readonly tree?: string;
      readonly number?: number;
      /** instead of tree and number */
      readonly order?: string;
      /** of the order */
      readonly buyer?: string;
    };
    readonly reply: LedgerProof;
  };
  /** The proof that the newest checkpoint continues an older one, of that size. */
  'GET /v1/operator/ledger/consistency': {
    readonly query: {
      readonly from: number;
    };
    readonly reply: LedgerConsistency;
  };
  /** Remember what a comparison of the ledger with its truth found. */
  'PUT /v1/operator/ledger/verification': {
    readonly body: LedgerCheck;
    readonly reply: undefined;
  };
  /** Make a new key. Those before it sign beside it, until they are removed. */
  'PUT /v1/operator/ledger/keys': {
    readonly body: LedgerKeyRotation;
    readonly reply: LedgerStatus;
  };
  /** Remove an old key: it signs no more. */
  'DELETE /v1/operator/ledger/keys/{id}': {
    readonly path: {
      readonly id: string;
    };
    readonly reply: undefined;
  };
  /** The keys of pushes (VAPID), the present one first. */
  'GET /v1/operator/push-keys': {
    readonly reply: OperatorPushKeyList;
  };
  /** Make a new present key. The ones before serve those who subscribed with them. */
  'PUT /v1/operator/push-keys': {
    readonly body: PushKeyRotation;
    readonly reply: OperatorPushKeyList;
  };
  /** Remove an old key. Who subscribed with it gets no pushes any more. */
  'DELETE /v1/operator/push-keys/{id}': {
    readonly path: {
      readonly id: string;
    };
    readonly reply: undefined;
  };
  /** Start a verification or a rebuild. It is cancelled unless its stream is read. */
  'POST /v1/operator/runs': {
    readonly body: NewRun;
    readonly keyed: true;
    readonly reply: Run;
  };
  /** The verifications and rebuilds that are under way. */
  'GET /v1/operator/runs': {
    readonly reply: RunList;
  };
  /**
   * The states of a run, a JSON object a line. The last one has its end, unless the access
   * token ends first: then read the stream again.
   */
  'GET /v1/operator/runs/{id}': {
    readonly path: {
      readonly id: string;
    };
    readonly reply: string;
    readonly line: Run;
  };
  /** Cancel a run. Its stream says when it has ended. */
  'DELETE /v1/operator/runs/{id}': {
    readonly path: {
      readonly id: string;
    };
    readonly reply: undefined;
  };
  /**
   * Everything that happens, a JSON object a line: operators see all of it, creators what is
   * about their drops, products and followers.
   */
  'GET /v1/changes': {
    readonly query?: {
      /** Where to begin: a position of an earlier reply, `start` (the default) or `now`. */
      readonly from?: string;
      /** Only what is about this creator: for operators and members (A10). */
      readonly creator_id?: string;
      /** True: the reply goes on with what happens from now on. */
      readonly follow?: boolean;
    };
    readonly reply: string;
    readonly line: StreamLine;
  };
  /** The process is alive. */
  'GET /healthz': {
    readonly reply: Health;
  };
  /** The process can serve; 503 where it cannot, with the reasons for operators. */
  'GET /readyz': {
    readonly reply: Readiness;
  };
  /** Metrics for Prometheus. */
  'GET /metrics': {
    readonly reply: string;
  };
  /** This description, as OpenAPI 3.1. */
  'GET /openapi.json': {
    readonly reply: string;
  };
  /** The live stream and the stream of changes, as AsyncAPI 3. */
  'GET /asyncapi.json': {
    readonly reply: string;
  };
  /** The documentation, to browse; the problem codes. */
  'GET /docs': {
    readonly reply: string;
  };
  /** This description, to browse and to try. */
  'GET /docs/rest': {
    readonly reply: string;
  };
  /** A playground for GraphQL. */
  'GET /docs/graphql': {
    readonly reply: string;
  };
  /** The streams, to browse. */
  'GET /docs/live': {
    readonly reply: string;
  };
  /** A guide. */
  'GET /docs/guides/{id}': {
    readonly path: {
      readonly id: string;
    };
    readonly reply: string;
  };
  /** A script or a style of these pages. */
  'GET /docs/assets/{id}': {
    readonly path: {
      readonly id: string;
    };
    readonly reply: string;
  };
  /** An operation of GraphQL: docs/schema.graphql has the schema. */
  'POST /v1/graphql': {
    readonly body: GraphQLRequest;
    readonly reply: GraphQLResponse;
  };
  /** A query of GraphQL, or operations over WebSocket by graphql-transport-ws. */
  'GET /v1/graphql': {
    readonly query?: {
      /** a document of GraphQL with a query */
      readonly query?: string;
      /** sha256: and the SHA-256 of a document, in place of it, where the server has it */
      readonly documentId?: string;
      readonly operationName?: string;
      /** a JSON object */
      readonly variables?: string;
      /** a JSON object */
      readonly extensions?: string;
    };
    readonly reply: GraphQLResponse;
  };
}
