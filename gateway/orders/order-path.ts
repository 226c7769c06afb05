// POST /v1/drops/{id}/orders, the hot path. Each order is one object, which is also the sink of its
// reply. It reads the request at once, checks it, sends the command to the router, and builds the
// reply by hand. There is no promise, no log line, and no store or user lookup. The head of a
// reply, status line and headers together, is written in one native call, because each call into
// the server costs about as much as building the text. Every value in the head is checked or made
// here, so none can contain a line break.

import { Buffer } from 'node:buffer';
import { STATUS_CODES } from 'node:http';
import type { Clock } from '../../actors/clock.ts';
import { DROP_ID } from '../../contracts/patterns.ts';
import type { CommandRouter, CommandSink } from '../../actors/command-router.ts';
import type { CommandReply } from '../../contracts/commands.ts';
import type { PlacedOrder } from '../../contracts/orders.ts';
import type { RefusalCode } from '../../contracts/refusals.ts';
import type { RestrictionSet } from '../../events/restriction-set.ts';
import type { FeatureLevels } from '../../storage/ports/feature-level.ts';
import type { Authenticator } from '../http/auth.ts';
import type { DropViews, OwnRefusal, WatchedDrop } from '../drop-views.ts';
import { DRAIN_BYTES_MAX } from '../http/exchange.ts';
import type { Flight } from '../http/flight.ts';
import { isKey, keyProblem } from '../http/idempotency-key.ts';
import type { RouteCounts } from '../http/metrics.ts';
import { type OrderContent, readOrderBody } from './order-body.ts';
import { type HeaderLines, OrderHeaders } from './order-headers.ts';
import type { PassChecks } from './pass-checks.ts';
import { orderLane, type OrderWindow } from './order-window.ts';
import { orderJson } from '../present.ts';
import {
  PROBLEM_MEDIA_TYPE,
  problem,
  type Problem,
  problemBody,
  problemHeaders,
  problemStatus,
  withServerTime,
} from '../http/problems.ts';
import type { Origins } from '../http/origins.ts';
import type { RateLimits } from '../http/rate-limits.ts';
import { SECURITY_LINES } from '../http/security-headers.ts';
import { traceHeaderLines } from '../http/trace.ts';
import { isJsonMediaType } from '../http/validation.ts';

/** An order's body has a number and some short texts. A longer body is no order. */
export const ORDER_BODY_BYTES_MAX = 16 * 1024;
/** From this feature level on every owner takes orders with metadata. */
const METADATA_LEVEL = 3;
/** From this feature level on every owner takes orders with a pass. */
const PASSES_LEVEL = 4;
const dropIdForm = new RegExp(DROP_ID);

/** The used part of the server's request. Valid only during `begin`. */
export interface OrderHead extends HeaderLines {
  getParameter(index: number): string | undefined;
  getQuery(): string | undefined;
}

/** The used part of the server's response. */
export interface OrderResponse {
  cork(write: () => void): unknown;
  writeStatus(status: string): unknown;
  end(body: string | ArrayBuffer, closeConnection: boolean): unknown;
}

export interface OrderPathOptions {
  readonly router: CommandRouter;
  readonly views: DropViews;
  readonly authenticator: Authenticator;
  readonly limits: RateLimits;
  readonly flight: Flight;
  readonly window: OrderWindow;
  readonly bans: Pick<RestrictionSet, 'isEmpty' | 'banOf'>;
  readonly counts: RouteCounts;
  /** Null: orders with a pass are refused. */
  readonly passes: PassChecks | null;
  /** The feature level of the store. */
  readonly levels: Pick<FeatureLevels, 'reached'>;
  readonly origins: Origins;
  readonly clock: Clock;
  readonly paymentProvider: string;
}

export class OrderPath {
  readonly options: OrderPathOptions;
  /** Of the request whose head is being read. */
  readonly #headers = new OrderHeaders();
  #completing: OrderRequest | null = null;
  #reply: CommandReply | null = null;
  /** One function for all orders, because the server passes no arguments to it. */
  readonly #writeReply = (): void => {
    this.#completing!.write(this.#reply!);
  };

  constructor(options: OrderPathOptions) {
    this.options = options;
  }

  /**
   * Reads the head of a request. Null when the request is already refused. `address` is read only
   * where limits are on.
   */
  begin(response: OrderResponse, head: OrderHead, address: string): OrderRequest | null {
    const { authenticator, limits, flight, window, views, bans, origins, clock } = this.options;
    const startedAt = clock.monotonic();
    const order = new OrderRequest(this, response, startedAt);
    flight.begin();
    window.arrive();
    const headers = this.#headers;
    if (flight.full || window.isFull(startedAt)) {
      headers.readTrace(head, !origins.isEmpty);
      order.requestLines = linesOf(headers, origins);
      return order.refuseOverloaded();
    }
    headers.read(head);
    order.requestLines = linesOf(headers, origins);
    const dropId = head.getParameter(0) ?? '';
    const drop = views.find(dropId);
    if (drop === undefined) {
      if (!dropIdForm.test(dropId)) return order.refuse(problem('not-found'));
      order.dropId = dropId;
    } else {
      order.drop = drop;
      order.dropId = drop.dropId;
    }
    const identity = authenticator.identify(headers.authorization, clock.now());
    if (typeof identity === 'string')
      return order.refuse(authenticator.refuse(identity, address, startedAt));
    order.userId = identity.userId;
    if (limits.enabled) {
      const limited = limits.check('orders', address, identity.userId, startedAt);
      if (limited !== null) return order.refuse(limited);
    }
    if (!bans.isEmpty) {
      const answer = bans.banOf(identity.userId, drop?.view?.creatorId ?? null);
      if (answer === 'banned') return order.refuse(problem('banned'));
      order.needsCreator = answer === 'creator-needed';
    }
    order.key = headers.key;
    if (headers.keyLines > 1) return order.refuse(keyProblem(TWO_KEYS));
    if (!isKey(order.key)) {
      return order.refuse(
        order.key === '' ? problem('idempotency-key-missing') : keyProblem(order.key),
      );
    }
    if (!isJsonMediaType(headers.contentType))
      return order.refuse(problem('unsupported-media-type', USE_JSON));
    if (head.getQuery()) {
      return order.refuse(problem('invalid-request', 'This address takes no query parameters.'));
    }
    return order;
  }

  /**
   * Writes a reply outside of the server's callbacks. It is corked, so that it is sent in one
   * system call.
   */
  complete(order: OrderRequest, response: OrderResponse, reply: CommandReply): void {
    this.#completing = order;
    this.#reply = reply;
    response.cork(this.#writeReply);
  }
}

function linesOf({ traceparent, requestId, origin }: OrderHeaders, origins: Origins): string {
  const trace = traceHeaderLines(traceparent, requestId);
  // No reply of an order is cached, so only pages need to be told.
  return origin === '' ? trace : trace + origins.linesFor(origin);
}

const TWO_KEYS = ', ';
const USE_JSON = 'Use content-type: application/json.';

export class OrderRequest implements CommandSink {
  dropId = '';
  userId = '';
  key = '';
  /** The reply's header lines that depend on the request's: its trace, and what its origin may. */
  requestLines = '';
  drop: WatchedDrop | null = null;
  /** A creator has banned the user, and it is not known whose drop it is. */
  needsCreator = false;
  readonly #path: OrderPath;
  /** On the monotonic clock, like all times here. */
  readonly #startedAt: number;
  /** When the order was sent to the router; 0 before. */
  #submittedAt = 0;
  /** Its lane in the window. */
  #lane = 0;
  /** Null once the request is answered or aborted: the server's object must not be used then. */
  #response: OrderResponse | null;
  #chunks: Uint8Array[] | null = null;
  #chunkBytes = 0;

  constructor(path: OrderPath, response: OrderResponse, startedAt: number) {
    this.#path = path;
    this.#response = response;
    this.#startedAt = startedAt;
  }

  /** The client is gone. The order may still be placed: a request with the same key shows it. */
  aborted(): void {
    if (this.#response === null) return;
    this.#response = null;
    const { flight, window } = this.#path.options;
    flight.end();
    if (this.#submittedAt !== 0) window.abandon(this.#lane);
  }

  /** A chunk of the body. Its bytes are valid only during the call. */
  received(chunk: ArrayBuffer, isLast: boolean): void {
    if (this.#response === null) return;
    if (isLast && this.#chunks === null) this.#place(new Uint8Array(chunk));
    else this.#collect(chunk, isLast);
  }

  /** Joins a body of several chunks. Most bodies have one. */
  #collect(chunk: ArrayBuffer, isLast: boolean): void {
    this.#chunks ??= [];
    this.#chunkBytes += chunk.byteLength;
    if (this.#chunkBytes <= ORDER_BODY_BYTES_MAX) {
      this.#chunks.push(new Uint8Array(chunk.slice(0)));
      if (isLast) this.#place(Buffer.concat(this.#chunks));
      return;
    }
    this.#chunks.length = 0;
    if (isLast) this.refuse(problem('payload-too-large'));
    else if (this.#chunkBytes > DRAIN_BYTES_MAX) this.refuse(problem('payload-too-large'), true);
  }

  #place(bytes: Uint8Array): void {
    if (bytes.length > ORDER_BODY_BYTES_MAX) {
      this.refuse(problem('payload-too-large'));
      return;
    }
    const content = readOrderBody(bytes);
    if (typeof content !== 'number' && !content.ok) {
      this.refuse(content);
      return;
    }
    if (this.needsCreator) void this.#placeUnlessBanned(content);
    else this.#submit(content);
  }

  /** Never rejects. Only for users whom a creator has banned, so it may cost what it costs. */
  async #placeUnlessBanned(content: number | OrderContent): Promise<void> {
    const { views, router, bans } = this.#path.options;
    let view = views.fresh(this.dropId);
    if (view === null) {
      const found = await router.send({ type: 'get-drop', dropId: this.dropId });
      if (!found.ok) {
        this.complete(found);
        return;
      }
      view = found.value;
      views.accept(view);
    }
    if (bans.banOf(this.userId, view.creatorId) === 'banned')
      this.complete({ ok: false, code: 'banned' });
    else this.#response?.cork(() => this.#submit(content));
  }

  #submit(content: number | OrderContent): void {
    const { drop, dropId, userId, key } = this;
    const { views, router, window, clock } = this.#path.options;
    const refusal = drop === null ? null : views.refusalFor(drop, userId, key, this.#startedAt);
    if (refusal !== null) {
      this.#send(409, PROBLEM_HEAD_409 + this.requestLines, refusalBody(drop!, refusal));
      return;
    }
    const hasPass = typeof content !== 'number' && content.pass !== null;
    if (drop !== null && !hasPass && views.asksForPass(drop, this.#startedAt)) {
      const body = refusalBody(drop, 'pass-required');
      this.#send(403, PROBLEM_HEAD_403 + this.requestLines, body);
      return;
    }
    const now = clock.monotonic();
    this.#lane = drop === null ? orderLane(dropId) : drop.orderLane;
    if (!window.enter(this.#lane, now)) {
      this.refuseOverloaded();
      return;
    }
    this.#submittedAt = now;
    const type = 'place-order';
    if (typeof content === 'number')
      router.submit({ type, dropId, userId, key, quantity: content }, this);
    else this.#placeWithTexts(content);
  }

  /** An owner of a lower feature level would lose the texts. */
  #placeWithTexts({ quantity, metadata, pass: text }: OrderContent): void {
    const { dropId, userId, key } = this;
    const { router, levels, passes } = this.#path.options;
    const level = text === null ? METADATA_LEVEL : PASSES_LEVEL;
    if (levels.reached() < level || (text !== null && passes === null)) {
      this.refuse(problem('unavailable'));
      return;
    }
    const pass = text === null ? null : passes!.check(text, dropId, userId);
    if (text !== null && pass === null) {
      this.refuse(problem('pass-invalid'));
      return;
    }
    const order = {
      type: 'place-order',
      dropId,
      userId,
      key,
      quantity,
      ...(metadata !== null && { metadata }),
      ...(pass !== null && { pass }),
    } as const;
    router.submit(order, this);
  }

  complete(reply: CommandReply): void {
    if (this.#response !== null) this.#path.complete(this, this.#response, reply);
  }

  write(reply: CommandReply): void {
    if (!reply.ok) {
      if (this.drop === null && isOwnRefusal(reply.code))
        this.#path.options.views.watch(this.dropId);
      this.refuse(withServerTime(reply, this.#path.options.clock.now()));
      return;
    }
    const { order, replayed } = reply.value as PlacedOrder;
    const { views, paymentProvider } = this.#path.options;
    const drop = this.drop ?? views.watch(this.dropId);
    if (order.version > drop.versionShown) drop.versionShown = order.version;
    const head = replayed ? REPLAYED_HEAD : CREATED_HEAD;
    this.#send(
      201,
      `${head}${order.id}\r\n${this.requestLines}`,
      orderJson(order, paymentProvider),
    );
  }

  /** Replies with a problem. Must be called from a callback of the server, or corked. */
  refuse(refused: Problem, close = false): null {
    const body = problemBody(refused);
    this.#send(problemStatus(refused), problemHead(refused) + this.requestLines, body, close);
    return null;
  }

  /** The most frequent reply at the time when its cost matters most. */
  refuseOverloaded(): null {
    this.#send(503, OVERLOADED_HEAD + this.requestLines, OVERLOADED_BODY);
    return null;
  }

  #send(status: number, head: string, body: string | ArrayBuffer, close = false): void {
    const response = this.#response;
    if (response === null) return;
    this.#response = null;
    const { flight, window, counts, clock } = this.#path.options;
    const endedAt = clock.monotonic();
    response.writeStatus(head);
    response.end(body, close || flight.draining);
    flight.end();
    if (this.#submittedAt !== 0) window.leave(this.#lane, endedAt - this.#submittedAt, endedAt);
    counts.record(status, endedAt - this.#startedAt);
  }
}

/** Header lines of every reply. */
const COMMON_LINES = `${SECURITY_LINES}\r\ncache-control: no-store\r\n`;
const PLACED_LINES = `content-type: application/json\r\n${COMMON_LINES}location: /v1/orders/`;
const CREATED_HEAD = `201 Created\r\n${PLACED_LINES}`;
const REPLAYED_HEAD = `201 Created\r\nidempotency-replayed: true\r\n${PLACED_LINES}`;
const PROBLEM_LINES = `content-type: ${PROBLEM_MEDIA_TYPE}\r\n${COMMON_LINES}`;
/** Status line and headers, before the trace headers. */
function problemHead(refused: Problem): string {
  const status = problemStatus(refused);
  let head = `${status} ${STATUS_CODES[status]}\r\n${PROBLEM_LINES}`;
  for (const [name, value] of problemHeaders(refused)) head += `${name}: ${value}\r\n`;
  return head;
}

/**
 * Text that many requests share is passed to the server as bytes: the server sends bytes as they
 * are, and encodes a string into UTF-8 each time.
 */
function bytesOf(text: string): ArrayBuffer {
  return new TextEncoder().encode(text).buffer;
}

const OVERLOADED_HEAD = problemHead(problem('overloaded'));
const OVERLOADED_BODY = bytesOf(problemBody(problem('overloaded')));
const PROBLEM_HEAD_403 = `403 Forbidden\r\n${PROBLEM_LINES}`;
const PROBLEM_HEAD_409 = `409 Conflict\r\n${PROBLEM_LINES}`;

/** The gateway may give it by itself the next time, once it watches the drop. */
function isOwnRefusal(code: RefusalCode): boolean {
  return code === 'sold-out' || code === 'drop-paused' || code === 'pass-required';
}

/** All clients get the same text at one version, so it is built once. */
function refusalBody(drop: WatchedDrop, code: OwnRefusal): ArrayBuffer {
  const version = drop.view!.version;
  if (drop.refusalVersion !== version) {
    drop.refusalBody = bytesOf(problemBody({ ok: false, code, version }));
    drop.refusalVersion = version;
  }
  return drop.refusalBody;
}
