// A gateway on a free port of this machine, with fakes behind it: a router whose replies the test
// sets, and services that reply from a table. Also a small HTTP client on a raw socket, because
// tests send requests that no client library would.

import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import type { ExecutionContext } from 'ava';
import pino from 'pino';
import { Registry } from 'prom-client';
import { systemClock } from '../../actors/clock.ts';
import { InProcessLiveBus } from '../../actors/live-bus.ts';
import type { CommandRouter, CommandSink } from '../../actors/command-router.ts';
import type { CommandReply, DropCommand, ReplyTo } from '../../contracts/commands.ts';
import type { DropView } from '../../contracts/drops.ts';
import type { OrderView } from '../../contracts/orders.ts';
import { DropOrders } from '../../app/drop-orders.ts';
import { DraftUseCases } from '../../app/drafts.ts';
import { Drops } from '../../app/drops.ts';
import { Orders } from '../../app/orders.ts';
import { Products } from '../../app/products.ts';
import { refusal, success } from '../../domain/refusal.ts';
import { KeptDrops } from '../../events/replay/kept-drop.ts';
import { FEATURE_LEVEL, ReachedLevel } from '../../storage/ports/feature-level.ts';
import { memoryStores } from '../../storage/memory/stores.ts';
import { createGateway, type Gateway, type GatewayOptions } from '../../gateway/gateway.ts';
import type { TokenIdentity, TokenRefusal } from '../../contracts/accounts.ts';
import type { ActionName, CallAction } from '../../contracts/actions.ts';
import type {
  LiveConnection,
  LiveHandler,
  LivePeer,
  LiveSocket,
  PublishFrame,
} from '../../gateway/http/socket.ts';

export const NOW = Date.parse('2026-03-01T12:00:00.000Z');

export const drop: DropView = {
  id: 'drp_1',
  productId: 'prd_1',
  creatorId: 'creator',
  status: 'live',
  soldOut: false,
  startsAt: NOW - 1000,
  endsAt: NOW + 3_600_000,
  unitAmount: 1500,
  currency: 'EUR',
  limitPerUser: 2,
  holdSeconds: 600,
  payment: 'instant',
  stocked: 10,
  held: 0,
  sold: 1,
  free: 9,
  version: 3,
  createdAt: NOW - 5000,
};

export const order: OrderView = {
  id: 'drp_1-0',
  dropId: 'drp_1',
  userId: 'buyer',
  quantity: 1,
  status: 'confirmed',
  totalAmount: 1500,
  currency: 'EUR',
  createdAt: NOW,
  holdExpiresAt: null,
  paymentReference: null,
  refundRequested: false,
  version: 3,
};

/**
 * Replies in the next turn of the event loop: the real router never replies from inside `submit`.
 */
export class FakeRouter implements CommandRouter {
  readonly commands: DropCommand[] = [];
  answer: (command: DropCommand) => CommandReply = () => refusal('not-found');
  /** While set, replies wait for `release`. */
  holding = false;
  #held: (() => void)[] = [];

  submit(command: DropCommand, sink: CommandSink): void {
    this.commands.push(command);
    const reply = (): void => sink.complete(this.answer(command));
    if (this.holding) this.#held.push(reply);
    else setImmediate(reply);
  }

  send<C extends DropCommand>(command: C): Promise<ReplyTo<C>> {
    return new Promise((resolve) => {
      this.submit(command, { complete: (reply) => resolve(reply as ReplyTo<C>) });
    });
  }

  release(): void {
    const held = this.#held;
    this.#held = [];
    this.holding = false;
    for (const reply of held) reply();
  }

  ofType(type: DropCommand['type']): DropCommand[] {
    return this.commands.filter((command) => command.type === type);
  }
}

export interface ServiceCall {
  readonly action: ActionName;
  readonly params: Record<string, unknown>;
  readonly traceparent: string | undefined;
}

export class FakeLive implements LiveHandler {
  readonly events: unknown[][] = [];
  readonly sockets: LiveSocket[] = [];
  publish: PublishFrame = () => undefined;
  onEvent: () => void = () => undefined;

  opened(socket: LiveSocket, peer: LivePeer): LiveConnection {
    this.sockets.push(socket);
    this.#record('opened', peer.identity?.userId ?? null, peer.dropId);
    return {
      received: (text) => {
        if (text === 'throw') throw new Error('a defect in the live stream');
        this.#record('received', text);
      },
      missedFrame: () => this.#record('missedFrame'),
      drained: () => this.#record('drained'),
      closed: () => this.#record('closed'),
    };
  }

  adopt(): LiveConnection {
    throw new Error('there is no hub here');
  }

  stop(): void {
    for (const socket of this.sockets) socket.end(1012, 'restarting');
    this.#record('stopped');
  }

  #record(...event: unknown[]): void {
    this.events.push(event);
    this.onEvent();
  }

  /** Waits until an event of this name was recorded. */
  async waitFor(name: string): Promise<void> {
    await new Promise<void>((resolve) => {
      this.onEvent = () => {
        if (this.events.some(([said]) => said === name)) resolve();
      };
      this.onEvent();
    });
  }
}

export interface Fixture {
  readonly gateway: Gateway;
  readonly port: number;
  readonly router: FakeRouter;
  readonly bus: InProcessLiveBus;
  readonly live: FakeLive;
  /** Without those for memberships. */
  readonly calls: ServiceCall[];
  /** Whose memberships were asked for; none unless `actions` has some. */
  readonly membersAsked: string[];
  /**
   * Replies of actions, instead of their use cases or of `not-found`. One that throws is a fault.
   */
  readonly actions: Partial<Record<ActionName, (params: never) => unknown>>;
  /** Lines of the log, parsed. */
  readonly logged: Record<string, unknown>[];
  time: number;
  /** The offset of the wall clock; negative: set back. */
  wallShiftMs: number;
  readiness: { ready: boolean; reasons: string[] };
  request(method: string, path: string, options?: RequestOptions): Promise<Response>;
}

export interface RequestOptions {
  /** The name of the user who is logged in. */
  readonly as?: string;
  readonly headers?: Record<string, string>;
  /** Sent as JSON unless it is a string. */
  readonly body?: unknown;
}

/** Tokens of this test are `user` or `user+role`. */
export function fakeVerifyToken(token: string): TokenIdentity | TokenRefusal {
  const match = /^valid\.([a-z0-9_]+)(?:\+([a-z]+))?$/.exec(token);
  if (match === null) return 'invalid';
  const roles = match[2] === undefined ? [] : [match[2]];
  return { userId: match[1]!, roles, expiresAt: NOW / 1000 + 900 };
}

/** The real use cases over stores in memory. `creator` has the product `prd_1`. */
function startUseCases(router: CommandRouter, now: () => number): Fixture['actions'] {
  const stores = memoryStores();
  const levels = new ReachedLevel(FEATURE_LEVEL);
  const random = (count: number) => randomBytes(count);
  const options = { ...stores, router, levels, now, random };
  const keptDrops = new KeptDrops({ ...stores, shardCount: 8 });
  const dropOrders = new DropOrders({ ...options, keptDrops });
  const [products, drops, orders] = [
    new Products(options),
    new Drops({ ...options, clock: { ...systemClock, now } }),
    new Orders(options),
  ];
  const drafts = new DraftUseCases({ ...options, clock: { ...systemClock, now } });
  const added = stores.catalogue.addProduct({
    id: 'prd_1',
    creatorId: 'creator',
    name: 'Shoe',
    description: '',
    imageUrls: [],
    createdAt: NOW,
    revision: 1,
  });
  return {
    'products.add': (params) => products.add(params),
    'drops.create': async (params) => {
      await added;
      return await drops.create(params);
    },
    'drafts.add': async (params) => {
      await added;
      return await drafts.add(params);
    },
    'drafts.get': (params) => drafts.get(params),
    'drafts.list': (params) => drafts.list(params),
    'drafts.announce': (params) => drafts.announce(params),
    'drafts.remove': (params) => drafts.remove(params),
    'drops.amend': (params) => drops.amend(params),
    'drops.cancel': (params) => drops.cancel(params),
    'orders.ofDrop': (params) => dropOrders.list(params),
    'orders.get': (params) => orders.get(params),
    'orders.payments': (params) => orders.payments(params),
    'orders.cancel': (params) => orders.cancel(params),
    'orders.refund': (params) => orders.refund(params),
  };
}

/** Stops by itself at the end of the test. */
export async function startFixture(
  t: ExecutionContext,
  options: Partial<GatewayOptions> = {},
): Promise<Fixture> {
  const router = new FakeRouter();
  const bus = new InProcessLiveBus();
  const live = new FakeLive();
  const calls: ServiceCall[] = [];
  const membersAsked: string[] = [];
  const actions: Fixture['actions'] = {};
  const logged: Record<string, unknown>[] = [];
  const useCases = startUseCases(router, () => fixture.time);
  const call = (async (action: ActionName, params: object, traceparent?: string) => {
    if (action === 'organisations.memberships') {
      const { userId } = params as { userId: string };
      membersAsked.push(userId);
      return (await actions[action]?.(params as never)) ?? success([]);
    }
    calls.push({ action, params: params as Record<string, unknown>, traceparent });
    const answer = actions[action] ?? useCases[action];
    return answer === undefined ? refusal('not-found') : await answer(params as never);
  }) as CallAction;
  const log = pino(
    { level: 'debug' },
    { write: (line: string) => void logged.push(JSON.parse(line) as Record<string, unknown>) },
  );
  const gateway = createGateway({
    host: '127.0.0.1',
    port: 0,
    router,
    call,
    levels: new ReachedLevel(FEATURE_LEVEL),
    bus,
    verifyToken: fakeVerifyToken,
    stream: null,
    exports: null,
    live: (publish) => {
      live.publish = publish;
      return live;
    },
    rateLimits: false,
    clock: {
      now: () => fixture.time + fixture.wallShiftMs,
      monotonic: () => fixture.time,
      after: (delayMs, then) => systemClock.after(delayMs, then),
    },
    readiness: () => fixture.readiness,
    metrics: new Registry(),
    log,
    ...options,
  });
  const port = await gateway.start();
  t.teardown(() => gateway.stop());
  const fixture: Fixture = {
    gateway,
    port,
    router,
    bus,
    live,
    calls,
    membersAsked,
    actions,
    logged,
    time: NOW,
    wallShiftMs: 0,
    readiness: { ready: true, reasons: [] },
    request: (method, path, request) => requestOnce(port, method, path, request),
  };
  return fixture;
}

export interface Response {
  readonly status: number;
  readonly headers: ReadonlyMap<string, string>;
  readonly text: string;
  readonly json: Record<string, unknown>;
}

/** One request on a connection of its own. */
export async function requestOnce(
  port: number,
  method: string,
  path: string,
  { as, headers = {}, body }: RequestOptions = {},
): Promise<Response> {
  const lines = [`${method} ${path} HTTP/1.1`, 'host: 127.0.0.1'];
  if (as !== undefined) lines.push(`authorization: Bearer valid.${as}`);
  const given = new Set(Object.keys(headers).map((name) => name.toLowerCase()));
  for (const [name, value] of Object.entries(headers)) lines.push(`${name}: ${value}`);
  let text = '';
  if (body !== undefined) {
    text = typeof body === 'string' ? body : JSON.stringify(body);
    if (!given.has('content-type')) lines.push('content-type: application/json');
    lines.push(`content-length: ${Buffer.byteLength(text)}`);
  } else if (method !== 'GET' && method !== 'HEAD') {
    lines.push('content-length: 0');
  }
  return await exchangeRaw(port, [`${lines.join('\r\n')}\r\n\r\n${text}`], method === 'HEAD');
}

/** Sends each piece unchanged in a packet of its own, and reads one response. */
export async function exchangeRaw(
  port: number,
  pieces: readonly (string | Uint8Array)[],
  withoutBody = false,
): Promise<Response> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  try {
    return await new Promise<Response>((resolve, reject) => {
      let received = '';
      socket.setEncoding('latin1');
      socket.on('data', (data) => {
        received += String(data);
        const response = parseResponse(received, withoutBody);
        if (response !== null) resolve(response);
      });
      socket.on('error', reject);
      socket.on('close', () => reject(new Error(`closed after: ${received}`)));
      socket.on('connect', () => sendPieces(socket, pieces));
    });
  } finally {
    socket.destroy();
  }
}

/** Sends each piece once the one before has left and the server had a turn to read it. */
export function sendPieces(socket: Socket, pieces: readonly (string | Uint8Array)[]): void {
  const [first, ...rest] = pieces;
  if (first === undefined || socket.destroyed) return;
  socket.write(first, () => setImmediate(() => setImmediate(() => sendPieces(socket, rest))));
}

function parseResponse(received: string, withoutBody: boolean): Response | null {
  const end = received.indexOf('\r\n\r\n');
  if (end < 0) return null;
  const [statusLine = '', ...lines] = received.slice(0, end).split('\r\n');
  const headers = new Map<string, string>();
  for (const line of lines) {
    const split = line.indexOf(':');
    headers.set(line.slice(0, split).toLowerCase(), line.slice(split + 1).trim());
  }
  const length = withoutBody ? 0 : Number(headers.get('content-length') ?? 0);
  const body = received.slice(end + 4);
  if (body.length < length) return null;
  const text = Buffer.from(body.slice(0, length), 'latin1').toString('utf8');
  const isJson = headers.get('content-type')?.includes('json') === true && text !== '';
  const json = (isJson ? JSON.parse(text) : {}) as Record<string, unknown>;
  return { status: Number(statusLine.split(' ')[1]), headers, text, json };
}
