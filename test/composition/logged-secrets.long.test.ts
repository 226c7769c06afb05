// What a server logs at its most talkative level, with the access log and failing traces: nothing
// of what clients send, and no secret that it hands out. Every operation of OpenAPI is called with
// a mark in its headers, query and body, without a token, with a wrong one and with a good one.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import test from 'ava';
import { AUTH_SECRET, PAYMENT_SECRETS, SaleClient } from '../end-to-end/sale-client.ts';
import { COMPILE_CACHE, PROGRAM } from '../operator/run-command.ts';

/** In whatever a client sends and nobody is to read. */
const MARK = 'canary7d1f0a';
const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;
const BODY_BYTES_READ = 64 * 1024;
const ACCESS_LINES_MIN = 200;

interface Schema {
  readonly type?: string | readonly string[];
  readonly $ref?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly anyOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
}
interface Operation {
  readonly requestBody?: {
    readonly content: Readonly<Record<string, { readonly schema: Schema }>>;
  };
}
interface Description {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

test('L4: no log line has what clients send, or a secret that they are given', async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'livedrops-logged-'));
  const child = spawn(process.execPath, [PROGRAM, 'start'], {
    env: {
      ...COMPILE_CACHE,
      LIVEDROPS_DATA: directory,
      LIVEDROPS_PORT: '0',
      LIVEDROPS_NODE_ID: 'talkative',
      LIVEDROPS_ROLES: 'gateway,actors,services',
      LIVEDROPS_RATE_LIMITS: 'off',
      LIVEDROPS_LOG: 'debug',
      LIVEDROPS_ACCESS_LOG: '1',
      LIVEDROPS_OUTBOUND_ALLOW: '127.0.0.0/8',
      LIVEDROPS_TRACES: `http://${MARK}:${MARK}@127.0.0.1:9/v1/traces`,
      LIVEDROPS_TRACES_HEADERS: `x-key=${MARK}`,
      LIVEDROPS_TRACE_RATIO: '1',
      LIVEDROPS_TRACE_HOLD_SECONDS: '1',
      LIVEDROPS_AUTH_SECRET: AUTH_SECRET,
      LIVEDROPS_PAYMENT_SECRET: PAYMENT_SECRETS.join(' '),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  t.teardown(() => {
    child.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  });
  const logged = text(child.stderr);
  const [ready] = (await once(child.stdout, 'data')) as [Buffer];
  const url = /http:\S+/.exec(ready.toString())![0];
  const client = new SaleClient({ urls: [url] });
  const given = await secretsGiven(client);
  const described = (await (await fetch(`${url}/openapi.json`)).json()) as Description;
  const tokens = ['', `${MARK}.${MARK}.${MARK}`, client.token('ann'), operatorToken(client)];
  let calls = 0;
  for (const [path, operations] of Object.entries(described.paths))
    for (const method of METHODS) {
      const operation = operations[method];
      if (operation === undefined) continue;
      for (const token of tokens) {
        await call(url, { method, path, token, operation, described });
        calls += 1;
      }
    }
  t.true(calls > ACCESS_LINES_MIN, String(calls));
  child.kill('SIGTERM');
  const [code] = (await once(child, 'exit')) as [number | null];
  t.is(code, 0);
  const output = await logged;
  const lines = output.split('\n');
  const found = lines.filter((line) => line.includes(MARK));
  t.deepEqual(found, []);
  for (const secret of [...given, ...tokens.slice(2), AUTH_SECRET, ...PAYMENT_SECRETS])
    t.false(output.includes(secret), `${secret.slice(0, 8)}… is logged`);
  const parsed = lines.filter((line) => line.startsWith('{')).map(asJson);
  t.true(parsed.every((line) => line['node'] === 'talkative'));
  const requests = parsed.filter(({ route, bytes }) => route !== undefined && bytes !== undefined);
  t.true(requests.length >= calls, `${requests.length} lines of ${calls} requests`);
  const orders = requests.filter(({ route }) => route === '/v1/drops/{id}/orders');
  t.true(orders.length > 0);
  for (const line of orders) {
    t.regex(String(line['traceId']), /^[0-9a-f]{32}$/);
    t.regex(String(line['spanId']), /^[0-9a-f]{16}$/);
  }
});

function asJson(line: string): Record<string, unknown> {
  return JSON.parse(line) as Record<string, unknown>;
}

function operatorToken(client: SaleClient): string {
  return client.token('olga', 600, ['operator']);
}

/** Of an account, a shop's key and a webhook: what only their owners may know. */
async function secretsGiven(client: SaleClient): Promise<string[]> {
  const { id, email, session } = await client.register(`Ann ${MARK}`);
  const token = String(session['accessToken']);
  const wrong = { email, password: `${MARK} is wrong` };
  await client.post('/v1/auth/login', { body: wrong });
  const refreshToken = String(session['refreshToken']);
  const refreshed = await client.post('/v1/auth/refresh', { body: { refreshToken } });
  const webhook = { url: `http://127.0.0.1:1025/${MARK}`, events: ['order.confirmed'] };
  const hook = await client.post('/v1/webhooks', { token, body: webhook });
  const dropId = await client.drop(id);
  await client.order(dropId, 'ann', `${MARK}-key`);
  return [
    token,
    refreshToken,
    textOf(refreshed.json['refreshToken']),
    textOf(refreshed.json['accessToken']),
    textOf(hook.json['secret']),
  ];
}

function textOf(value: unknown): string {
  if (typeof value === 'string' && value.length > 16) return value;
  throw new Error('the server gave no secret');
}

async function call(
  url: string,
  about: {
    readonly method: string;
    readonly path: string;
    readonly token: string;
    readonly operation: Operation;
    readonly described: Description;
  },
): Promise<void> {
  const { method, path, token, operation, described } = about;
  const content = operation.requestBody?.content ?? {};
  const schema = content['application/json']?.schema;
  const response = await fetch(`${url}${path.replaceAll(/\{\w+\}/g, MARK)}?token=${MARK}`, {
    method: method.toUpperCase(),
    headers: {
      'content-type': 'application/json',
      cookie: `session=${MARK}`,
      'idempotency-key': MARK,
      'user-agent': MARK,
      'stripe-signature': `t=1,v1=${MARK}`,
      'webhook-id': MARK,
      'webhook-signature': `v1,${MARK}`,
      ...(token !== '' && { authorization: `Bearer ${token}` }),
    },
    ...(method !== 'get' && { body: JSON.stringify(schema && valueOf(schema, described)) }),
    signal: AbortSignal.timeout(30_000),
  });
  // Some replies do not end by themselves.
  const reader = response.body?.getReader();
  let bytes = 0;
  for (let part = await reader?.read(); part?.value !== undefined; part = await reader?.read()) {
    bytes += part.value.length;
    if (bytes > BODY_BYTES_READ || response.headers.get('content-type')?.includes('ndjson')) break;
  }
  await reader?.cancel();
}

/** A value that the schema may take, with the mark in each text. */
function valueOf(schema: Schema, described: Description, depth = 0): unknown {
  if (schema.$ref !== undefined) {
    const name = schema.$ref.split('/').at(-1)!;
    return depth > 4 ? null : valueOf(described.components.schemas[name]!, described, depth + 1);
  }
  if (schema.enum !== undefined) return schema.enum[0];
  if (schema.anyOf !== undefined) return valueOf(schema.anyOf[0]!, described, depth + 1);
  const type = Array.isArray(schema.type) ? (schema.type[0] as string) : schema.type;
  if (type === 'integer' || type === 'number') return 1;
  if (type === 'boolean') return true;
  if (type === 'array') return [];
  if (type !== 'object') return `${MARK}@example.com`;
  return Object.fromEntries(
    Object.entries(schema.properties ?? {}).map(([name, part]) => [
      name,
      valueOf(part, described, depth + 1),
    ]),
  );
}
