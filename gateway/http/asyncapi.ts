// Writes AsyncAPI 3 of what is sent without being asked for each time: the live stream and the
// stream of changes, with the schemas that the frames and lines are typed by. Webhooks that are
// sent to creators are channels as well: whoever adds one adds it to `CHANNELS`.

import type { TSchema } from 'typebox';
import { StreamQuery, STREAM_LINES } from '../../contracts/changes.ts';
import {
  CLIENT_MESSAGES,
  type ClientMessageType,
  CLOSE_CODES,
  SERVER_FRAMES,
  type ServerFrameName,
  STREAM_PROTOCOL,
  TOKEN_PROTOCOL,
} from '../../contracts/live.ts';
import { refer } from './named-schemas.ts';
import { JSON_MEDIA_TYPE, NAME_IN_PATH } from './route.ts';

type Json = Record<string, unknown>;
type Messages = Readonly<Record<string, TSchema>>;

const TOKEN = { $ref: '#/components/securitySchemes/token' };
const API_KEY = { $ref: '#/components/securitySchemes/apiKey' };

/** One address, seen from the server: it sends `sends`, and answers what it receives. */
interface Channel {
  /** That of its route. */
  readonly address: string;
  readonly summary: string;
  readonly protocols: readonly (keyof typeof SERVERS)[];
  readonly security: readonly Json[];
  readonly sends: Messages;
  /** The names of the messages that may answer each message. */
  readonly receives: Readonly<Record<string, readonly string[]>>;
  readonly bindings: Json;
  readonly operationBindings?: Json;
  readonly extensions?: Json;
}

const HOST = {
  host: '{host}',
  variables: { host: { default: 'localhost:8080', description: 'A gateway, or a proxy of it.' } },
};
const SERVERS = {
  ws: { ...HOST, protocol: 'ws', description: 'The server itself.' },
  wss: { ...HOST, protocol: 'wss', description: 'A proxy that has the certificate.' },
  http: { ...HOST, protocol: 'http', description: 'The server itself.' },
  https: { ...HOST, protocol: 'https', description: 'A proxy that has the certificate.' },
} as const;

const ANSWERS: Readonly<Record<ClientMessageType, readonly ServerFrameName[]>> = {
  subscribe: ['subscribed', 'error'],
  unsubscribe: ['unsubscribed', 'error'],
  resume: ['resumed', 'error'],
  authenticate: ['authenticated', 'error'],
  ping: ['pong', 'error'],
};

const LIVE = {
  protocols: ['ws', 'wss'],
  bindings: {
    ws: {
      method: 'GET',
      query: {
        type: 'object',
        properties: {
          access_token: { type: 'string', description: 'For tools that can set no header.' },
        },
      },
      headers: {
        type: 'object',
        properties: {
          Authorization: { type: 'string', description: 'Bearer, and the access token.' },
          'Sec-WebSocket-Protocol': {
            type: 'string',
            description: `For browsers: ${STREAM_PROTOCOL}, ${TOKEN_PROTOCOL}TOKEN.`,
          },
        },
      },
      bindingVersion: '0.1.0',
    },
  },
  extensions: { 'x-close-codes': Object.values(CLOSE_CODES) },
} as const;

const CHANNELS: Readonly<Record<string, Channel>> = {
  userStream: {
    ...LIVE,
    address: '/v1/notifications',
    summary: "The live stream of a user: notifications, and drops of the user's choice.",
    security: [TOKEN],
    sends: SERVER_FRAMES,
    receives: ANSWERS,
  },
  dropStream: {
    ...LIVE,
    address: '/v1/drops/{id}/live',
    summary: 'The live stream of one drop, for anybody.',
    security: [],
    sends: pick(SERVER_FRAMES, ['drop', 'pong', 'error']),
    receives: { ping: ANSWERS.ping },
  },
  changes: {
    address: '/v1/changes',
    summary: 'Everything that happens, one JSON object a line (application/x-ndjson).',
    protocols: ['http', 'https'],
    security: [TOKEN, API_KEY],
    sends: STREAM_LINES,
    receives: {},
    bindings: {},
    operationBindings: { http: { method: 'GET', query: StreamQuery, bindingVersion: '0.3.0' } },
  },
};

/** `isServed` says whether this server has a route of the address. */
export function asyncApiDocument(version: string, isServed: (address: string) => boolean): Json {
  const schemas: Json = {};
  const messages: Json = {};
  const channels: Json = {};
  const operations: Json = {};
  for (const [name, channel] of Object.entries(CHANNELS)) {
    if (!isServed(channel.address)) continue;
    const received = pick<Messages>(CLIENT_MESSAGES, Object.keys(channel.receives));
    for (const [message, schema] of Object.entries({ ...channel.sends, ...received })) {
      messages[message] ??= { name: message, payload: refer(schema, schemas) };
    }
    channels[name] = channelOf(channel);
    Object.assign(operations, operationsOf(name, channel));
  }
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'LiveDrops',
      version,
      description:
        'What LiveDrops sends by itself. Times are RFC 3339 in UTC, or where they are integers ' +
        'milliseconds since the Unix epoch. The rest of the API is in /openapi.json.',
      license: { name: 'All rights reserved' },
    },
    defaultContentType: JSON_MEDIA_TYPE,
    servers: SERVERS,
    channels,
    operations,
    components: {
      schemas,
      messages,
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
        apiKey: { type: 'http', scheme: 'bearer', description: 'A key with the scope needed.' },
      },
    },
  };
}

function channelOf(channel: Channel): Json {
  const { address, summary, protocols, sends, receives, bindings, extensions = {} } = channel;
  const names = [...Object.keys(sends), ...Object.keys(receives)];
  const parameters = [...address.matchAll(NAME_IN_PATH)].map(([, name]) => [
    name,
    { description: 'The id of the drop.' },
  ]);
  return {
    address,
    summary,
    servers: protocols.map((protocol) => ({ $ref: `#/servers/${protocol}` })),
    parameters: Object.fromEntries(parameters) as Json,
    messages: Object.fromEntries(
      names.map((name) => [name, { $ref: `#/components/messages/${name}` }]),
    ),
    bindings,
    ...extensions,
  };
}

function operationsOf(name: string, channel: Channel): Json {
  const { summary, security, sends, receives, operationBindings } = channel;
  const place = { $ref: `#/channels/${name}` };
  const messagesOf = (names: readonly string[]) =>
    names.map((message) => ({ $ref: `#/channels/${name}/messages/${message}` }));
  const secured = security.length === 0 ? {} : { security };
  const operations: Json = {
    [`${name}.send`]: {
      action: 'send',
      channel: place,
      summary,
      ...secured,
      messages: messagesOf(Object.keys(sends)),
      ...(operationBindings !== undefined && { bindings: operationBindings }),
    },
  };
  for (const [message, answers] of Object.entries(receives)) {
    operations[`${name}.${message}`] = {
      action: 'receive',
      channel: place,
      ...secured,
      messages: messagesOf([message]),
      reply: { channel: place, messages: messagesOf(answers) },
    };
  }
  return operations;
}

function pick<M extends Messages>(all: M, names: readonly (keyof M & string)[]): Messages {
  return Object.fromEntries(names.map((name) => [name, all[name]!]));
}
