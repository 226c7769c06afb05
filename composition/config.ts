// The configuration: read once from the environment into one frozen object, each value checked as
// `composition/settings.ts` says, each with where it came from. The only file that reads
// `process.env`. It also keeps the secrets that nobody set, in the data directory; it opens no
// store and no socket.

import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { closestName } from './closest-name.ts';
import { keptSecret, readKeptSecret } from './kept-secret.ts';
import {
  aboutSetting,
  contradictions,
  LOG_LEVELS,
  type LogLevel,
  parseSetting,
  PAYMENT_SECRET_PREFIX,
  type Role,
  type SettingName,
  SETTING_NAMES,
  type SettingValue,
  type ValueOf,
} from './settings.ts';
import type { StoreAddress } from './store-address.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Config {
  /** 0: any free port. */
  readonly port: number;
  readonly host: string;
  /** Absolute. */
  readonly dataDirectory: string;
  readonly store: StoreAddress;
  /** One server or several with commas between; null: one node alone. */
  readonly natsUrl: string | null;
  readonly nodeId: string;
  /** Share of the shards relative to other nodes. */
  readonly nodeWeight: number;
  /** Redis replicas that must have each append before it counts; 0: none is asked. */
  readonly redisReplicas: number;
  /** Take a Redis that may lose what it acknowledged. */
  readonly redisAcceptWeak: boolean;
  readonly roles: readonly Role[];
  /** Signs access tokens (HS256, over its UTF-8 bytes). At least 32 characters. */
  readonly authSecret: string;
  /**
   * Standard Webhooks secrets, `whsec_` and base64; the first signs, all verify. At least one for
   * who serves.
   */
  readonly paymentSecrets: readonly string[];
  readonly paymentProvider: 'development';
  /** After how long the development provider settles a payment by itself; null: never. */
  readonly paymentSettleAfterMs: number | null;
  readonly paymentSettleAs: 'success' | 'failure';
  /** Where the development provider sends its webhook calls; null: to this node itself. */
  readonly paymentWebhookUrl: string | null;
  readonly rateLimits: boolean;
  /** Limits count by the last address of X-Forwarded-For. */
  readonly trustProxy: boolean;
  readonly logLevel: LogLevel;
}

export type SettingSource = 'default' | 'environment' | 'made at first start';

/** One value in force, as it may be shown to people: of a secret only that it is there. */
export interface Setting {
  readonly name: string;
  readonly value: string;
  readonly source: SettingSource;
}

/**
 * Something in the environment, or a kept secret, is wrong. Each problem is one line: the name, and
 * what is right.
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
const AUTH_SECRET_BYTES = 48;
const PAYMENT_SECRET_BYTES = 32;

/** What nobody set is kept in these files of the data directory. */
const KEPT_SECRETS = {
  AUTH_SECRET: {
    file: 'auth-secret',
    make: () => randomBytes(AUTH_SECRET_BYTES).toString('base64url'),
  },
  PAYMENT_SECRET: {
    file: 'payment-secret',
    make: () => PAYMENT_SECRET_PREFIX + randomBytes(PAYMENT_SECRET_BYTES).toString('base64'),
  },
} as const;

/** The environment after the checks, before secrets that nobody set are looked up. */
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
    // An empty variable counts as unset: that is all that some supervisors can say.
    const text = given === '' ? about.default : given;
    const parsed = parseSetting(name, text);
    if ('wanted' in parsed) {
      const shown = about.secret === true ? '' : ` is "${withoutAccount(text)}":`;
      problems.push(`${variable}${shown} ${parsed.wanted}`);
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

function textOf(value: SettingValue): string {
  if (value === null) return '(unset)';
  return withoutAccount(
    typeof value === 'object' && 'text' in value ? value.text : value.toString(),
  );
}

/** Addresses of servers may hold a name and a password. */
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
 * The configuration in force. Makes the data directory, and a secret that is neither set nor kept
 * there, so that the next start finds the same. Throws `ConfigError` with every problem at once, of
 * the kept secrets after those of the environment.
 */
export function loadConfig(environment: Environment = process.env): Config {
  const reading = read(environment);
  mkdirSync(reading.value('DATA'), { recursive: true, mode: 0o700 });
  return configOf(reading, keptSecret);
}

/**
 * The same for those who ask a server, or look at what it left: makes nothing, and has no payment
 * secrets where none is set or kept. Throws `ConfigError`, and where who signs tokens has no auth
 * secret `no-data` or an Error that names its file.
 */
export function loadKeptConfig({ signs = true }: { readonly signs?: boolean } = {}): Config {
  const config = configOf(read(process.env), readKeptSecret);
  const { authSecret, dataDirectory } = config;
  if (authSecret !== '' || !signs) return config;
  if (!existsSync(dataDirectory)) throw new NoDataError(dataDirectory);
  const file = join(dataDirectory, KEPT_SECRETS.AUTH_SECRET.file);
  throw new Error(`there is no ${file}: is LIVEDROPS_DATA right, or LIVEDROPS_AUTH_SECRET unset?`);
}

function configOf(
  { value }: Reading,
  look: (path: string, make: () => string) => string | null,
): Config {
  const dataDirectory = value('DATA');
  const problems: string[] = [];
  const secret = <N extends keyof typeof KEPT_SECRETS>(name: N): ValueOf<N> => {
    const given = value(name);
    // The list of none is the empty text as well.
    if (String(given) !== '') return given;
    const path = join(dataDirectory, KEPT_SECRETS[name].file);
    const text = look(path, KEPT_SECRETS[name].make);
    if (text === null) return given;
    const parsed = text === '' ? { wanted: 'is empty' } : parseSetting(name, text);
    if ('value' in parsed) return parsed.value;
    problems.push(`${path} ${parsed.wanted}: put it back, or remove it and a new one is made`);
    return given;
  };
  const config = Object.freeze({
    port: value('PORT'),
    host: value('HOST'),
    dataDirectory,
    store: value('STORE'),
    natsUrl: value('NATS'),
    nodeId: value('NODE_ID'),
    nodeWeight: value('NODE_WEIGHT'),
    redisReplicas: value('REDIS_REPLICAS'),
    redisAcceptWeak: value('REDIS_ACCEPT_WEAK') === 'on',
    roles: value('ROLES'),
    authSecret: secret('AUTH_SECRET'),
    paymentSecrets: secret('PAYMENT_SECRET'),
    paymentProvider: value('PAYMENT_PROVIDER'),
    paymentSettleAfterMs: value('PAYMENT_SETTLE_AFTER_MS'),
    paymentSettleAs: value('PAYMENT_SETTLE_AS'),
    paymentWebhookUrl: value('PAYMENT_WEBHOOK_URL'),
    rateLimits: value('RATE_LIMITS') === 'on',
    trustProxy: value('TRUST_PROXY') === 'on',
    logLevel: value('LOG'),
  });
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

/** Every setting for people to read; makes nothing. Throws `ConfigError`. */
export function describeConfig(environment: Environment = process.env): readonly Setting[] {
  return read(environment).settings.map((setting) =>
    setting.value === '(hidden)' && setting.source === 'default'
      ? { ...setting, source: 'made at first start' }
      : setting,
  );
}

/** What is set, as it is: for processes that this one starts with the same settings. */
export function givenEnvironment(environment: Environment = process.env): Record<string, string> {
  const given: Record<string, string> = {};
  for (const [variable, value] of Object.entries(environment)) {
    if (variable.startsWith(PREFIX) && value !== undefined) given[variable] = value;
  }
  return given;
}

/** The level alone, whatever else is wrong: for those who must report what is wrong. */
export function logLevelOf(environment: Environment = process.env): LogLevel {
  const given = environment[`${PREFIX}LOG`];
  return LOG_LEVELS.find((level) => level === given) ?? 'info';
}
