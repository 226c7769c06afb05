// The settings there are: the name of each, what it is when nobody sets it, and what is right for it;
// and what is right for them together. Where the values come from, and what is made of them, is in
// `composition/config.ts`.

import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { parseStoreAddress, type StoreAddress } from './store-address.ts';

export const LOG_LEVELS = ['silent', 'error', 'warn', 'info', 'debug'] as const;
export const ROLES = ['gateway', 'actors', 'services'] as const;

export type LogLevel = (typeof LOG_LEVELS)[number];
export type Role = (typeof ROLES)[number];

export const PAYMENT_SECRET_PREFIX = 'whsec_';
const AUTH_SECRET_CHARACTERS_MIN = 32;
const PAYMENT_SECRET_BYTES_MIN = 16;
const SETTLE_AFTER_MS_MAX = 24 * 60 * 60 * 1000;
const NODE_ID_CHARACTERS_MAX = 64;
const NODE_WEIGHT_MAX = 1000;
const REDIS_REPLICAS_MAX = 5;

export type SettingValue = string | number | null | readonly string[] | StoreAddress;
type Parsed<T> = { readonly value: T } | { readonly wanted: string };

export interface Definition<T> {
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

/** By what follows `LIVEDROPS_` in a variable's name. */
export const DEFINITIONS = {
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

export type SettingName = keyof typeof DEFINITIONS;
export type ValueOf<N extends SettingName> =
  (typeof DEFINITIONS)[N] extends Definition<infer T> ? T : never;

export const SETTING_NAMES = Object.keys(DEFINITIONS) as SettingName[];

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

/** What is wrong between settings that are each right. */
export function contradictions(value: <N extends SettingName>(name: N) => ValueOf<N>): string[] {
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
