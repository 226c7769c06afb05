// All settings, some of them from files by subject. Each is one TypeBox schema of its value, with a
// default, a description and the message for an invalid value. `contradictions` checks values
// against each other. `composition/environment.ts` reads the texts.

import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { type StaticDecode, type TSchema, Type } from 'typebox';
import { Value } from 'typebox/value';
import { parseNatsServers } from '../actors/cluster/nats-servers.ts';
import { parseNetwork } from '../events/outbound/network.ts';
import { ANY_ORIGIN } from '../gateway/http/origins.ts';
import { LOG_LEVELS } from './process-environment.ts';
import { ISSUER_SETTINGS, issuerContradictions } from './issuer-settings.ts';
import { MEDIA_SETTINGS, mediaContradictions } from './media-settings.ts';
import { PAYMENT_SETTINGS, stripeContradictions } from './payment-settings.ts';
import { SECRET_SETTINGS, secretContradictions } from './secret-settings.ts';
import { type About, meaning, oneOf, unsetOr, wordsOf } from './setting-shapes.ts';
import { parseStoreAddress, type StoreAddress } from './store-address.ts';
import { TRACE_SETTINGS } from './trace-settings.ts';

export const ROLES = ['gateway', 'actors', 'services', 'search', 'media'] as const;
/** What a node alone has whatever is set: nobody else would do it. */
const ROLES_ALONE = ROLES.filter((role) => role !== 'search' && role !== 'media');

export type Role = (typeof ROLES)[number];

const HOST_PATTERN = '^[A-Za-z0-9_.:-]{1,255}$';
const THREADS_MAX = 64;
export const THREADS_DEFAULT_MAX = 8;
const NODE_ID_CHARACTERS_MAX = 64;
const NODE_WEIGHT_MAX = 1000;
const REDIS_REPLICAS_MAX = 5;
/** The value of `ARCHIVE` and `EXPORTS` for none. */
export const FOLDER_OFF = 'off';
const ARCHIVE_INTERVAL_SECONDS_MAX = 3_600;
const ARCHIVE_JOURNAL_ENTRIES_MIN_MAX = 1_000_000;
const ARCHIVE_DAYS_MAX = 36_500;
const AUDIT_DAYS_MIN = 30;
const CORS_ORIGINS_MAX = 100;
const OUTBOUND_NETWORKS_MAX = 100;
const SPACE_OR_COMMA = /[\s,]+/;

export type SettingValue = string | number | null | readonly string[] | StoreAddress;

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
    pattern: HOST_PATTERN,
    default: '127.0.0.1',
    description: 'The address to listen on; 0.0.0.0 for all.',
    requirement: 'must be an address or a host name, such as 127.0.0.1 or 0.0.0.0',
  }),
  ADMIN_PORT: unsetOr(Type.Integer({ minimum: 0, maximum: 65_535 }), {
    default: '',
    description:
      'A port for operators and monitoring: the metrics, why the node is not ready, and ' +
      '/v1/operator are there, and only there. Unset: they are at LIVEDROPS_PORT.',
    requirement: 'must be a port, 0 to 65535 (0: any free one), or unset',
  }),
  ADMIN_HOST: unsetOr(Type.String({ pattern: HOST_PATTERN }), {
    default: '',
    description: 'The address of LIVEDROPS_ADMIN_PORT; unset: 127.0.0.1.',
    requirement: 'must be an address or a host name, such as 127.0.0.1 or 10.0.0.5, or unset',
  }),
  THREADS: unsetOr(Type.Integer({ minimum: 1, maximum: THREADS_MAX }), {
    default: '',
    description:
      'Threads that serve clients; 1: the main thread does. Unset: one less than there are ' +
      `cores, at most ${THREADS_DEFAULT_MAX}.`,
    requirement: `must be a number, 1 to ${THREADS_MAX}, or unset`,
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
    (path) => (path === '' ? null : path === FOLDER_OFF ? path : resolve(path)),
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
  AUDIT_RETENTION_DAYS: Type.Integer({
    minimum: AUDIT_DAYS_MIN,
    maximum: ARCHIVE_DAYS_MAX,
    default: '730',
    description: 'After how many days entries of the audit log are removed.',
    requirement: `must be days, ${AUDIT_DAYS_MIN} to ${ARCHIVE_DAYS_MAX}`,
  }),
  EXPORTS: meaning<string | null>(
    {
      default: '',
      description:
        'The folder of exports by jobs, in a cluster one that all nodes share; off: none. Unset: ' +
        'LIVEDROPS_DATA/exports of a node alone, none in a cluster.',
      requirement: 'must be the path of a folder, or off',
    },
    () => true,
    (path) => (path === '' ? null : path === FOLDER_OFF ? path : resolve(path)),
  ),
  LEDGER: oneOf(['on', 'off'], {
    default: 'on',
    description: 'Whether there is a ledger, where there is a place for blobs.',
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
  SELLERS: oneOf(['open', 'approved'], {
    default: 'open',
    description: 'Who may sell: every creator, or those whom operators have approved.',
  }),
  ...SECRET_SETTINGS,
  ...ISSUER_SETTINGS,
  ...PAYMENT_SETTINGS,
  ...MEDIA_SETTINGS,
  SMTP_URL: unsetOr(
    Type.Refine(Type.String({ pattern: '^smtps?://' }), (url) => URL.canParse(url)),
    {
      default: '',
      secret: true,
      description: 'The server that takes mail; unset: mails are files in LIVEDROPS_DATA/outbox.',
      requirement: 'must be smtp://user:password@host:port or smtps://host:port, or unset',
    },
  ),
  MAIL_FROM: Type.String({
    pattern: '^[^\\r\\n]{0,200}[^@\\s<]{1,64}@[^@\\s>]{1,253}>?$',
    default: 'LiveDrops <no-reply@localhost>',
    description: 'The sender of mails.',
    requirement: 'must be an e-mail address, such as Shop <no-reply@shop.example>',
  }),
  PUBLIC_URL: unsetOr(
    Type.Refine(Type.String({ pattern: '^https?://' }), (url) => URL.canParse(url)),
    {
      default: '',
      description: "The address of the shop's pages, for links in mails; unset: that of this node.",
      requirement: 'must be a URL such as https://shop.example',
    },
  ),
  OUTBOUND_ALLOW: meaning<readonly string[]>(
    {
      default: '',
      description:
        'Networks beside the public one that webhooks and pushes may be sent to, over http as ' +
        'well, with commas between; unset: none.',
      requirement: 'must be networks such as 10.1.0.0/16 or fd00::/8, with commas between',
    },
    (text) => {
      const words = wordsOf(text, SPACE_OR_COMMA);
      return (
        words.length <= OUTBOUND_NETWORKS_MAX &&
        words.every((word) => typeof parseNetwork(word) !== 'string')
      );
    },
    (text) => wordsOf(text, SPACE_OR_COMMA),
  ),
  RATE_LIMITS: oneOf(['on', 'off'], {
    default: 'on',
    description: 'Whether there are limits by user and by address.',
  }),
  LIMITS_FILE: meaning<string | null>(
    {
      default: '',
      description:
        'A JSON file of rates, numbers of live streams and exempt networks; read again when it ' +
        'changes.',
      requirement: 'must be the path of a file',
    },
    () => true,
    (path) => (path === '' ? null : resolve(path)),
  ),
  TRUST_PROXY: oneOf(['on', 'off'], {
    default: 'off',
    description: 'Whether limits count by the last address of X-Forwarded-For.',
  }),
  CORS_ORIGINS: meaning<readonly string[]>(
    {
      default: '',
      description:
        'The origins whose pages may use the API and open live streams, with commas between; ' +
        '*: all. Unset: no page of another origin may use the API.',
      requirement:
        'must be origins such as https://shop.example, with commas between, or * for all',
    },
    (text) => {
      const words = wordsOf(text, SPACE_OR_COMMA);
      if (words.length === 1 && words[0] === ANY_ORIGIN) return true;
      return words.length <= CORS_ORIGINS_MAX && words.every(isOrigin);
    },
    (text) => wordsOf(text, SPACE_OR_COMMA),
  ),
  GRAPHQL_INTROSPECTION: oneOf(['auto', 'on', 'off'], {
    default: 'auto',
    description:
      'Whether GraphQL tells its schema; auto: where the payment provider is the development one.',
  }),
  LOG: oneOf(LOG_LEVELS, { default: 'info', description: 'The least level that is logged.' }),
  ...TRACE_SETTINGS,
};

export type SettingName = keyof typeof SETTINGS;
export type ValueOf<N extends SettingName> = StaticDecode<(typeof SETTINGS)[N]>;

export const SETTING_NAMES = Object.keys(SETTINGS) as SettingName[];

export function aboutSetting(name: SettingName): About {
  return SETTINGS[name] as unknown as About;
}

/** Written as browsers write it: in small letters, and without a default port or a path. */
function isOrigin(text: string): boolean {
  return /^https?:/.test(text) && URL.canParse(text) && new URL(text).origin === text;
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
  if (!clustered && ROLES_ALONE.some((role) => !value('ROLES').includes(role)))
    problems.push(
      `LIVEDROPS_ROLES must list ${ROLES_ALONE.join(',')}: a node alone has all roles but ` +
        'search and media, which it may leave out',
    );
  if (value('ADMIN_HOST') !== null && value('ADMIN_PORT') === null)
    problems.push('LIVEDROPS_ADMIN_HOST goes with LIVEDROPS_ADMIN_PORT, which is unset');
  problems.push(
    ...issuerContradictions({
      issuers: value('AUTH_ISSUER'),
      audiences: value('AUTH_AUDIENCE'),
      jwks: value('AUTH_JWKS'),
      roles: value('AUTH_ROLES'),
    }),
  );
  problems.push(
    ...mediaContradictions({
      keyId: value('BLOBS_KEY_ID'),
      secret: value('BLOBS_SECRET'),
    }),
  );
  problems.push(
    ...secretContradictions({
      secret: value('AUTH_SECRET'),
      secretsVerify: value('AUTH_SECRETS_VERIFY'),
      file: value('AUTH_SECRET_FILE'),
    }),
  );
  problems.push(
    ...stripeContradictions({
      provider: value('PAYMENT_PROVIDER'),
      secretKey: value('STRIPE_SECRET_KEY'),
      publishableKey: value('STRIPE_PUBLISHABLE_KEY'),
      webhookSecrets: value('STRIPE_WEBHOOK_SECRET'),
      api: value('STRIPE_API'),
    }),
  );
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
