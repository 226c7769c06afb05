// The configuration, read once from the environment into one frozen object: the variables by
// `composition/environment.ts`, the secrets by `composition/secrets-in-force.ts`. It opens no store
// and no socket.

import type { SellersMode } from '../app/selling-rules.ts';
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import type { Issuer } from '../app/issuers/issuer.ts';
import type { Limits } from '../contracts/limits.ts';
import type { PaymentBehaviour } from '../contracts/payments.ts';
import type { ProviderDigits } from '../events/payments/provider-units.ts';
import { makeFolder } from '../storage/make-folder.ts';
import { readEnvironment, type Reading, type Setting, UNSET } from './environment.ts';
import { issuersOf } from './issuer-settings.ts';
import { type BlobsAddress, blobsAddress } from './media-settings.ts';
import { readLimits } from './limits-file.ts';
import {
  ConfigError,
  type Environment,
  type LogLevel,
  PREFIX,
  PROCESS_ENVIRONMENT,
} from './process-environment.ts';
import {
  AUTH_SECRET_FILE,
  madeSecrets,
  type ReadSecret,
  secretsInForce,
  type SecretsInForce,
} from './secrets-in-force.ts';
import { FOLDER_OFF, type Role, type SettingName, THREADS_DEFAULT_MAX } from './settings.ts';
import type { StoreAddress } from './store-address.ts';
import { readStoredSecret, storedSecret } from './stored-secret.ts';

const LOOPBACK = '127.0.0.1';

export interface ArchiveConfig {
  /** Absolute. */
  readonly folder: string;
  /** Whether the folder is created where it is missing: only the one of the data directory is. */
  readonly create: boolean;
  readonly intervalSeconds: number;
  /** The newest entries of each shard that stay in the journal. */
  readonly journalEntriesMin: number;
  /** Null: archived entries are never removed. */
  readonly retentionDays: number | null;
}

export interface ExportsConfig {
  /** Absolute. */
  readonly folder: string;
  /** Whether the folder is created where it is missing: only the one of the data directory is. */
  readonly create: boolean;
}

export type BlobsConfig =
  | {
      readonly kind: 'folder';
      /** Absolute. */
      readonly folder: string;
      /**
       * Whether the folder is created where it is missing: only the one of the data directory is.
       */
      readonly create: boolean;
    }
  | {
      readonly kind: 's3';
      readonly bucket: string;
      /** Null: that of AWS. */
      readonly endpoint: string | null;
      readonly region: string;
      /** Null: what the machine has. */
      readonly credentials: {
        readonly accessKeyId: string;
        readonly secretAccessKey: string;
      } | null;
    };

export interface MediaConfig {
  readonly blobs: BlobsConfig;
  /** 0: any free port. */
  readonly port: number;
  /** Whether the port is a setting: another one, where it is taken, would be found by nobody. */
  readonly isPortSet: boolean;
  /** `redirect`: readers are sent to presigned URLs, where the blobs have them. */
  readonly delivery: 'stream' | 'redirect';
}

export interface StripeConfig {
  readonly secretKey: string;
  /** For buyers' devices; null where none is configured. */
  readonly publishableKey: string | null;
  /** Of the webhook endpoint; two while they rotate. */
  readonly webhookSecrets: readonly string[];
  /** Of all nodes together. */
  readonly callsPerSecond: number;
  /** The origin of Stripe's API, or of a stand-in on this machine. */
  readonly api: string;
}

export interface OperatorAddress {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
}

export interface TracesConfig {
  /** Of OTLP over HTTP. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  /** From 0 to 1. */
  readonly ratio: number;
  readonly slow: { readonly ordersMs: number; readonly readsMs: number };
  readonly holdMs: number;
  readonly heldMax: number;
  /** Spans. */
  readonly queueMax: number;
}

export interface Config extends SecretsInForce {
  /** 0: any free port. */
  readonly port: number;
  readonly host: string;
  /** Of operators and monitoring. Null: they are at `host` and `port`. */
  readonly operatorAddress: OperatorAddress | null;
  /** Threads that serve clients. 1: the main thread does. */
  readonly threads: number;
  /** Absolute. */
  readonly dataDirectory: string;
  readonly store: StoreAddress;
  /** One server, or several separated by commas. Null: one node alone. */
  readonly natsUrl: string | null;
  /** The authorities of NATS servers with TLS. Null: those that Node knows. */
  readonly natsCaFile: string | null;
  readonly nodeId: string;
  /** This node's share of the shards, relative to other nodes. */
  readonly nodeWeight: number;
  /** Null: there is no archive, and journals are never trimmed. */
  readonly archive: ArchiveConfig | null;
  /** After so many days entries leave the audit log. */
  readonly auditRetentionDays: number;
  /** Whether there is a ledger. It needs a place for blobs. */
  readonly ledger: boolean;
  /** Where jobs export to. Null: they do not. */
  readonly exports: ExportsConfig | null;
  /** Null: there are no pictures and films of one's own. */
  readonly media: MediaConfig | null;
  /** The media origin, without a slash at its end. Null: the address of the media process. */
  readonly mediaUrl: string | null;
  /** Redis replicas that must have each append before it is acknowledged. 0: none. */
  readonly redisReplicas: number;
  /** Accept a Redis that may lose acknowledged writes. */
  readonly redisAcceptWeak: boolean;
  readonly roles: readonly Role[];
  /** Issuers whose tokens are accepted beside one's own. */
  readonly issuers: readonly Issuer[];
  readonly paymentProvider: 'development' | 'stripe';
  /** Null where payments are not made with Stripe. */
  readonly stripe: StripeConfig | null;
  /** Time after which the development provider settles a payment by itself. Null: never. */
  readonly paymentSettleAfterMs: number | null;
  readonly paymentSettleAs: PaymentBehaviour | 'by-amount';
  /** How the development provider answers refunds. */
  readonly paymentRefundsAs: 'accepted' | 'refused' | 'silence';
  /** Where the provider counts currencies with other digits than ISO 4217. */
  readonly paymentDigits: ProviderDigits;
  /** The URL that the development provider calls. Null: this node itself. */
  readonly paymentWebhookUrl: string | null;
  /** Networks in CIDR notation, beside the public one, that webhooks and pushes may go to. */
  readonly outboundAllow: readonly string[];
  /** Where mail goes: an SMTP server, or a folder. */
  readonly mail: MailConfig;
  /** Without a slash at its end. Null: this node's own address. */
  readonly publicUrl: string | null;
  readonly rateLimits: boolean;
  /** It may change while the process runs. Null: the limits are the defaults. */
  readonly limitsFile: string | null;
  /** What the file says at the start. */
  readonly limits: Limits;
  /** Rate limits count by the last address of X-Forwarded-For. */
  readonly trustProxy: boolean;
  /** Origins whose pages may use the API, or `*`. */
  readonly corsOrigins: readonly string[];
  /** Whether GraphQL tells its schema. */
  readonly introspection: boolean;
  readonly sellers: SellersMode;
  readonly logLevel: LogLevel;
  /** Null: traces are off. */
  readonly traces: TracesConfig | null;
  /** The share of requests with a line in the access log. Null: it is off. */
  readonly accessLogRatio: number | null;
}

export type MailConfig =
  | { readonly smtpUrl: string; readonly from: string }
  | { readonly smtpUrl: null; readonly folder: string; readonly from: string };

export class NoDataError extends Error {
  readonly code = 'no-data';

  constructor(dataDirectory: string, why = 'has no LiveDrops data; is LIVEDROPS_DATA right?') {
    super(`${dataDirectory} ${why}`);
  }
}

/**
 * The configuration in force. Creates the data directory, and generates and stores each secret that
 * is neither set nor stored, so that the next start reads the same. Throws `ConfigError` with all
 * problems at once, those of stored secrets after those of the environment.
 */
export function loadConfig(environment: Environment = PROCESS_ENVIRONMENT): Config {
  const reading = readEnvironment(environment);
  makeFolder(reading.value('DATA'), 0o700);
  return configOf(reading, storedSecret, readLimits);
}

/**
 * The configuration for commands that call a server or read its data. Creates nothing, and has no
 * payment secrets where none is set or stored. Throws `ConfigError`. Where `signs` and there is no
 * auth secret, throws `no-data` or an Error that names the missing file.
 */
export function loadStoredConfig({ signs = true }: { readonly signs?: boolean } = {}): Config {
  const config = configOf(readEnvironment(PROCESS_ENVIRONMENT), readStoredSecret, () => ({}));
  const { authSecrets, dataDirectory } = config;
  if (authSecrets.length > 0 || !signs) return config;
  if (!existsSync(dataDirectory)) throw new NoDataError(dataDirectory);
  const file = join(dataDirectory, AUTH_SECRET_FILE);
  throw new Error(`there is no ${file}: is LIVEDROPS_DATA right, or LIVEDROPS_AUTH_SECRET unset?`);
}

/** `readLimitsFile`: the limits of a file, or the requirement that it does not meet. */
function configOf(
  { value }: Reading,
  readSecret: ReadSecret,
  readLimitsFile: (path: string) => Limits | string,
): Config {
  const problems: string[] = [];
  const config = Object.freeze({
    port: value('PORT'),
    host: value('HOST'),
    operatorAddress: operatorAddressOf(value),
    threads: threadsOf(value),
    dataDirectory: value('DATA'),
    store: value('STORE'),
    natsUrl: value('NATS'),
    natsCaFile: value('NATS_CA'),
    nodeId: value('NODE_ID'),
    nodeWeight: value('NODE_WEIGHT'),
    archive: archiveOf(value),
    auditRetentionDays: value('AUDIT_RETENTION_DAYS'),
    ledger: value('LEDGER') === 'on',
    exports: exportsOf(value),
    media: mediaOf(value),
    mediaUrl: value('MEDIA_URL')?.replace(/\/+$/, '') ?? null,
    redisReplicas: value('REDIS_REPLICAS'),
    redisAcceptWeak: value('REDIS_ACCEPT_WEAK') === 'on',
    roles: value('ROLES'),
    ...secretsInForce(value, readSecret, problems),
    issuers: issuersOf({
      issuers: value('AUTH_ISSUER'),
      audiences: value('AUTH_AUDIENCE'),
      jwks: value('AUTH_JWKS'),
      roles: value('AUTH_ROLES'),
    }),
    paymentProvider: value('PAYMENT_PROVIDER'),
    stripe: stripeOf(value),
    paymentSettleAfterMs: value('PAYMENT_SETTLE_AFTER_MS'),
    paymentSettleAs: value('PAYMENT_SETTLE_AS'),
    paymentRefundsAs: value('PAYMENT_REFUNDS_AS'),
    paymentDigits: providerDigits(value('PAYMENT_DIGITS')),
    paymentWebhookUrl: value('PAYMENT_WEBHOOK_URL'),
    outboundAllow: value('OUTBOUND_ALLOW'),
    mail: mailOf(value),
    publicUrl: value('PUBLIC_URL')?.replace(/\/+$/, '') ?? null,
    rateLimits: value('RATE_LIMITS') === 'on',
    limitsFile: value('LIMITS_FILE'),
    limits: limitsOf(value, readLimitsFile, problems),
    trustProxy: value('TRUST_PROXY') === 'on',
    corsOrigins: value('CORS_ORIGINS'),
    introspection: introspects(value),
    sellers: value('SELLERS'),
    logLevel: value('LOG'),
    traces: tracesOf(value),
    accessLogRatio: value('ACCESS_LOG'),
  });
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

function operatorAddressOf(value: Reading['value']): OperatorAddress | null {
  const port = value('ADMIN_PORT');
  return port === null ? null : { host: value('ADMIN_HOST') ?? LOOPBACK, port };
}

/** A node without the role `gateway` has no clients. */
function threadsOf(value: Reading['value']): number {
  if (!value('ROLES').includes('gateway')) return 1;
  const ofMachine = Math.min(THREADS_DEFAULT_MAX, Math.max(1, availableParallelism() - 1));
  return value('THREADS') ?? ofMachine;
}

function tracesOf(value: Reading['value']): TracesConfig | null {
  const url = value('TRACES');
  if (url === null) return null;
  return Object.freeze({
    url,
    headers: Object.fromEntries(
      value('TRACES_HEADERS').map((word) => {
        const at = word.indexOf('=');
        return [word.slice(0, at).toLowerCase(), word.slice(at + 1)];
      }),
    ),
    ratio: value('TRACE_RATIO'),
    slow: { ordersMs: value('TRACE_SLOW_MS'), readsMs: value('TRACE_SLOW_READ_MS') },
    holdMs: value('TRACE_HOLD_SECONDS') * 1_000,
    heldMax: value('TRACE_HELD_MAX'),
    queueMax: value('TRACE_QUEUE'),
  });
}

function introspects(value: Reading['value']): boolean {
  const chosen = value('GRAPHQL_INTROSPECTION');
  return chosen === 'auto' ? value('PAYMENT_PROVIDER') === 'development' : chosen === 'on';
}

function limitsOf(
  value: Reading['value'],
  readLimitsFile: (path: string) => Limits | string,
  problems: string[],
): Limits {
  const file = value('LIMITS_FILE');
  const limits = file === null ? {} : readLimitsFile(file);
  if (typeof limits !== 'string') return limits;
  problems.push(`LIVEDROPS_LIMITS_FILE: ${file} ${limits}`);
  return {};
}

/** Of words such as `ISK=2`. */
function providerDigits(text: string | null): ProviderDigits {
  const words = (text ?? '').split(/\s+/).filter((word) => word !== '');
  return new Map(words.map((word) => [word.slice(0, 3), Number(word.slice(4))]));
}

function stripeOf(value: Reading['value']): StripeConfig | null {
  const secretKey = value('STRIPE_SECRET_KEY');
  if (value('PAYMENT_PROVIDER') !== 'stripe' || secretKey === null) return null;
  return Object.freeze({
    secretKey,
    publishableKey: value('STRIPE_PUBLISHABLE_KEY'),
    webhookSecrets: value('STRIPE_WEBHOOK_SECRET'),
    callsPerSecond: value('STRIPE_CALLS_PER_SECOND'),
    api: value('STRIPE_API'),
  });
}

/** The archive of a node alone, unless set otherwise. */
export function defaultArchiveFolder(dataDirectory: string): string {
  return join(dataDirectory, 'archive');
}

function archiveOf(value: Reading['value']): ArchiveConfig | null {
  const given = value('ARCHIVE');
  if (given === FOLDER_OFF || (given === null && value('STORE').kind !== 'sqlite')) return null;
  return Object.freeze({
    folder: given ?? defaultArchiveFolder(value('DATA')),
    create: given === null,
    intervalSeconds: value('ARCHIVE_INTERVAL_SECONDS'),
    journalEntriesMin: value('ARCHIVE_JOURNAL_ENTRIES_MIN'),
    retentionDays: value('ARCHIVE_RETENTION_DAYS'),
  });
}

function exportsOf(value: Reading['value']): ExportsConfig | null {
  const given = value('EXPORTS');
  if (given === FOLDER_OFF || (given === null && value('STORE').kind !== 'sqlite')) return null;
  return Object.freeze({
    folder: given ?? join(value('DATA'), 'exports'),
    create: given === null,
  });
}

function mediaOf(value: Reading['value']): MediaConfig | null {
  const given = value('BLOBS');
  const own: BlobsAddress = { kind: 'folder', folder: join(value('DATA'), 'blobs') };
  const address = blobsAddress(given, value('STORE').kind === 'sqlite' ? own : null);
  if (address === null) return null;
  const port = value('PORT');
  return Object.freeze({
    blobs:
      address.kind === 'folder'
        ? { ...address, create: given === null }
        : { ...address, credentials: s3CredentialsOf(value) },
    port: value('MEDIA_PORT') ?? (port === 0 ? 0 : port + 1),
    isPortSet: value('MEDIA_PORT') !== null,
    delivery: value('MEDIA_DELIVERY'),
  });
}

function s3CredentialsOf(value: Reading['value']) {
  const [accessKeyId, secretAccessKey] = [value('BLOBS_KEY_ID'), value('BLOBS_SECRET')];
  return accessKeyId === null || secretAccessKey === null ? null : { accessKeyId, secretAccessKey };
}

function mailOf(value: Reading['value']): MailConfig {
  const smtpUrl = value('SMTP_URL');
  const from = value('MAIL_FROM');
  if (smtpUrl !== null) return { smtpUrl, from };
  return { smtpUrl, folder: join(value('DATA'), 'outbox'), from };
}

/** Every setting, for display. Creates nothing. Throws `ConfigError`. */
export function describeConfig(environment: Environment = PROCESS_ENVIRONMENT): readonly Setting[] {
  const { value, settings } = readEnvironment(environment);
  const made = madeSecrets(value);
  return settings.map((setting) => {
    if (setting.value !== '(hidden)' || setting.source !== 'default') return setting;
    return made.includes(setting.name.slice(PREFIX.length) as SettingName)
      ? { ...setting, source: 'made at first start' }
      : { ...setting, value: UNSET };
  });
}
