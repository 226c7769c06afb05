// The configuration, read once from the environment into one frozen object.
// `composition/settings.ts` says how each value is checked. Only this file reads `process.env`. It
// also stores generated secrets in the data directory. It opens no store and no socket.

import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { PaymentBehaviour } from '../events/payments/development-payments.ts';
import { makeFolder } from '../storage/make-folder.ts';
import type { ProviderDigits } from '../events/payments/provider-units.ts';
import type { Issuer } from '../app/issuers/issuer.ts';
import type { SigningSecret } from '../app/signing-secrets.ts';
import type { Limits } from '../contracts/limits.ts';
import { newAuthSecret, parseAuthSecrets } from './auth-secrets.ts';
import { closestName } from './closest-name.ts';
import { issuersOf } from './issuer-settings.ts';
import { readLimits } from './limits-file.ts';
import { PAYMENT_SECRET_PREFIX } from './payment-settings.ts';
import { storedSecret, readStoredSecret } from './stored-secret.ts';
import {
  aboutSetting,
  contradictions,
  FOLDER_OFF,
  LOG_LEVELS,
  type LogLevel,
  parseSetting,
  type Role,
  type SettingName,
  SETTING_NAMES,
  type SettingValue,
  type ValueOf,
} from './settings.ts';
import type { StoreAddress } from './store-address.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

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

export interface Config {
  /** 0: any free port. */
  readonly port: number;
  readonly host: string;
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
  /** Where jobs export to. Null: they do not. */
  readonly exports: ExportsConfig | null;
  /** Redis replicas that must have each append before it is acknowledged. 0: none. */
  readonly redisReplicas: number;
  /** Accept a Redis that may lose acknowledged writes. */
  readonly redisAcceptWeak: boolean;
  readonly roles: readonly Role[];
  /** Sign and verify access tokens (HS256, over their UTF-8 bytes), the newest first. */
  readonly authSecrets: readonly SigningSecret[];
  /** Issuers whose tokens are accepted beside one's own. */
  readonly issuers: readonly Issuer[];
  /**
   * Where the secrets are stored; it may change while the process runs. Null: in the environment.
   */
  readonly authSecretFile: string | null;
  /**
   * Standard Webhooks secrets, `whsec_` and base64. The first one signs, and all verify. A server
   * has at least one.
   */
  readonly paymentSecrets: readonly string[];
  /** Wrap the keys of order details, the first one new keys. Empty: details are not taken. */
  readonly detailsSecrets: readonly string[];
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
  readonly logLevel: LogLevel;
}

export type MailConfig =
  | { readonly smtpUrl: string; readonly from: string }
  | { readonly smtpUrl: null; readonly folder: string; readonly from: string };

export type SettingSource = 'default' | 'environment' | 'made at first start';

/** One value in force, for display. Of a secret, only whether it is set. */
export interface Setting {
  readonly name: string;
  readonly value: string;
  readonly source: SettingSource;
}

/**
 * A variable of the environment or a stored secret is not valid. Each problem is one line: the
 * name, and the requirement.
 */
export class ConfigError extends Error {
  readonly code = 'config';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

export class NoDataError extends Error {
  readonly code = 'no-data';

  constructor(dataDirectory: string) {
    super(`${dataDirectory} has no LiveDrops data; is LIVEDROPS_DATA right?`);
  }
}

const PREFIX = 'LIVEDROPS_';
const UNSET = '(unset)';
const PAYMENT_SECRET_BYTES = 32;
const DETAILS_SECRET_BYTES = 32;

/** Secrets that are not set are generated and stored in these files of the data directory. */
const AUTH_SECRET_FILE = 'auth-secret';
const PAYMENT_SECRET_FILE = 'payment-secret';
const DETAILS_SECRET_FILE = 'details-secret';
export const STORED_SECRET_FILES: readonly string[] = [
  AUTH_SECRET_FILE,
  PAYMENT_SECRET_FILE,
  DETAILS_SECRET_FILE,
];
const ADVICE = 'put it back, or remove it and a new one is made';

function newPaymentSecret(): string {
  return PAYMENT_SECRET_PREFIX + randomBytes(PAYMENT_SECRET_BYTES).toString('base64');
}

/** Reads a stored secret. `make` makes one where there is none; null where none may be made. */
type ReadSecret = (path: string, make: () => string) => string | null;

/** The checked environment, before stored secrets are read. */
interface Reading {
  readonly value: <N extends SettingName>(name: N) => ValueOf<N>;
  readonly settings: readonly Setting[];
}

function read(environment: Environment): Reading {
  const problems = unknownNames(environment);
  const values = new Map<SettingName, SettingValue>();
  const settings: Setting[] = [];
  for (const name of SETTING_NAMES) {
    const about = aboutSetting(name);
    const variable = PREFIX + name;
    const given = environment[variable] ?? '';
    // An empty variable counts as unset, because some supervisors can only set a variable to empty.
    const text = given === '' ? about.default : given;
    const parsed = parseSetting(name, text);
    if ('requirement' in parsed) {
      const shown = about.secret === true ? '' : ` is "${withoutAccount(text)}":`;
      problems.push(`${variable}${shown} ${parsed.requirement}`);
      continue;
    }
    values.set(name, parsed.value);
    settings.push({
      name: variable,
      value: about.secret === true ? '(hidden)' : textOf(parsed.value),
      source: given === '' ? 'default' : 'environment',
    });
  }
  if (problems.length > 0) throw new ConfigError(problems);
  const value = <N extends SettingName>(name: N) => values.get(name) as ValueOf<N>;
  const contradicting = contradictions(value);
  if (contradicting.length > 0) throw new ConfigError(contradicting);
  return { value, settings };
}

/** Of words such as `ISK=2`. */
function providerDigits(text: string | null): ProviderDigits {
  const words = (text ?? '').split(/\s+/).filter((word) => word !== '');
  return new Map(words.map((word) => [word.slice(0, 3), Number(word.slice(4))]));
}

function textOf(value: SettingValue): string {
  const text = typeof value === 'object' && value !== null && 'text' in value ? value.text : value;
  return text === null || text.toString() === '' ? UNSET : withoutAccount(text.toString());
}

/** Hides the user name and password that a server's address may contain. */
function withoutAccount(text: string): string {
  return text.replaceAll(/\/\/[^/,]*@/g, '//(hidden)@');
}

function unknownNames(environment: Environment): string[] {
  const known = SETTING_NAMES.map((name) => PREFIX + name);
  return Object.keys(environment)
    .filter((variable) => variable.startsWith(PREFIX) && !known.includes(variable))
    .map((variable) => {
      const closest = closestName(variable, known);
      return closest === null
        ? `${variable} is not a setting; see \`livedrops config\` for those there are`
        : `${variable} is not a setting; did you mean ${closest}?`;
    });
}

/**
 * The configuration in force. Creates the data directory, and generates and stores each secret that
 * is neither set nor stored, so that the next start reads the same. Throws `ConfigError` with all
 * problems at once, those of stored secrets after those of the environment.
 */
export function loadConfig(environment: Environment = process.env): Config {
  const reading = read(environment);
  makeFolder(reading.value('DATA'), 0o700);
  return configOf(reading, storedSecret, readLimits);
}

/**
 * The configuration for commands that call a server or read its data. Creates nothing, and has no
 * payment secrets where none is set or stored. Throws `ConfigError`. Where `signs` and there is no
 * auth secret, throws `no-data` or an Error that names the missing file.
 */
export function loadStoredConfig({ signs = true }: { readonly signs?: boolean } = {}): Config {
  const config = configOf(read(process.env), readStoredSecret, () => ({}));
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
    dataDirectory: value('DATA'),
    store: value('STORE'),
    natsUrl: value('NATS'),
    natsCaFile: value('NATS_CA'),
    nodeId: value('NODE_ID'),
    nodeWeight: value('NODE_WEIGHT'),
    archive: archiveOf(value),
    exports: exportsOf(value),
    redisReplicas: value('REDIS_REPLICAS'),
    redisAcceptWeak: value('REDIS_ACCEPT_WEAK') === 'on',
    roles: value('ROLES'),
    authSecrets: authSecretsOf(value, readSecret, problems),
    authSecretFile: authSecretFileOf(value),
    issuers: issuersOf({
      issuers: value('AUTH_ISSUER'),
      audiences: value('AUTH_AUDIENCE'),
      jwks: value('AUTH_JWKS'),
      roles: value('AUTH_ROLES'),
    }),
    paymentSecrets: paymentSecretsOf(value, readSecret, problems),
    detailsSecrets: detailsSecretsOf(value, readSecret, problems),
    paymentProvider: value('PAYMENT_PROVIDER'),
    stripe: stripeOf(value),
    paymentSettleAfterMs: value('PAYMENT_SETTLE_AFTER_MS'),
    paymentSettleAs: value('PAYMENT_SETTLE_AS'),
    paymentRefundsAs: value('PAYMENT_REFUNDS_AS'),
    paymentDigits: providerDigits(value('PAYMENT_DIGITS')),
    paymentWebhookUrl: value('PAYMENT_WEBHOOK_URL'),
    mail: mailOf(value),
    publicUrl: value('PUBLIC_URL')?.replace(/\/+$/, '') ?? null,
    rateLimits: value('RATE_LIMITS') === 'on',
    limitsFile: value('LIMITS_FILE'),
    limits: limitsOf(value, readLimitsFile, problems),
    trustProxy: value('TRUST_PROXY') === 'on',
    logLevel: value('LOG'),
  });
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
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

/** Of the file, or of the environment. Empty where nothing is stored and none may be made. */
function authSecretsOf(
  value: Reading['value'],
  readSecret: ReadSecret,
  problems: string[],
): readonly SigningSecret[] {
  const file = authSecretFileOf(value);
  if (file === null) {
    const verifying = value('AUTH_SECRETS_VERIFY').map((secret) => ({
      secret,
      from: Infinity,
      until: Infinity,
    }));
    return [{ secret: value('AUTH_SECRET'), from: 0, until: Infinity }, ...verifying];
  }
  const isGiven = value('AUTH_SECRET_FILE') !== null;
  const text = isGiven ? readStoredSecret(file) : readSecret(file, newAuthSecret);
  if (text === null && !isGiven) return [];
  const parsed = text === null ? 'is not there' : parseAuthSecrets(text);
  if (typeof parsed !== 'string') return parsed;
  problems.push(`${file} ${parsed}${isGiven ? '' : `: ${ADVICE}`}`);
  return [];
}

function paymentSecretsOf(
  value: Reading['value'],
  readSecret: ReadSecret,
  problems: string[],
): readonly string[] {
  const given = value('PAYMENT_SECRET');
  if (given.length > 0) return given;
  const path = join(value('DATA'), PAYMENT_SECRET_FILE);
  const text = readSecret(path, newPaymentSecret);
  if (text === null) return given;
  const parsed = text === '' ? { requirement: 'is empty' } : parseSetting('PAYMENT_SECRET', text);
  if ('value' in parsed) return parsed.value;
  problems.push(`${path} ${parsed.requirement}: ${ADVICE}`);
  return given;
}

/** In a cluster every node needs the same, so none is made. */
function detailsSecretsOf(
  value: Reading['value'],
  readSecret: ReadSecret,
  problems: string[],
): readonly string[] {
  const given = value('DETAILS_SECRET');
  if (given.length > 0 || value('NATS') !== null) return given;
  const path = join(value('DATA'), DETAILS_SECRET_FILE);
  const text = readSecret(path, newDetailsSecret);
  if (text === null) return given;
  const parsed = text === '' ? { requirement: 'is empty' } : parseSetting('DETAILS_SECRET', text);
  if ('value' in parsed) return parsed.value;
  problems.push(`${path} ${parsed.requirement}: ${ADVICE}`);
  return given;
}

function newDetailsSecret(): string {
  return randomBytes(DETAILS_SECRET_BYTES).toString('base64url');
}

/** The stored file, unless the environment has the secret. */
function authSecretFileOf(value: Reading['value']): string | null {
  const given = value('AUTH_SECRET_FILE');
  if (given !== null || value('AUTH_SECRET') !== '') return given;
  return join(value('DATA'), AUTH_SECRET_FILE);
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

function mailOf(value: Reading['value']): MailConfig {
  const smtpUrl = value('SMTP_URL');
  const from = value('MAIL_FROM');
  if (smtpUrl !== null) return { smtpUrl, from };
  return { smtpUrl, folder: join(value('DATA'), 'outbox'), from };
}

/** Every setting, for display. Creates nothing. Throws `ConfigError`. */
export function describeConfig(environment: Environment = process.env): readonly Setting[] {
  const { value, settings } = read(environment);
  const made = ['PAYMENT_SECRET'];
  if (value('AUTH_SECRET_FILE') === null) made.push('AUTH_SECRET');
  if (value('NATS') === null) made.push('DETAILS_SECRET');
  return settings.map((setting) => {
    if (setting.value !== '(hidden)' || setting.source !== 'default') return setting;
    return made.includes(setting.name.slice(PREFIX.length))
      ? { ...setting, source: 'made at first start' }
      : { ...setting, value: UNSET };
  });
}

/**
 * All variables that are set, unchanged, for processes that this one starts with the same settings.
 */
export function givenEnvironment(environment: Environment = process.env): Record<string, string> {
  const given: Record<string, string> = {};
  for (const [variable, value] of Object.entries(environment)) {
    if (variable.startsWith(PREFIX) && value !== undefined) given[variable] = value;
  }
  return given;
}

/** The log level alone. Works while other settings are not valid, so that they can be reported. */
export function logLevelOf(environment: Environment = process.env): LogLevel {
  const given = environment[`${PREFIX}LOG`];
  return LOG_LEVELS.find((level) => level === given) ?? 'info';
}
