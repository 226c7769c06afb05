// The configuration: read once from the environment into one frozen object, each value checked, each
// with where it came from. The only file that reads `process.env`. It also keeps the secrets that
// nobody set, in the data directory; it opens no store and no socket.

import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import { join, resolve } from 'node:path';
import { closestName } from './closest-name.ts';
import { keptSecret } from './kept-secret.ts';
import { parseStoreAddress, type StoreAddress } from './store-address.ts';

export const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug'] as const;
export const ROLES = ['gateway', 'actors', 'services'] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];
export type Role = (typeof ROLES)[number];
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
  /** Standard Webhooks secrets, `whsec_` and base64; the first signs, all verify. At least one. */
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

/** Something in the environment is wrong. Each problem is one line: the name, and what is right. */
export class ConfigError extends Error {
  readonly code = 'config';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

const PREFIX = 'LIVEDROPS_';
const AUTH_SECRET_CHARACTERS_MIN = 32;
const AUTH_SECRET_BYTES = 48;
const PAYMENT_SECRET_PREFIX = 'whsec_';
const PAYMENT_SECRET_BYTES_MIN = 16;
const PAYMENT_SECRET_BYTES = 32;
const SETTLE_AFTER_MS_MAX = 24 * 60 * 60 * 1000;
const NODE_ID_CHARACTERS_MAX = 64;
const NODE_WEIGHT_MAX = 1000;
const REDIS_REPLICAS_MAX = 5;

type Value = string | number | null | readonly string[] | StoreAddress;
type Parsed<T> = { readonly value: T } | { readonly wanted: string };

interface Definition<T> {
  /** What is taken when the environment has nothing. */
  readonly initial: string;
  readonly secret?: true;
  parse(text: string): Parsed<T>;
}

function define<T>(definition: Definition<T>): Definition<T> {
  return definition;
}

function oneOf<T extends string>(initial: T, allowed: readonly T[]): Definition<T> {
  return {
    initial,
    parse(text) {
      const value = allowed.find((candidate) => candidate === text);
      return value === undefined ? { wanted: `must be ${inWords(allowed)}` } : { value };
    },
  };
}

function inWords(names: readonly string[]): string {
  return names.length === 1 ? names.join() : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
}

function parseInteger(text: string, max: number, wanted: string): Parsed<number> {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  return value <= max ? { value } : { wanted };
}

const DEFINITIONS = {
  PORT: define<number>({
    initial: '8080',
    parse: (text) => parseInteger(text, 65_535, 'must be a port, 0 to 65535 (0: any free one)'),
  }),
  HOST: define<string>({
    initial: '127.0.0.1',
    parse: (text) =>
      /^[A-Za-z0-9_.:-]{1,255}$/.test(text)
        ? { value: text }
        : { wanted: 'must be an address or a host name, such as 127.0.0.1 or 0.0.0.0' },
  }),
  DATA: define<string>({ initial: './data', parse: (text) => ({ value: resolve(text) }) }),
  STORE: define({ initial: 'sqlite:', parse: parseStore }),
  REDIS_REPLICAS: define<number>({
    initial: '0',
    parse: (text) =>
      parseInteger(text, REDIS_REPLICAS_MAX, `must be a number, 0 to ${REDIS_REPLICAS_MAX}`),
  }),
  REDIS_ACCEPT_WEAK: oneOf('off', ['on', 'off']),
  NATS: define({ initial: '', parse: parseNats }),
  NODE_ID: define<string>({
    initial: hostname()
      .replaceAll(/[^A-Za-z0-9_-]/g, '-')
      .slice(0, NODE_ID_CHARACTERS_MAX),
    parse: (text) =>
      /^[A-Za-z0-9_-]{1,64}$/.test(text)
        ? { value: text }
        : { wanted: `must be 1 to ${NODE_ID_CHARACTERS_MAX} letters, digits, _ or -` },
  }),
  NODE_WEIGHT: define<number>({
    initial: '1',
    parse: (text) => {
      const value = /^\d{1,4}(\.\d{1,3})?$/.test(text) ? Number(text) : 0;
      return value > 0 && value <= NODE_WEIGHT_MAX
        ? { value }
        : { wanted: `must be a number above 0, up to ${NODE_WEIGHT_MAX}` };
    },
  }),
  ROLES: define({ initial: ROLES.join(','), parse: parseRoles }),
  AUTH_SECRET: define<string>({
    initial: '',
    secret: true,
    parse: (text) =>
      text === '' || text.length >= AUTH_SECRET_CHARACTERS_MIN
        ? { value: text }
        : { wanted: `must have at least ${AUTH_SECRET_CHARACTERS_MIN} characters` },
  }),
  PAYMENT_SECRET: define<readonly string[]>({
    initial: '',
    secret: true,
    parse: parsePaymentSecrets,
  }),
  PAYMENT_PROVIDER: oneOf('development', ['development']),
  PAYMENT_SETTLE_AFTER_MS: define<number | null>({
    initial: '',
    parse: (text) =>
      text === ''
        ? { value: null }
        : parseInteger(
            text,
            SETTLE_AFTER_MS_MAX,
            `must be milliseconds, 0 to ${SETTLE_AFTER_MS_MAX}, or unset for never`,
          ),
  }),
  PAYMENT_SETTLE_AS: oneOf('success', ['success', 'failure']),
  PAYMENT_WEBHOOK_URL: define<string | null>({
    initial: '',
    parse: (text) => {
      if (text === '') return { value: null };
      return /^https?:\/\//.test(text) && URL.canParse(text)
        ? { value: text }
        : { wanted: 'must be a URL such as http://127.0.0.1:8080/v1/payments/webhook' };
    },
  }),
  RATE_LIMITS: oneOf('on', ['on', 'off']),
  TRUST_PROXY: oneOf('off', ['on', 'off']),
  LOG: oneOf('info', LOG_LEVELS),
};

type Name = keyof typeof DEFINITIONS;
type ValueOf<N extends Name> = (typeof DEFINITIONS)[N] extends Definition<infer T> ? T : never;

const NAMES = Object.keys(DEFINITIONS) as Name[];

function parseStore(text: string): Parsed<StoreAddress> {
  const value = parseStoreAddress(text);
  return value === null
    ? {
        wanted:
          'must be sqlite: (a file in LIVEDROPS_DATA), redis://host:port, rediss://host:port, ' +
          'or redis-cluster://host:port,host:port',
      }
    : { value };
}

function parseNats(text: string): Parsed<string | null> {
  if (text === '') return { value: null };
  const servers = text.split(',').map((server) => URL.parse(server.trim()));
  return servers.every((url) => url?.protocol === 'nats:' && url.hostname !== '')
    ? { value: text }
    : { wanted: 'must be nats://host:port, several with commas between, or unset for one node' };
}

function parseRoles(text: string): Parsed<readonly Role[]> {
  const asked = text.split(/[\s,]+/).filter((role) => role !== '');
  const known = ROLES.filter((role) => asked.includes(role));
  return known.length > 0 && known.length === new Set(asked).size
    ? { value: known }
    : { wanted: `must list roles out of ${ROLES.join(',')}` };
}

/** What is wrong between settings that are each right. */
function contradictions(value: <N extends Name>(name: N) => ValueOf<N>): string[] {
  const problems: string[] = [];
  const clustered = value('STORE').kind === 'redis';
  if (clustered !== (value('NATS') !== null)) {
    problems.push(
      'LIVEDROPS_STORE and LIVEDROPS_NATS go together: a cluster has a Redis store and NATS, ' +
        'one node alone has neither',
    );
    return problems;
  }
  if (!clustered && value('ROLES').length < ROLES.length)
    problems.push(`LIVEDROPS_ROLES must be ${ROLES.join(',')}: a node alone has every role`);
  if (!clustered) return problems;
  if (value('AUTH_SECRET') === '')
    problems.push('LIVEDROPS_AUTH_SECRET must be set in a cluster: every node needs the same');
  if (value('PAYMENT_SECRET').length === 0)
    problems.push('LIVEDROPS_PAYMENT_SECRET must be set in a cluster: every node needs the same');
  const tellsProvider = value('ROLES').includes('actors');
  const hears = value('ROLES').includes('gateway') || value('PAYMENT_WEBHOOK_URL') !== null;
  if (tellsProvider && !hears) {
    problems.push(
      'LIVEDROPS_PAYMENT_WEBHOOK_URL must be set on a node with the role actors and without ' +
        'gateway: the address of a gateway, such as http://gateway:8080/v1/payments/webhook',
    );
  }
  return problems;
}

function parsePaymentSecrets(text: string): Parsed<readonly string[]> {
  const secrets = text.split(/\s+/).filter((secret) => secret !== '');
  const good = secrets.every((secret) => {
    const base64 = secret.replace(PAYMENT_SECRET_PREFIX, '');
    const bytes = Buffer.from(base64, 'base64');
    const same = bytes.toString('base64').replace(/=+$/, '') === base64.replace(/=+$/, '');
    return same && bytes.length >= PAYMENT_SECRET_BYTES_MIN;
  });
  return good
    ? { value: Object.freeze(secrets) }
    : {
        wanted:
          `must be one or more secrets with spaces between, each ${PAYMENT_SECRET_PREFIX} ` +
          `and the base64 of at least ${PAYMENT_SECRET_BYTES_MIN} bytes`,
      };
}

/** The environment after the checks, before secrets that nobody set are looked up. */
interface Reading {
  readonly value: <N extends Name>(name: N) => ValueOf<N>;
  readonly settings: readonly Setting[];
}

function read(environment: Environment): Reading {
  const problems = unknownNames(environment);
  const values = new Map<Name, Value>();
  const settings: Setting[] = [];
  for (const name of NAMES) {
    const definition: Definition<Value> = DEFINITIONS[name];
    const variable = PREFIX + name;
    const given = environment[variable] ?? '';
    // An empty variable counts as unset: that is all that some supervisors can say.
    const text = given === '' ? definition.initial : given;
    const parsed = definition.parse(text);
    if ('wanted' in parsed) {
      const shown = definition.secret === true ? '' : ` is "${withoutAccount(text)}":`;
      problems.push(`${variable}${shown} ${parsed.wanted}`);
      continue;
    }
    values.set(name, parsed.value);
    settings.push({
      name: variable,
      value: definition.secret === true ? '(hidden)' : textOf(parsed.value),
      source: given === '' ? 'default' : 'environment',
    });
  }
  if (problems.length > 0) throw new ConfigError(problems);
  const value = <N extends Name>(name: N) => values.get(name) as ValueOf<N>;
  const contradicting = contradictions(value);
  if (contradicting.length > 0) throw new ConfigError(contradicting);
  return { value, settings };
}

function textOf(value: Value): string {
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
  const known = NAMES.map((name) => PREFIX + name);
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
 * there, so that the next start finds the same. Throws `ConfigError` with every problem at once.
 */
export function loadConfig(environment: Environment = process.env): Config {
  const { value } = read(environment);
  const dataDirectory = value('DATA');
  mkdirSync(dataDirectory, { recursive: true, mode: 0o700 });
  const givenPaymentSecrets = value('PAYMENT_SECRET');
  return Object.freeze({
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
    authSecret:
      value('AUTH_SECRET') ||
      keptSecret(join(dataDirectory, 'auth-secret'), () =>
        randomBytes(AUTH_SECRET_BYTES).toString('base64url'),
      ),
    paymentSecrets:
      givenPaymentSecrets.length > 0
        ? givenPaymentSecrets
        : Object.freeze([
            keptSecret(
              join(dataDirectory, 'payment-secret'),
              () => PAYMENT_SECRET_PREFIX + randomBytes(PAYMENT_SECRET_BYTES).toString('base64'),
            ),
          ]),
    paymentProvider: value('PAYMENT_PROVIDER'),
    paymentSettleAfterMs: value('PAYMENT_SETTLE_AFTER_MS'),
    paymentSettleAs: value('PAYMENT_SETTLE_AS'),
    paymentWebhookUrl: value('PAYMENT_WEBHOOK_URL'),
    rateLimits: value('RATE_LIMITS') === 'on',
    trustProxy: value('TRUST_PROXY') === 'on',
    logLevel: value('LOG'),
  });
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
