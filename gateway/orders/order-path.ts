// POST /v1/drops/{id}/orders, the hot path. Each order is one object (`order-request.ts`). It reads
// the request at once, checks it, sends the command to the router, and builds the reply by hand.
// There is no promise, no log line, and no store or user lookup. The head of a reply, status line
// and headers together, is written in one native call, because each call into the server costs
// about as much as building the text (`order-replies.ts`).

import type { Clock } from '../../actors/clock.ts';
import { DROP_ID } from '../../contracts/patterns.ts';
import type { CommandRouter } from '../../actors/command-router.ts';
import type { CommandReply } from '../../contracts/commands.ts';
import type { RestrictionSet } from '../../events/restriction-set.ts';
import type { FeatureLevels } from '../../storage/ports/feature-level.ts';
import type { Authenticator } from '../http/auth.ts';
import type { DropViews } from '../drop-views.ts';
import type { Flight } from '../http/flight.ts';
import { isKey, keyProblem } from '../http/idempotency-key.ts';
import type { RefusalCounts, RouteCounts } from '../metrics/route-counts.ts';
import { type HeaderLines, OrderHeaders } from './order-headers.ts';
import { OrderRequest, type OrderResponse } from './order-request.ts';
import type { OrderWindow } from './order-window.ts';
import type { PassChecks } from './pass-checks.ts';
import { problem } from '../http/problems.ts';
import type { Origins } from '../http/origins.ts';
import type { RateLimits } from '../http/rate-limits.ts';
import type { RequestWatch } from '../http/request-watch.ts';
import { traceHeaderLines } from '../http/trace.ts';
import { isJsonMediaType } from '../http/validation.ts';

const dropIdForm = new RegExp(DROP_ID);

/** The used part of the server's request. Valid only during `begin`. */
export interface OrderHead extends HeaderLines {
  getParameter(index: number): string | undefined;
  getQuery(): string | undefined;
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
  readonly refusals: RefusalCounts;
  /** Null: orders with a pass are refused. */
  readonly passes: PassChecks | null;
  /** The feature level of the store. */
  readonly levels: Pick<FeatureLevels, 'reached'>;
  readonly origins: Origins;
  /** Null: traces and the access log are off. */
  readonly watch: RequestWatch | null;
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
      this.#beginLines(order, headers);
      return order.refuseOverloaded();
    }
    headers.read(head);
    this.#beginLines(order, headers);
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

  #beginLines(order: OrderRequest, { traceparent, tracestate, requestId, origin }: OrderHeaders) {
    const { origins, watch } = this.options;
    let lines = traceHeaderLines(traceparent, requestId);
    if (watch !== null) {
      lines = watch.linesOf(lines);
      if (traceparent !== '') order.clientTrace = { traceparent, tracestate };
    }
    // No reply of an order is cached, so only pages need to be told.
    order.requestLines = origin === '' ? lines : lines + origins.linesFor(origin);
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

const TWO_KEYS = ', ';
const USE_JSON = 'Use content-type: application/json.';
