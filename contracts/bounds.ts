// Bounds and defaults that clients see: of what they may send, and of what is taken where they send
// nothing. What only the inside bounds (queues, caches, waits) stands with what it bounds.

// Accounts

export const EMAIL_LENGTH_MAX = 254;
export const NAME_LENGTH_MAX = 80;
export const PASSWORD_LENGTH_MIN = 8;
export const PASSWORD_LENGTH_MAX = 1_024;
export const SECOND_FACTOR_CODE_LENGTH_MAX = 64;
/** Refresh tokens and cursors. */
export const TOKEN_LENGTH_MAX = 512;
/** Of what a client says it is. */
export const DEVICE_LENGTH_MAX = 200;
export const ACCESS_TOKEN_LENGTH_MAX = 4_096;

// API keys

export const API_KEY_NAME_LENGTH_MAX = 80;
/** How far ahead a key may end, where it has an end. */
export const API_KEY_AHEAD_MAX_MS = 5 * 366 * 24 * 60 * 60 * 1_000;

// Outgoing webhooks

export const WEBHOOK_DESCRIPTION_LENGTH_MAX = 200;
/** Calls a second. */
export const WEBHOOK_RATE_MAX = 500;
export const WEBHOOK_RATE_DEFAULT = 100;
/** How long two secrets sign, while one replaces the other: a day, at most a week. */
export const WEBHOOK_OVERLAP_SECONDS_DEFAULT = 86_400;
export const WEBHOOK_OVERLAP_SECONDS_MAX = 604_800;

// Contacts of shops' own users, and where users are reached by push and mail

export const LANGUAGE_LENGTH_MAX = 35;
/** Of one user: browsers on several devices. */
export const PUSH_SUBSCRIPTIONS_MAX = 16;
/** Base64url: 88 characters of a P-256 point, 22 of the secret. */
export const PUSH_KEY_LENGTH_MAX = 128;
export const MUTED_CREATORS_MAX = 200;
/** How long the pushes of one event may be spread over. */
export const SPREAD_SECONDS_MAX = 3_600;
export const SPREAD_SECONDS_DEFAULT = 30;
export const UNSUBSCRIBE_TOKEN_LENGTH_MAX = 300;

// Products

export const PRODUCT_NAME_LENGTH_MAX = 200;
export const DESCRIPTION_LENGTH_MAX = 10_000;
export const IMAGE_URLS_MAX = 10;
export const URL_LENGTH_MAX = 2_048;

// Media

/** 100 MiB. */
export const IMAGE_BYTES_MAX = 100 * 1024 * 1024;
/** 2 GiB. */
export const VIDEO_BYTES_MAX = 2 * 1024 * 1024 * 1024;
export const MEDIA_FILENAME_LENGTH_MAX = 200;
export const MEDIA_REASON_LENGTH_MAX = 300;
export const MEDIA_VARIANTS_MAX = 32;
/** Of one product. */
export const MEDIA_OF_PRODUCT_MAX = 10;
/** Products that one medium is set on. */
export const USES_OF_MEDIUM_MAX = 100;
/** Of one owner, uploads that are not finished among them. */
export const MEDIA_OF_OWNER_MAX = 10_000;
/** Of all media of one owner together: 50 GiB. */
export const MEDIA_OF_OWNER_BYTES_MAX = 50 * 1024 * 1024 * 1024;
/** An upload must be finished within a day. */
export const UPLOAD_LIFETIME_MS = 24 * 60 * 60 * 1_000;
/** Uploads that were not finished in time and are removed by one call. */
export const MEDIA_SWEPT_MAX = 1_000;

// Drops and orders

export const STOCK_MAX = 10_000_000;
/**
 * In the currency's smallest unit: enough for what is dear in currencies with small units and two
 * digits (IDR, IRR). Times `ORDER_QUANTITY_MAX` it is exact as a number.
 */
export const UNIT_AMOUNT_MAX = 100_000_000_000;
export const LIMIT_PER_USER_MAX = 1_000;
export const LIMIT_PER_USER_DEFAULT = 1;
export const HOLD_SECONDS_MAX = 86_400;
export const HOLD_SECONDS_DEFAULT = 600;
/** How far ahead a drop may end. */
export const DROP_AHEAD_MAX_MS = 366 * 24 * 60 * 60 * 1_000;
export const ORDER_QUANTITY_MAX = 1_000;
/** How long before the start of a drop orders with a pass may be taken: 7 days. */
export const EARLY_ACCESS_SECONDS_MAX = 604_800;
/** Of a pass, with hyphens or spaces where people put them. */
export const PASS_LENGTH_MAX = 64;
/** As many as one order may have. */
export const PASS_UNITS_MAX = 1_000;
/** Passes made at once, with their texts in the answer; and users named in one request. */
export const PASSES_AT_ONCE_MAX = 1_000;
/** Passes for anybody that one job makes. */
export const PASSES_OF_JOB_MAX = 1_000_000;
export const IDEMPOTENCY_KEY_LENGTH_MAX = 255;

// Metadata

export const METADATA_TEXTS_MAX = 8;
/** Of names and texts together. */
export const METADATA_BYTES_MAX = 512;
export const METADATA_NAME_LENGTH_MAX = 40;
export const EXTERNAL_ID_LENGTH_MAX = 100;

// Lists and times

export const PAGE_LIMIT_MAX = 100;
export const PAGE_LIMIT_DEFAULT = 20;
export const TIME_LENGTH_MAX = 40;

// Search

/** Characters of a query. */
export const SEARCH_TEXT_LENGTH_MAX = 400;
export const SUGGESTIONS_MAX = 20;
export const SUGGESTIONS_DEFAULT = 8;

// GraphQL

/** Characters of the query string of a GET; the head of a request has 16 KiB. */
export const GRAPHQL_QUERY_STRING_LENGTH_MAX = 12_000;
export const GRAPHQL_TOKENS_MAX = 2_000;
export const GRAPHQL_ALIASES_MAX = 50;
/** Of fields beside a field of the same name, whose arguments are compared in pairs. */
export const GRAPHQL_REPEATS_MAX = 50;
export const GRAPHQL_SPREADS_MAX = 100;
/** Of fields in fields. */
export const GRAPHQL_DEPTH_MAX = 12;
/** Fields of an operation, each as often as fragments name it. */
export const GRAPHQL_FIELDS_MAX = 500;
/** Fields at the root of a mutation. */
export const GRAPHQL_MUTATIONS_MAX = 10;
/** What an operation may cost: see docs/GRAPHQL.md. */
export const GRAPHQL_COST_MAX = 2_000;
/** The cost that counts as one read against the limits of REST. */
export const GRAPHQL_COST_OF_READ = 100;
/** Bytes of a message over WebSocket. */
export const GRAPHQL_MESSAGE_BYTES_MAX = 16 * 1_024;
/** How long a client may take to say connection_init. */
export const GRAPHQL_INIT_WAIT_MS = 3_000;
/** Of one connection at a time. */
export const GRAPHQL_OPERATIONS_PER_CONNECTION_MAX = 100;
/** Characters of the id that a client gives an operation. */
export const GRAPHQL_OPERATION_ID_LENGTH_MAX = 128;
/** Different subscriptions to one drop or creator, each of which is executed for each event. */
export const GRAPHQL_SHAPES_PER_SOURCE_MAX = 64;
/** Of these, begun from one address. */
export const GRAPHQL_SHAPES_PER_ADDRESS_MAX = 8;

// Payments

export const WEBHOOK_TYPE_LENGTH_MAX = 255;
export const ORDER_ID_LENGTH_MAX = 255;
/** Of why a refund failed, and of why an operator dismissed it. */
/** Orders named in one request for refunds. */
export const REFUNDED_ORDERS_MAX = 1_000;
export const REFUND_REASON_LENGTH_MAX = 300;
/** Of why a seller refunds an order, or pauses a drop. */
export const SELLER_REASON_LENGTH_MAX = 200;

// Operators

/** `SHARD_COUNT` of `domain/ids.ts`, which imports no values. */
export const SHARD_COUNT_MAX = 256;
export const REBALANCE_MOVES_DEFAULT = 10;

/** Leaves of the ledger in one answer. */
/** Of a comparison of the ledger with its truth. */
export const LEDGER_FINDINGS_MAX = 100;
export const LEDGER_FINDING_LENGTH_MAX = 300;
export const LEDGER_LEAVES_MAX = 1_024;
