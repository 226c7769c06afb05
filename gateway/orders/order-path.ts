// POST /v1/drops/{id}/orders, the hot path: one object for each order, which is its own reply sink.
// It reads what it needs of the request at once, checks, hands the command to the router, and
// writes the reply by hand. There is no promise, no log line, and no store or user lookup. The head
// of a reply goes out in one native call, status line and headers together, because each call into
// the server costs about as much as building the text; every value in it is checked or made here,
// so that none can hold a line break.

import { Buffer } from 'node:buffer';
import { STATUS_CODES } from 'node:http';
import type { Clock } from '../../actors/clock.ts';
import { IDEMPOTENCY_KEY_LENGTH_MAX } from '../../contracts/bounds.ts';
import { DROP_ID } from '../../contracts/patterns.ts';
import type { CommandRouter, CommandSink } from '../../actors/command-router.ts';
import type { CommandReply } from '../../contracts/commands.ts';
import type { PlacedOrder } from '../../contracts/orders.ts';
import { type Authenticator, bearerToken } from '../http/auth.ts';
import type { DropViews, WatchedDrop } from '../drop-views.ts';
import { DRAIN_BYTES_MAX } from '../http/exchange.ts';
import type { Flight } from '../http/flight.ts';
import type { RouteCounts } from '../http/metrics.ts';
import { orderQuantity } from './order-body.ts';
import type { OrderWindow } from './order-window.ts';
import { orderJson } from '../present.ts';
import {
  PROBLEM_MEDIA_TYPE,
  problem,
  type Problem,
  problemBody,
  problemHeaders,
  problemStatus,
} from '../http/problems.ts';
import type { RateLimits } from '../http/rate-limits.ts';
import { traceHeaderLines } from '../http/trace.ts';
import { isJsonMediaType } from '../http/validation.ts';

/** An order's body has one field; more than this is no order. */
export const ORDER_BODY_BYTES_MAX = 16 * 1024;
const TRACEPARENT = bytesOf('traceparent');
const X_REQUEST_ID = bytesOf('x-request-id');
const AUTHORIZATION = bytesOf('authorization');
const IDEMPOTENCY_KEY = bytesOf('idempotency-key');
const CONTENT_TYPE = bytesOf('content-type');
const dropIdForm = new RegExp(DROP_ID);

/** What is needed of the server's request; valid only during `begin`. */
export interface OrderHead {
  getParameter(index: number): string | undefined;
  getHeader(name: ArrayBuffer): string;
  getQuery(): string | undefined;
}

/** What is needed of the server's response. */
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
  readonly counts: RouteCounts;
  readonly clock: Clock;
  readonly paymentProvider: string;
}

export class OrderPath {
  readonly options: OrderPathOptions;
  #completing: OrderRequest | null = null;
  #reply: CommandReply | null = null;
  /** One function for all orders, since the server takes no arguments for it. */
  readonly #writeReply = (): void => {
    this.#completing!.write(this.#reply!);
  };

  constructor(options: OrderPathOptions) {
    this.options = options;
  }

  /**
   * Reads the head. Null when the request is refused already. `address` is only read where limits
   * are on.
   */
  begin(response: OrderResponse, head: OrderHead, address: string): OrderRequest | null {
    const { authenticator, limits, flight, window, views, clock } = this.options;
    const startedAt = clock.monotonic();
    const order = new OrderRequest(this, response, startedAt);
    order.traceLines = traceHeaderLines(head.getHeader(TRACEPARENT), head.getHeader(X_REQUEST_ID));
    flight.takeOff();
    window.arrive();
    if (flight.full || window.full) return order.refuseOverloaded();
    const dropId = head.getParameter(0) ?? '';
    const drop = views.find(dropId);
    if (drop === undefined) {
      if (!dropIdForm.test(dropId)) return order.refuse(problem('not-found'));
      order.dropId = dropId;
    } else {
      order.drop = drop;
      order.dropId = drop.dropId;
    }
    const authorization = head.getHeader(AUTHORIZATION);
    const identity = authenticator.identify(authorization, clock.now());
    if (identity === null)
      return order.refuse(authenticator.refuse(bearerToken(authorization), address, startedAt));
    order.userId = identity.userId;
    if (limits.enabled) {
      const limited = limits.check('orders', address, identity.userId, startedAt);
      if (limited !== null) return order.refuse(limited);
    }
    order.key = head.getHeader(IDEMPOTENCY_KEY);
    if (!isKey(order.key)) return order.refuse(keyProblem(order.key));
    const contentType = head.getHeader(CONTENT_TYPE);
    if (!isJsonMediaType(contentType))
      return order.refuse(problem('unsupported-media-type', USE_JSON));
    if (head.getQuery()) {
      return order.refuse(problem('invalid-request', 'This address takes no query parameters.'));
    }
    return order;
  }

  /**
   * Writes a reply outside of the server's own callbacks: corked, so that it leaves in one system
   * call.
   */
  complete(order: OrderRequest, response: OrderResponse, reply: CommandReply): void {
    this.#completing = order;
    this.#reply = reply;
    response.cork(this.#writeReply);
  }
}

const KEY_DETAIL = `Idempotency-Key: must be 1 to ${IDEMPOTENCY_KEY_LENGTH_MAX} visible ASCII characters.`;
const USE_JSON = 'Use content-type: application/json.';

/** As `OrderHeaders` in the contract says (O1), without a regular expression. */
function isKey(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x21 || code > 0x7e) return false;
  }
  return text.length > 0 && text.length <= IDEMPOTENCY_KEY_LENGTH_MAX;
}

function keyProblem(key: string): Problem {
  if (key === '') return problem('idempotency-key-missing');
  return problem('invalid-request', KEY_DETAIL);
}

export class OrderRequest implements CommandSink {
  dropId = '';
  userId = '';
  key = '';
  traceLines = '';
  drop: WatchedDrop | null = null;
  readonly #path: OrderPath;
  /** On the monotonic clock, as all times here. */
  readonly #startedAt: number;
  /** When it was handed to the router; 0 before. */
  #submittedAt = 0;
  /** Null once answered or aborted: the server's object must not be touched any more. */
  #response: OrderResponse | null;
  #gathered: Uint8Array[] | null = null;
  #gatheredBytes = 0;

  constructor(path: OrderPath, response: OrderResponse, startedAt: number) {
    this.#path = path;
    this.#response = response;
    this.#startedAt = startedAt;
  }

  /** The client is gone. The order may still be made: its key will tell. */
  aborted(): void {
    if (this.#response === null) return;
    this.#response = null;
    const { flight, window } = this.#path.options;
    flight.land();
    if (this.#submittedAt !== 0) window.abandon();
  }

  /** A piece of the body; the bytes are valid only during the call. */
  received(chunk: ArrayBuffer, isLast: boolean): void {
    if (this.#response === null) return;
    if (isLast && this.#gathered === null) this.#place(new Uint8Array(chunk));
    else this.#gather(chunk, isLast);
  }

  /** Most bodies come in one piece; this is for the others. */
  #gather(chunk: ArrayBuffer, isLast: boolean): void {
    this.#gathered ??= [];
    this.#gatheredBytes += chunk.byteLength;
    if (this.#gatheredBytes <= ORDER_BODY_BYTES_MAX) {
      this.#gathered.push(new Uint8Array(chunk.slice(0)));
      if (isLast) this.#place(Buffer.concat(this.#gathered));
      return;
    }
    this.#gathered.length = 0;
    if (isLast) this.refuse(problem('payload-too-large'));
    else if (this.#gatheredBytes > DRAIN_BYTES_MAX) this.refuse(problem('payload-too-large'), true);
  }

  #place(bytes: Uint8Array): void {
    if (bytes.length > ORDER_BODY_BYTES_MAX) {
      this.refuse(problem('payload-too-large'));
      return;
    }
    const quantity = orderQuantity(bytes);
    if (typeof quantity !== 'number') {
      this.refuse(quantity);
      return;
    }
    const { drop, dropId, userId, key } = this;
    const { views, router, window, clock } = this.#path.options;
    if (drop !== null && views.soldOutFor(drop, userId, key, this.#startedAt)) {
      this.#send(409, PROBLEM_HEAD_409 + this.traceLines, soldOutBody(drop));
      return;
    }
    if (!window.enter()) {
      this.refuseOverloaded();
      return;
    }
    this.#submittedAt = clock.monotonic();
    router.submit({ type: 'place-order', dropId, userId, key, quantity }, this);
  }

  complete(reply: CommandReply): void {
    if (this.#response !== null) this.#path.complete(this, this.#response, reply);
  }

  write(reply: CommandReply): void {
    if (!reply.ok) {
      if (reply.code === 'sold-out' && this.drop === null)
        this.#path.options.views.watch(this.dropId);
      this.refuse(reply);
      return;
    }
    const { order, replayed } = reply.value as PlacedOrder;
    const { views, paymentProvider } = this.#path.options;
    const drop = this.drop ?? views.watch(this.dropId);
    if (order.version > drop.versionShown) drop.versionShown = order.version;
    const head = replayed ? REPLAYED_HEAD : CREATED_HEAD;
    this.#send(201, `${head}${order.id}\r\n${this.traceLines}`, orderJson(order, paymentProvider));
  }

  /** Answers with a problem, from inside one of the server's callbacks or corked. */
  refuse(refused: Problem, close = false): null {
    const body = problemBody(refused);
    this.#send(problemStatus(refused), problemHead(refused) + this.traceLines, body, close);
    return null;
  }

  /** The most frequent answer there is when it matters that it costs little. */
  refuseOverloaded(): null {
    this.#send(503, OVERLOADED_HEAD + this.traceLines, OVERLOADED_BODY);
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
    flight.land();
    if (this.#submittedAt !== 0) window.leave(endedAt - this.#submittedAt, endedAt);
    counts.record(status, endedAt - this.#startedAt);
  }
}

const CREATED_HEAD = '201 Created\r\ncontent-type: application/json\r\nlocation: /v1/orders/';
const REPLAYED_HEAD =
  '201 Created\r\nidempotency-replayed: true\r\ncontent-type: application/json\r\nlocation: /v1/orders/';
/** Status line and headers, up to those of the trace. */
function problemHead(refused: Problem): string {
  const status = problemStatus(refused);
  let head = `${status} ${STATUS_CODES[status]}\r\ncontent-type: ${PROBLEM_MEDIA_TYPE}\r\n`;
  for (const [name, value] of problemHeaders(refused)) head += `${name}: ${value}\r\n`;
  return head;
}

/**
 * What is the same for many requests goes to the server as bytes: it takes those as they are, and
 * turns a text into UTF-8 each time. For the names of five headers alone that was a twentieth of
 * the CPU time of a sold-out answer.
 */
function bytesOf(text: string): ArrayBuffer {
  return new TextEncoder().encode(text).buffer;
}

const OVERLOADED_HEAD = problemHead(problem('overloaded'));
const OVERLOADED_BODY = bytesOf(problemBody(problem('overloaded')));
const PROBLEM_HEAD_409 = `409 Conflict\r\ncontent-type: ${PROBLEM_MEDIA_TYPE}\r\n`;

/** The same text for everybody at one version, so it is built once. */
function soldOutBody(drop: WatchedDrop): ArrayBuffer {
  const version = drop.view!.version;
  if (drop.soldOutVersion !== version) {
    drop.soldOutBody = bytesOf(problemBody({ ok: false, code: 'sold-out', version }));
    drop.soldOutVersion = version;
  }
  return drop.soldOutBody;
}
