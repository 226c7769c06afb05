// The writer of catalogue.db: accounts, products, drops' rows, follows and the stream of their
// changes, sessions, mailed links, handled webhooks, consumers' positions, operators' accounts, the
// audit log, parked refunds, payments to look at, jobs, kept answers to requests, API keys,
// contacts, restrictions, organisations, media, VAPID keys, recipients, outgoing webhooks. It runs
// in a thread of its own. All of this is rarely written and often read, so reads have their own
// indexes and run on the main thread.

import { ACCOUNT_LINKS_SCHEMA, accountLinkHandlers } from './account-links-statements.ts';
import {
  accountHandlers,
  CHANGED_ACCOUNTS_SCHEMA,
  CONFIRMED_ACCOUNTS_SCHEMA,
  PICTURED_ACCOUNTS_SCHEMA,
  REMOVED_ACCOUNTS_SCHEMA,
} from './accounts-statements.ts';
import { AUDIT_SCHEMA, auditLogHandlers } from './audit-log-statements.ts';
import { API_KEYS_SCHEMA, apiKeyHandlers } from './api-keys-statements.ts';
import { CHANGES_SCHEMA, changeStatements } from './changes-statements.ts';
import { CONTACTS_SCHEMA, contactHandlers } from './contacts-statements.ts';
import { openWriterDatabase, limitPages, WalBound } from '../thread/database.ts';
import { DRAFTS_SCHEMA, draftHandlers } from './drafts-statements.ts';
import { MEDIA_EXPIRY_SCHEMA, MEDIA_SCHEMA, mediaHandlers } from './media-statements.ts';
import { JOB_COUNTS_SCHEMA, jobHandlers, JOBS_SCHEMA } from './jobs-statements.ts';
import { LEDGER_SCHEMA, LEDGER_VERIFICATION_SCHEMA, ledgerHandlers } from './ledger-statements.ts';
import { FOLLOW_REVISIONS_SCHEMA, followHandlers } from './follows-statements.ts';
import {
  OPERATOR_ACCOUNTS_SCHEMA,
  operatorAccountHandlers,
} from './operator-accounts-statements.ts';
import { ORDER_DETAILS_SCHEMA, orderDetailsHandlers } from './order-details-statements.ts';
import { ORGANISATIONS_SCHEMA, organisationHandlers } from './organisations-statements.ts';
import { PARKED_REFUNDS_SCHEMA, parkedRefundHandlers } from './parked-refunds-statements.ts';
import { PAYMENT_PROBLEMS_SCHEMA, paymentProblemHandlers } from './payment-problems-statements.ts';
import {
  DESCRIPTIONS_SCHEMA,
  DROP_RECORDS_SCHEMA,
  PRODUCT_MEDIA_SCHEMA,
  productHandlers,
  UNLISTED_SCHEMA,
} from './products-statements.ts';
import { RECIPIENTS_SCHEMA, recipientHandlers } from './recipients-statements.ts';
import { RESTRICTIONS_SCHEMA, restrictionHandlers } from './restrictions-statements.ts';
import { SESSIONS_SCHEMA, sessionHandlers } from './sessions-statements.ts';
import { REQUESTS_SCHEMA, requestStatements } from './requests-statements.ts';
import { VAPID_KEYS_SCHEMA, vapidKeyHandlers } from './vapid-keys-statements.ts';
import {
  WEBHOOK_KEYS_SCHEMA,
  WEBHOOK_ROOM_SCHEMA,
  webhookHandlers,
  WEBHOOKS_SCHEMA,
} from './webhooks-statements.ts';
import type { Program, ProgramOptions } from '../thread/program.ts';

const MIGRATIONS = [
  `
  create table users (
    id text primary key,
    email_key text not null unique,
    email text not null,
    name text not null,
    password_hash text not null,
    roles text not null,
    created_at integer not null
  ) strict;
  create table refresh_tokens (
    hash text primary key,
    family_id text not null,
    user_id text not null,
    expires_at integer not null,
    used integer not null
  ) strict, without rowid;
  create index refresh_tokens_by_family on refresh_tokens (family_id);
  create index refresh_tokens_by_end on refresh_tokens (expires_at);

  create table products (
    id text primary key,
    creator_id text not null,
    name text not null,
    description text not null,
    image_urls text not null,
    created_at integer not null,
    revision integer not null
  ) strict;
  create index products_by_time on products (created_at, id);
  create index products_by_creator on products (creator_id, created_at, id);

  create table drops (
    id text primary key,
    product_id text not null,
    creator_id text not null,
    status text not null,
    created_at integer not null,
    version integer not null,
    view text not null
  ) strict;
  create index drops_by_time on drops (created_at, id);
  create index drops_by_status on drops (status, created_at, id);
  create index drops_by_creator on drops (creator_id, created_at, id);
  create index drops_by_creator_and_status on drops (creator_id, status, created_at, id);
  create index drops_by_product on drops (product_id, created_at, id);

  create table follows (
    creator_id text not null,
    since integer not null,
    user_id text not null,
    primary key (user_id, creator_id)
  ) strict, without rowid;
  create index follows_by_creator on follows (creator_id, since, user_id);
  create index follows_by_user on follows (user_id, since, creator_id);
  create table follow_counts (
    user_id text primary key,
    followers integer not null default 0,
    following integer not null default 0
  ) strict, without rowid;

  create table webhooks (
    id text primary key,
    handled_at integer not null
  ) strict, without rowid;
  create index webhooks_by_time on webhooks (handled_at);

  create table consumer_positions (
    consumer text not null,
    shard integer not null,
    sequence integer not null,
    primary key (consumer, shard)
  ) strict, without rowid;
  `,
  `
  create table operator_actions (
    id integer primary key autoincrement,
    at integer not null,
    operator_id text not null,
    action text not null,
    params text not null,
    result text not null
  ) strict;
  `,
  CHANGES_SCHEMA,
  PARKED_REFUNDS_SCHEMA,
  DESCRIPTIONS_SCHEMA,
  JOBS_SCHEMA,
  SESSIONS_SCHEMA + CHANGED_ACCOUNTS_SCHEMA,
  REQUESTS_SCHEMA,
  API_KEYS_SCHEMA,
  DRAFTS_SCHEMA,
  ACCOUNT_LINKS_SCHEMA + CONFIRMED_ACCOUNTS_SCHEMA,
  JOB_COUNTS_SCHEMA,
  CONTACTS_SCHEMA,
  FOLLOW_REVISIONS_SCHEMA,
  ORDER_DETAILS_SCHEMA,
  REMOVED_ACCOUNTS_SCHEMA,
  PAYMENT_PROBLEMS_SCHEMA,
  OPERATOR_ACCOUNTS_SCHEMA,
  RESTRICTIONS_SCHEMA,
  ORGANISATIONS_SCHEMA,
  MEDIA_SCHEMA,
  DROP_RECORDS_SCHEMA,
  VAPID_KEYS_SCHEMA,
  RECIPIENTS_SCHEMA,
  MEDIA_EXPIRY_SCHEMA,
  PRODUCT_MEDIA_SCHEMA + PICTURED_ACCOUNTS_SCHEMA,
  WEBHOOKS_SCHEMA,
  AUDIT_SCHEMA,
  WEBHOOK_KEYS_SCHEMA,
  LEDGER_SCHEMA,
  UNLISTED_SCHEMA,
  WEBHOOK_ROOM_SCHEMA,
  LEDGER_VERIFICATION_SCHEMA,
];

export type CatalogueHandlers = ReturnType<typeof open>['handlers'];

export function open(options: ProgramOptions) {
  const migrations = MIGRATIONS;
  const database = openWriterDatabase({ ...options, synchronous: 'full', migrations });
  // What is erased is overwritten: keys of order details above all.
  database.pragma('secure_delete = on');
  const walBound = new WalBound({ database, ...options });
  const { appendChange, handlers: changeHandlers } = changeStatements(database);
  const { once, handlers: requestHandlers } = requestStatements(database);
  const addWebhook = database.prepare(
    'insert or ignore into webhooks (id, handled_at) values (?, ?)',
  );
  const removeWebhooks = database.prepare('delete from webhooks where handled_at < ?');
  const movePosition = database.prepare(`
    insert into consumer_positions (consumer, shard, sequence) values (?, ?, ?)
    on conflict do update set sequence = excluded.sequence where excluded.sequence > sequence`);
  const replacePosition = database.prepare(`
    insert into consumer_positions (consumer, shard, sequence) values (?, ?, ?)
    on conflict do update set sequence = excluded.sequence`);

  return {
    database,
    begin: 'begin immediate',
    committed: () => walBound.committed(),
    handlers: {
      ...accountHandlers(database, appendChange),
      ...productHandlers(database, appendChange, once),
      ...draftHandlers(database, appendChange, once),
      ...organisationHandlers(database, appendChange, once),
      ...followHandlers(database, appendChange, once),
      ...requestHandlers,
      ...changeHandlers,
      ...parkedRefundHandlers(database, once),
      ...paymentProblemHandlers(database),
      ...orderDetailsHandlers(database),
      ...jobHandlers(database, once),
      ...sessionHandlers(database),
      ...apiKeyHandlers(database),
      ...accountLinkHandlers(database),
      ...contactHandlers(database),
      ...recipientHandlers(database),
      ...mediaHandlers(database, appendChange),
      ...webhookHandlers(database),
      ...operatorAccountHandlers(database),
      ...vapidKeyHandlers(database),
      ...ledgerHandlers(database),
      ...restrictionHandlers(database, appendChange),
      ...auditLogHandlers(database),

      addWebhook(webhookId: string, handledAt: number): void {
        addWebhook.run(webhookId, handledAt);
      },
      removeWebhooksBefore(time: number): void {
        removeWebhooks.run(time);
      },

      movePositions(
        consumer: string,
        positions: readonly { shard: number; sequence: number }[],
      ): void {
        for (const { shard, sequence } of positions) movePosition.run(consumer, shard, sequence);
      },
      replacePositions(
        consumer: string,
        positions: readonly { shard: number; sequence: number }[],
      ): void {
        for (const { shard, sequence } of positions) replacePosition.run(consumer, shard, sequence);
      },

      limitPages: (pages: number): void => limitPages(database, pages),
    },
  } satisfies Program;
}
