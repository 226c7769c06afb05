// All settings. Each is one TypeBox schema of its value, with a default, a description and the
// message for an invalid value. `contradictions` checks values against each other.
// `composition/config.ts` reads the texts and builds the configuration.

import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { type StaticDecode, type TSchema, Type } from 'typebox';
import { Value } from 'typebox/value';
import { parseNatsServers } from '../actors/cluster/nats-servers.ts';
import { SECRETS_MAX } from '../app/signing-secrets.ts';
import { PAYMENT_BEHAVIOURS } from '../events/payments/development-payments.ts';
import { minorDigits } from '../contracts/currencies.ts';
import { isTrustedUrl } from '../app/issuers/issuer.ts';
import {
  ISSUER_ROLES,
  ISSUERS_MAX,
  isIssuersText,
  isNamedOnce,
  isRoleRulesText,
  issuerContradictions,
  namedWords,
  ROLE_RULES_MAX,
} from './issuer-settings.ts';
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
/** The value of `ARCHIVE` for no archive. */
export const ARCHIVE_OFF = 'off';
const ARCHIVE_INTERVAL_SECONDS_MAX = 3_600;
const ARCHIVE_JOURNAL_ENTRIES_MIN_MAX = 1_000_000;
const ARCHIVE_DAYS_MAX = 36_500;
const STRIPE_CALLS_PER_SECOND_MAX = 10_000;
const STRIPE_API = 'https://api.stripe.com';
const SPACE_OR_COMMA = /[\s,]+/;

/** The parts of every setting besides the schema of its value. */
export interface About {
  /** The default as text of the environment. Empty: unset, which the schema then allows. */
  readonly default: string;
  readonly description: string;
  /** The message after the variable's name where the value is not valid. */
  readonly requirement: string;
  /** Never shown. */
  readonly secret?: true;
}

export type SettingValue = string | number | null | readonly string[] | StoreAddress;

/** One of several words, with the message made from them. */
function oneOf<const T extends string>(words: readonly T[], about: Omit<About, 'requirement'>) {
  const last = words.at(-1)!;
  const list = words.length === 1 ? last : `${words.slice(0, -1).join(', ')} or ${last}`;
  return Type.Enum([...words], { ...about, requirement: `must be ${list}` });
}

/** A text that `isRight` accepts and `decode` turns into the value. */
function meaning<T>(about: About, isRight: (text: string) => boolean, decode: (text: string) => T) {
  return Type.Codec(Type.Refine(Type.String({ ...about }), isRight))
    .Decode(decode)
    .Encode(String);
}

/** Words with spaces between. */
function wordList(about: About, isRight: (text: string) => boolean) {
  return meaning<readonly string[]>(about, isRight, (text) => Object.freeze(wordsOf(text)));
}

/** The value, or null where the environment has none. */
function unsetOr<T extends TSchema>(value: T, about: About) {
  return Type.Union([Type.Null(), value], { ...about });
}

/** By the variable's name without `LIVEDROPS_`. */
export const SETTINGS = {
  PORT: Type.Integer({
    minimum: 0,
    maximum: 65_535,
    default: '8080',
    description: 'The port to listen on.',
    requirement: 'must be a port, 0 to 65535 (0: any free one)',
  }),
  HOST: Type.String({
    pattern: '^[A-Za-z0-9_.:-]{1,255}$',
    default: '127.0.0.1',
    description: 'The address to listen on; 0.0.0.0 for all.',
    requirement: 'must be an address or a host name, such as 127.0.0.1 or 0.0.0.0',
  }),
  DATA: meaning(
    {
      default: './data',
      description: 'The directory where everything is kept; of a node of a cluster, its address.',
      requirement: 'must be a path',
    },
    () => true,
    (path) => resolve(path),
  ),
  STORE: meaning<StoreAddress>(
    {
      default: 'sqlite:',
      description: 'The store: files in LIVEDROPS_DATA, or a Redis or Redis Cluster.',
      requirement:
        'must be sqlite: (a file in LIVEDROPS_DATA), redis://host:port, rediss://host:port, ' +
        'or redis-cluster://host:port,host:port',
    },
    (text) => parseStoreAddress(text) !== null,
    (text) => parseStoreAddress(text)!,
  ),
  ARCHIVE: meaning<string | null>(
    {
      default: '',
      description:
        'The folder of the archive, in a cluster one that all nodes share; off: none. Unset: ' +
        'LIVEDROPS_DATA/archive of a node alone, none in a cluster.',
      requirement: 'must be the path of a folder, or off',
    },
    () => true,
    (path) => (path === '' ? null : path === ARCHIVE_OFF ? path : resolve(path)),
  ),
  ARCHIVE_INTERVAL_SECONDS: Type.Integer({
    minimum: 1,
    maximum: ARCHIVE_INTERVAL_SECONDS_MAX,
    default: '60',
    description: 'How often old journal entries are archived.',
    requirement: `must be seconds, 1 to ${ARCHIVE_INTERVAL_SECONDS_MAX}`,
  }),
  ARCHIVE_JOURNAL_ENTRIES_MIN: Type.Integer({
    minimum: 1,
    maximum: ARCHIVE_JOURNAL_ENTRIES_MIN_MAX,
    default: '1024',
    description: 'The newest entries of each shard that stay in the journal.',
    requirement: `must be a number, 1 to ${ARCHIVE_JOURNAL_ENTRIES_MIN_MAX}`,
  }),
  ARCHIVE_RETENTION_DAYS: unsetOr(Type.Integer({ minimum: 1, maximum: ARCHIVE_DAYS_MAX }), {
    default: '',
    description: 'After how many days archived entries are removed; unset: never.',
    requirement: `must be days, 1 to ${ARCHIVE_DAYS_MAX}, or unset for never`,
  }),
  REDIS_REPLICAS: Type.Integer({
    minimum: 0,
    maximum: REDIS_REPLICAS_MAX,
    default: '0',
    description: 'Redis replicas that must have each append before it counts.',
    requirement: `must be a number, 0 to ${REDIS_REPLICAS_MAX}`,
  }),
  REDIS_ACCEPT_WEAK: oneOf(['on', 'off'], {
    default: 'off',
    description: 'Whether to start on a Redis that may lose what it acknowledged.',
  }),
  NATS: unsetOr(
    Type.Refine(Type.String(), (text) => parseNatsServers(text) !== null),
    {
      default: '',
      description: 'The NATS servers of a cluster, with commas between.',
      requirement:
        'must be nats://host:port or tls://host:port, further ones with commas between, ' +
        'or unset for one node',
    },
  ),
  NATS_CA: unsetOr(Type.String({ minLength: 1 }), {
    default: '',
    description: 'A PEM file: who may have signed the certificates of NATS servers with TLS.',
    requirement: 'must be the path of a PEM file',
  }),
  NODE_ID: Type.String({
    pattern: `^[A-Za-z0-9_-]{1,${NODE_ID_CHARACTERS_MAX}}$`,
    default: hostname()
      .replaceAll(/[^A-Za-z0-9_-]/g, '-')
      .slice(0, NODE_ID_CHARACTERS_MAX),
    description: 'The name of this node, one of its own in a cluster.',
    requirement: `must be 1 to ${NODE_ID_CHARACTERS_MAX} letters, digits, _ or -`,
  }),
  NODE_WEIGHT: Type.Number({
    exclusiveMinimum: 0,
    maximum: NODE_WEIGHT_MAX,
    default: '1',
    description: 'The share of the shards relative to other nodes.',
    requirement: `must be a number above 0, up to ${NODE_WEIGHT_MAX}`,
  }),
  ROLES: meaning<readonly Role[]>(
    {
      default: ROLES.join(','),
      description: 'What a node of a cluster does.',
      requirement: `must list roles out of ${ROLES.join(',')}`,
    },
    (text) => {
      const words = wordsOf(text, SPACE_OR_COMMA);
      return words.length > 0 && words.every((word) => ROLES.includes(word as Role));
    },
    (text) => ROLES.filter((role) => wordsOf(text, SPACE_OR_COMMA).includes(role)),
  ),
  AUTH_SECRET: Type.String({
    pattern: `^$|^[^]{${AUTH_SECRET_CHARACTERS_MIN},}$`,
    default: '',
    secret: true,
    description: 'Signs access tokens.',
    requirement: `must have at least ${AUTH_SECRET_CHARACTERS_MIN} characters`,
  }),
  AUTH_SECRETS_VERIFY: meaning<readonly string[]>(
    {
      default: '',
      secret: true,
      description: 'Further secrets, which verify access tokens and sign none.',
      requirement:
        `must be secrets of at least ${AUTH_SECRET_CHARACTERS_MIN} characters with spaces ` +
        `between, ${SECRETS_MAX - 1} at most`,
    },
    (text) => {
      const words = wordsOf(text);
      return (
        words.length < SECRETS_MAX &&
        words.every(({ length }) => length >= AUTH_SECRET_CHARACTERS_MIN)
      );
    },
    (text) => Object.freeze(wordsOf(text)),
  ),
  AUTH_SECRET_FILE: meaning<string | null>(
    {
      default: '',
      description:
        'A file of secrets for access tokens, one a line, instead of AUTH_SECRET; read again ' +
        'when it changes.',
      requirement: 'must be the path of a file',
    },
    () => true,
    (path) => (path === '' ? null : resolve(path)),
  ),
  AUTH_ISSUER: wordList(
    {
      default: '',
      description:
        'Issuers whose tokens are accepted, too: the main one as its URL, further ones as NAME=URL.',
      requirement:
        'must be https:// addresses with spaces between, as NAME=URL but for one; http:// only on ' +
        `this machine; ${ISSUERS_MAX} at most`,
    },
    isIssuersText,
  ),
  AUTH_AUDIENCE: wordList(
    {
      default: '',
      description: 'What their tokens must say in aud: for all, and as NAME=AUDIENCE for one.',
      requirement: 'must be audiences with spaces between, as NAME=AUDIENCE but for one',
    },
    isNamedOnce,
  ),
  AUTH_JWKS: wordList(
    {
      default: '',
      description:
        "Where their keys are; unset: found by the issuer's .well-known/openid-configuration.",
      requirement: 'must be https:// addresses with spaces between, as NAME=URL but for one',
    },
    (text) => isNamedOnce(text) && namedWords(text).every(([, url]) => isTrustedUrl(url)),
  ),
  AUTH_ROLES: wordList(
    {
      default: '',
      description: 'Roles by a claim of their tokens: CLAIM:VALUE=ROLE, or NAME,CLAIM:VALUE=ROLE.',
      requirement:
        `must be CLAIM:VALUE=ROLE or NAME,CLAIM:VALUE=ROLE with spaces between, where ROLE is ` +
        `${ISSUER_ROLES.join(' or ')}; ${ROLE_RULES_MAX} at most`,
    },
    isRoleRulesText,
  ),
  PAYMENT_SECRET: meaning<readonly string[]>(
    {
      default: '',
      secret: true,
      description: 'Signs and verifies the calls of the payment provider.',
      requirement:
        `must be one or more secrets with spaces between, each ${PAYMENT_SECRET_PREFIX} ` +
        `and the base64 of at least ${PAYMENT_SECRET_BYTES_MIN} bytes`,
    },
    (text) => wordsOf(text).every(isPaymentSecret),
    (text) => Object.freeze(wordsOf(text)),
  ),
  PAYMENT_PROVIDER: oneOf(['development', 'stripe'], {
    default: 'development',
    description: 'Who takes payments: Stripe, or nobody really.',
  }),
  STRIPE_SECRET_KEY: unsetOr(
    Type.String({ pattern: '^[sr]k_(?:test|live)_[A-Za-z0-9_]{1,255}$' }),
    {
      default: '',
      secret: true,
      description: 'The key of Stripe’s API, secret or restricted.',
      requirement: 'must be a secret or restricted key of Stripe, such as sk_test_…',
    },
  ),
  STRIPE_PUBLISHABLE_KEY: unsetOr(
    Type.String({ pattern: '^pk_(?:test|live)_[A-Za-z0-9_]{1,255}$' }),
    {
      default: '',
      description: 'Stripe’s publishable key, which buyers’ devices are given.',
      requirement: 'must be a publishable key of Stripe, such as pk_test_…, or unset',
    },
  ),
  STRIPE_WEBHOOK_SECRET: meaning<readonly string[]>(
    {
      default: '',
      secret: true,
      description: 'Verifies Stripe’s events; two while it rotates.',
      requirement:
        'must be one or more secrets of a webhook endpoint, whsec_…, with spaces between',
    },
    (text) => wordsOf(text).every((word) => /^whsec_[!-~]{1,255}$/.test(word)),
    (text) => Object.freeze(wordsOf(text)),
  ),
  STRIPE_CALLS_PER_SECOND: Type.Integer({
    minimum: 1,
    maximum: STRIPE_CALLS_PER_SECOND_MAX,
    default: '25',
    description: 'Calls of Stripe’s API that all nodes make together at most.',
    requirement: `must be a number, 1 to ${STRIPE_CALLS_PER_SECOND_MAX}`,
  }),
  STRIPE_API: meaning<string>(
    {
      default: STRIPE_API,
      description: 'Stripe’s API, or a stand-in of it on this machine, for tests.',
      requirement: `must be ${STRIPE_API}, or a stand-in such as http://127.0.0.1:12111`,
    },
    (text) => isStripeApi(text),
    (text) => new URL(text).origin,
  ),
  PAYMENT_SETTLE_AFTER_MS: unsetOr(Type.Integer({ minimum: 0, maximum: SETTLE_AFTER_MS_MAX }), {
    default: '',
    description: 'After how long the development provider settles a payment by itself.',
    requirement: `must be milliseconds, 0 to ${SETTLE_AFTER_MS_MAX}, or unset for never`,
  }),
  PAYMENT_SETTLE_AS: oneOf([...PAYMENT_BEHAVIOURS, 'by-amount'], {
    default: 'success',
    description:
      'As what the development provider settles by itself; by-amount: by the last two digits of ' +
      'the total, 00 success, 01 failure and so on.',
  }),
  PAYMENT_REFUNDS_AS: oneOf(['accepted', 'refused', 'silence'], {
    default: 'accepted',
    description: 'How the development provider answers refunds; silence is no answer, ever.',
  }),
  PAYMENT_DIGITS: unsetOr(
    Type.Refine(Type.String(), (text) => wordsOf(text).every(isCurrencyDigits)),
    {
      default: '',
      description: 'Currencies that the provider counts with other digits than ISO 4217.',
      requirement:
        'must be codes of ISO 4217 and digits from 0 to 4, such as ISK=2 KWD=2, or unset',
    },
  ),
  PAYMENT_WEBHOOK_URL: unsetOr(Type.Refine(Type.String({ pattern: '^https?://' }), isUrl), {
    default: '',
    description: 'Where the development provider sends its calls; unset: to this node itself.',
    requirement: 'must be a URL such as http://127.0.0.1:8080/v1/payments/webhook',
  }),
  RATE_LIMITS: oneOf(['on', 'off'], {
    default: 'on',
    description: 'Whether there are limits by user and by address.',
  }),
  TRUST_PROXY: oneOf(['on', 'off'], {
    default: 'off',
    description: 'Whether limits count by the last address of X-Forwarded-For.',
  }),
  LOG: oneOf(LOG_LEVELS, { default: 'info', description: 'The least level that is logged.' }),
};

export type SettingName = keyof typeof SETTINGS;
export type ValueOf<N extends SettingName> = StaticDecode<(typeof SETTINGS)[N]>;

export const SETTING_NAMES = Object.keys(SETTINGS) as SettingName[];

export function aboutSetting(name: SettingName): About {
  return SETTINGS[name] as unknown as About;
}

/** The value of a text of the environment, or the requirement that the text does not meet. */
export function parseSetting<N extends SettingName>(
  name: N,
  text: string,
): { readonly value: ValueOf<N> } | { readonly requirement: string } {
  const schema: TSchema = SETTINGS[name];
  const plain = plainValue(schema, text);
  if (!Value.Check(schema, plain)) return { requirement: aboutSetting(name).requirement };
  return { value: Value.Decode(schema, plain) as ValueOf<N> };
}

/** A number where the schema is one of numbers and the text is a plain decimal without exponent. */
function plainValue(schema: TSchema, text: string): unknown {
  if (Type.IsUnion(schema)) return text === '' ? null : plainValue(schema.anyOf[1]!, text);
  const isNumber = Type.IsInteger(schema) || Type.IsNumber(schema);
  return isNumber && /^\d{1,15}(\.\d{1,3})?$/.test(text) ? Number(text) : text;
}

function wordsOf(text: string, separator = /\s+/): string[] {
  return text.split(separator).filter((word) => word !== '');
}

function isUrl(text: string): boolean {
  return URL.canParse(text);
}

/** Only Stripe itself, or this machine: the secret key goes there. */
function isStripeApi(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { host, origin } = new URL(text);
  if (origin === STRIPE_API) return true;
  return origin === `http://${host}` && /^(?:127\.0\.0\.1|localhost|\[::1\])(?::|$)/.test(host);
}

/** Such as `ISK=2`. */
function isCurrencyDigits(word: string): boolean {
  return /^[A-Z]{3}=[0-4]$/.test(word) && minorDigits(word.slice(0, 3)) !== null;
}

function isPaymentSecret(secret: string): boolean {
  const base64 = secret.replace(PAYMENT_SECRET_PREFIX, '');
  const bytes = Buffer.from(base64, 'base64');
  const same = bytes.toString('base64').replace(/=+$/, '') === base64.replace(/=+$/, '');
  return same && bytes.length >= PAYMENT_SECRET_BYTES_MIN;
}

/** The problems of Stripe's settings with each other. */
function stripeContradictions(
  value: <N extends SettingName>(name: N) => ValueOf<N>,
): readonly string[] {
  if (value('PAYMENT_PROVIDER') !== 'stripe') return [];
  const problems: string[] = [];
  const key = value('STRIPE_SECRET_KEY');
  const needed = 'must be set where LIVEDROPS_PAYMENT_PROVIDER is stripe';
  if (key === null) problems.push(`LIVEDROPS_STRIPE_SECRET_KEY ${needed}`);
  if (value('STRIPE_WEBHOOK_SECRET').length === 0)
    problems.push(`LIVEDROPS_STRIPE_WEBHOOK_SECRET ${needed}: that of the webhook endpoint`);
  const isStandIn = value('STRIPE_API') !== STRIPE_API;
  if (isStandIn && key !== null && !key.includes('_test_'))
    problems.push('LIVEDROPS_STRIPE_API is no place for a live key: use one that begins sk_test_');
  const shown = value('STRIPE_PUBLISHABLE_KEY');
  if (key !== null && shown !== null && key.includes('_test_') !== shown.includes('_test_'))
    problems.push('LIVEDROPS_STRIPE_PUBLISHABLE_KEY and the secret key must both be test or live');
  return problems;
}

/** The problems between settings that are each valid. */
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
  problems.push(
    ...issuerContradictions({
      issuers: value('AUTH_ISSUER'),
      audiences: value('AUTH_AUDIENCE'),
      jwks: value('AUTH_JWKS'),
      roles: value('AUTH_ROLES'),
    }),
  );
  if (value('AUTH_SECRET_FILE') !== null) {
    for (const name of ['AUTH_SECRET', 'AUTH_SECRETS_VERIFY'] as const) {
      if (value(name).length > 0)
        problems.push(
          `LIVEDROPS_AUTH_SECRET_FILE is instead of LIVEDROPS_${name}: set one of them`,
        );
    }
  }
  problems.push(...stripeContradictions(value));
  if (!clustered) return problems;
  if (value('AUTH_SECRET') === '' && value('AUTH_SECRET_FILE') === null)
    problems.push('LIVEDROPS_AUTH_SECRET must be set in a cluster: every node needs the same');
  if (value('PAYMENT_SECRET').length === 0)
    problems.push('LIVEDROPS_PAYMENT_SECRET must be set in a cluster: every node needs the same');
  const callsProvider =
    value('ROLES').includes('actors') && value('PAYMENT_PROVIDER') === 'development';
  const getsWebhooks = value('ROLES').includes('gateway') || value('PAYMENT_WEBHOOK_URL') !== null;
  if (callsProvider && !getsWebhooks) {
    problems.push(
      'LIVEDROPS_PAYMENT_WEBHOOK_URL must be set on a node with the role actors and without ' +
        'gateway: the address of a gateway, such as http://gateway:8080/v1/payments/webhook',
    );
  }
  return problems;
}
