// Bad input over HTTP against the whole server: every route and every field, malformed in many
// ways. Always a problem with a 4xx status, never a fault, and nothing changed: neither what can be
// read, nor the journal.

import { CREATOR_SCOPES } from './creator-scopes.ts';
import { operationsOf, WRONG_BODIES } from '../gateway/bad-requests.ts';
import { exchangeRaw } from '../gateway/fixture.ts';
import { resolve, type Schema, type Schemas, wrongObjects } from './malformed.ts';
import { onEachProfile } from './profiles.ts';
import { type Answer, dropTerms, type Json } from './sale-client.ts';
import type { SaleServer } from './sale-server.ts';
import { startSearchServer } from './search-server.ts';
import { BUYER, CREATOR, SmallSale } from './small-sale.ts';

interface Operation {
  readonly requestBody?: { required: boolean; content: Record<string, { schema: Schema }> };
}

/** A right body for each route that takes one, by the name of its schema. */
function rightBody(name: string): Json {
  const email = 'new@example.com';
  const password = 'long enough';
  const bodies: Readonly<Record<string, Json>> = {
    Register: { email, password, name: 'New' },
    LogIn: { email, password, code: '123456' },
    Refresh: { refreshToken: 'x' },
    ForgottenPassword: { email },
    NewPassword: { token: 'x', newPassword: password },
    ConfirmEmail: { token: 'x' },
    AccountDeletion: { password },
    EmailChange: { email, password },
    PasswordChange: { currentPassword: password, newPassword: password },
    NewSampleShop: {},
    NewApiKey: { name: 'Desk', scopes: ['orders:read'], endsAt: dropTerms()['endsAt'] },
    TokenExchange: {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: 'customer-17',
      subject_token_type: 'urn:livedrops:params:oauth:token-type:shop-user',
    },
    NewContact: {
      email: 'ann@example.org',
      language: 'de',
      pushSubscriptions: [
        { endpoint: 'https://push.example.org/x', keys: { p256dh: 'BA', auth: 'Zz' } },
      ],
    },
    NewPushSubscription: {
      endpoint: 'https://push.example.org/x',
      expirationTime: null,
      keys: { p256dh: 'BA', auth: 'Zz' },
      keyId: 'k_1',
    },
    PreferencesPatch: {
      push: { lowStock: false },
      mail: { orders: false },
      mutedCreators: ['ann'],
      spreadSeconds: 5,
    },
    NewProduct: { name: 'Lamp', description: 'x', imageUrls: ['http://example.com/'] },
    ProductPatch: { name: 'Lamp' },
    ProfilePatch: { avatarMediaId: 'm_1' },
    NewDrop: {
      ...dropTerms(),
      holdSeconds: 60,
      payment: 'instant',
      access: 'pass',
      earlyAccessSeconds: 60,
    },
    DropPatch: { addStock: 1, access: 'public' },
    DevelopmentPayment: { outcome: 'success' },
    NewOrder: { quantity: 1, pass: '0A7KQ-F2M9X-R4TD8-WPN3V-HB6YC' },
    RefundDetails: { reason: 'Broken.' },
    OrderDetails: { name: 'Ada', lines: ['Way 1'], country: 'DE' },
    NewRefunds: { orderIds: ['x'], restock: true, reason: 'Broken.' },
    NewExport: { format: 'ndjson' },
    NewPasses: { userIds: ['ann'], units: 2, singleUse: true, from: '2027-01-01T00:00:00Z' },
    NewPassList: { followersSince: '2026-01-01T00:00:00Z', format: 'csv', units: 1 },
    PauseDetails: { extendHolds: true, reason: 'A moment.' },
    ReadAll: { upTo: '1' },
    Change: { dryRun: true },
    PinChange: { to: 'node-1', dryRun: true },
    RebalanceChange: { movesMax: 1, dryRun: true },
    RebuildChange: { shards: [0], dryRun: true },
    SellerChange: { standing: 'suspended', reason: 'Fakes.', pauseDrops: true },
    NewTakeDown: { reason: 'Fakes.', cancelDrops: true },
    NewBan: { reason: 'Bots.', until: dropTerms()['endsAt'], refundOrders: true, restock: false },
    NewOperator: { email, role: 'auditor' },
    NewOrganisation: { name: 'Lamps & Co' },
    NewInvitation: { email, role: 'manager' },
    RoleChange: { role: 'support' },
    InvitationAnswer: { token: 'x' },
    NewWebhook: {
      url: 'https://shop.example.com/hooks',
      events: ['order.confirmed'],
      description: 'Desk',
      ordering: 'drop',
      ratePerSecond: 5,
      creatorId: 'ann',
    },
    WebhookChange: { events: ['order.confirmed'], enabled: false },
    WebhookRotation: { overlapSeconds: 60 },
    CacheEviction: { creatorId: 'ann' },
    PushKeyRotation: { after: 'k_1' },
    LedgerCheck: { leaves: 3, erased: 0, removed: 0, findings: [] },
    LedgerKeyRotation: { after: 'k_1' },
    NewRun: { kind: 'rebuild', shards: [0], dryRun: true },
    Dismissal: { reason: 'Paid back by hand.', dryRun: true },
  };
  const body = bodies[name];
  if (body === undefined) throw new Error(`no right body of ${name}`);
  return body;
}

/**
 * Takes fields that it does not know, as GraphQL over HTTP says: only its whole bodies are wrong.
 */
const GRAPHQL = '/v1/graphql';
/** They take bodies of any form: signed ones, and those of mail programs. */
const WEBHOOKS = ['/v1/payments/webhook', '/v1/payments/stripe/webhook', '/v1/mail/unsubscribe'];
const HEADERS = { 'idempotency-key': 'bad' };

const STRANGE_IDS = [
  '__proto__',
  'constructor',
  'toString',
  'x',
  '-',
  '-0',
  '0',
  '9'.repeat(80),
  'x'.repeat(81),
  '%00',
  '%2e%2e',
  'a%2Fb',
  '%',
  '%C3%28',
  "'--",
  'd_0-zzzzzzz',
  'd_0-00',
];

const QUERIES = [
  'limit=0',
  'limit=101',
  'limit=-1',
  'limit=1e1',
  'limit=99999999999999999999',
  'limit=',
  'limit=1&limit=2',
  'limit=%',
  'cursor=',
  'cursor=x',
  'cursor=%00',
  'cursor=W10',
  'cursor=bnVsbA',
  `cursor=${'x'.repeat(513)}`,
  'unknown=1',
  '__proto__=1',
  'status=sold',
  'creator_id=%20',
  'unread=maybe',
  '%C3%28=1',
  `x=${'y'.repeat(3000)}`,
];

/**
 * The gateway refuses most of it before it calls any other node: a part shows that of two nodes.
 */
const CLUSTER_PART = 6;
const STRANGER = 'mallory';
const USERS = [CREATOR, BUYER, STRANGER];

onEachProfile((test, profile) => {
  let sale: SmallSale;
  let server: SaleServer;
  let paths: Record<string, Record<string, Operation>>;
  let schemas: Schemas;
  let codes: readonly unknown[];
  let apiKey: string;
  let tokens: Readonly<Record<string, string>>;
  let keysOnly: ReadonlySet<string>;

  test.before(async () => {
    sale = await SmallSale.open(profile, startSearchServer);
    server = sale.server;
    const { json } = await server.get('/openapi.json');
    paths = json['paths'] as typeof paths;
    schemas = (json['components'] as { schemas: Schemas }).schemas;
    const newKey = { name: 'Desk', scopes: CREATOR_SCOPES };
    const made = await server.post('/v1/account/api-keys', { as: CREATOR, body: newKey });
    apiKey = String(made.json['key']);
    tokens = Object.fromEntries(USERS.map((user) => [user, server.token(user)]));
    keysOnly = new Set(
      operationsOf({ paths }).flatMap((one) => (one.keysOnly ? [`${one.method} ${one.path}`] : [])),
    );
    codes = schemas['Problem']!.properties!['code']!.enum!;
  });
  test.after.always(() => server?.stop());

  /** What this profile is sent of them. */
  const part = <T>(all: readonly T[]): readonly T[] =>
    profile === 'cluster' ? all.filter((_, i) => i % CLUSTER_PART === 0) : all;

  /** What opens the operation: the user's access token, or an API key where it takes only one. */
  function opening(method: string, path: string, user: string): string {
    const isKeysOnly = keysOnly.has(`${method.toUpperCase()} ${path}`);
    return isKeysOnly ? apiKey : tokens[user]!;
  }

  /** The path with the one id of it that would work. */
  function filled(path: string): string {
    let id = sale.dropId;
    if (path.startsWith('/v1/creators/')) id = CREATOR;
    if (path.startsWith('/v1/orders/')) id = sale.orderId;
    return path.replace('{id}', id).replaceAll(/\{\w+\}/g, 'abc_1');
  }

  function isProblem({ status, headers, json, text }: Answer): boolean {
    return (
      status >= 400 &&
      status < 500 &&
      headers.get('content-type') === 'application/problem+json' &&
      json['status'] === status &&
      codes.includes(json['code']) &&
      !/node_modules|\.ts:|SQLITE|at async/.test(text)
    );
  }

  test.serial('H8: every field of every body, malformed in every way, is a problem', async (t) => {
    let sent = 0;
    for (const [path, methods] of Object.entries(paths)) {
      for (const [method, { requestBody }] of Object.entries(methods)) {
        if (requestBody === undefined || WEBHOOKS.includes(path)) continue;
        const { required, content } = requestBody;
        const { schema } = Object.values(content)[0]!;
        const name = schema.$ref!.split('/').at(-1)!;
        const wrong =
          path === GRAPHQL ? [] : wrongObjects(resolve(schema, schemas), rightBody(name), schemas);
        for (const body of part([...wrong, ...WRONG_BODIES.map(([text]) => text)])) {
          if (body === '' && !required) continue;
          const options = { token: opening(method, path, CREATOR), headers: HEADERS, body };
          const answer = await server.call(method.toUpperCase(), filled(path), options);
          const said = `${method} ${path} ${body.slice(0, 200)}: ${answer.status} ${answer.text}`;
          if (!isProblem(answer)) t.fail(said);
          sent += 1;
        }
      }
    }
    t.true(sent > (profile === 'cluster' ? 200 : 1_000), `${sent} were sent`);

    await sale.assertUnchanged(t);
  });

  test.serial('H8, P2: signed webhook calls that make no sense are problems', async (t) => {
    const { orderId } = sale;
    for (const [type, id, reference] of [
      ['payment.succeeded', '', 'r'],
      ['payment.succeeded', `${orderId}0`, 'r'],
      ['payment.succeeded', '__proto__', 'r'],
      ['payment.succeeded', orderId, ''],
      ['payment.failed', orderId, 'x'.repeat(256)],
      ['payment.failed', orderId, 'a b'],
      ['payment.failed', 'x'.repeat(10_000), 'r'],
    ] as const) {
      const answer = await server.webhook(type, id, { reference });
      t.true(isProblem(answer), `${type} ${id.slice(0, 50)}: ${answer.status} ${answer.text}`);
    }
    const other = await server.webhook('payment.unheard-of', orderId);
    t.is(other.status, 200, 'types of no concern are taken and ignored');
    await sale.assertUnchanged(t);
  });

  test.serial(
    'H8: broken UTF-8, other media types and large bodies are problems everywhere',
    async (t) => {
      const operations = operationsOf({ paths }).filter(
        ({ hasBody, path }) => hasBody && !WEBHOOKS.includes(path),
      );
      for (const { method, path } of operations) {
        for (const [type, body, status] of [
          ['text/plain', '{}', 415],
          ['application/json; charset=utf-16', '{}', 415],
          ['multipart/form-data; boundary=x', '--x--', 415],
          ['application/json', ' '.repeat(70_000), 413],
        ] as const) {
          const headers = { ...HEADERS, 'content-type': type };
          const token = opening(method, path, CREATOR);
          const answer = await server.call(method, filled(path), { token, headers, body });
          t.is(answer.status, status, `${method} ${path} ${type}`);
          t.true(isProblem(answer));
        }
        const bytes = Buffer.from('{"name":"\xc3\x28","quantity":"\xff"}', 'latin1');
        const head = [
          `${method} ${filled(path)} HTTP/1.1`,
          'host: test',
          `authorization: Bearer ${opening(method, path, CREATOR)}`,
          'idempotency-key: bad',
          'content-type: application/json',
          `content-length: ${bytes.length}`,
        ].join('\r\n');
        const reply = await exchangeRaw(server.nextPort(), [`${head}\r\n\r\n`, bytes]);
        t.true([400, 422].includes(reply.status), `${method} ${path}: ${reply.status}`);
      }
      await sale.assertUnchanged(t);
    },
  );

  test.serial('H8: strange ids are answered without a fault on every route', async (t) => {
    for (const { method, path, hasBody } of operationsOf({ paths })) {
      if (!path.includes('{id}')) continue;
      for (const id of part(STRANGE_IDS)) {
        const body = hasBody ? rightBodyOf(path, method) : undefined;
        const token = opening(method, path, STRANGER);
        const options = { token, headers: HEADERS, ...(body && { body }) };
        const { status, text } = await server.call(
          method,
          filled(path.replace('{id}', id)),
          options,
        );
        // Reading the list of nobody's followers, or unfollowing nobody, is no error.
        t.true(status < 500, `${method} ${path} ${id}: ${status} ${text}`);
      }
    }
    await sale.assertUnchanged(t);
  });

  function rightBodyOf(path: string, method: string): Json {
    const { schema } = Object.values(paths[path]![method.toLowerCase()]!.requestBody!.content)[0]!;
    return rightBody(schema.$ref!.split('/').at(-1)!);
  }

  test.serial('H3, H8: strange queries are problems on every list', async (t) => {
    const lists = operationsOf({ paths }).filter(({ hasQuery }) => hasQuery);
    t.true(lists.length >= 7);
    for (const { method, path } of lists) {
      for (const query of part(QUERIES)) {
        const answer = await server.call(method, `${filled(path)}?${query}`, {
          token: opening(method, path, BUYER),
        });
        t.true(isProblem(answer), `${method} ${path}?${query}: ${answer.status} ${answer.text}`);
      }
    }
  });

  test.serial('H8: after all of this the journal holds what it held before', async (t) => {
    await sale.assertJournalUnchanged(t);
  });
});
