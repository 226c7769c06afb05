// One order of the hot path (`order-path.ts`) from its body on, which is also the sink of its
// reply.

import { Buffer } from 'node:buffer';
import type { CommandSink } from '../../actors/command-router.ts';
import type { CommandReply } from '../../contracts/commands.ts';
import type { PlacedOrder } from '../../contracts/orders.ts';
import type { ProblemCode } from '../../contracts/refusals.ts';
import type { WatchedDrop } from '../drop-views.ts';
import { DRAIN_BYTES_MAX } from '../http/exchange.ts';
import {
  problem,
  type Problem,
  problemBody,
  problemStatus,
  withServerTime,
} from '../http/problems.ts';
import { orderJson } from '../present.ts';
import type { ClientTrace } from '../http/request-trace.ts';
import { traceparentIn } from '../http/trace.ts';
import { callOf } from '../../actors/tracing/trace-context.ts';
import { type OrderContent, readOrderBody } from './order-body.ts';
import type { OrderPath } from './order-path.ts';
import {
  CREATED_HEAD,
  isOwnRefusal,
  OVERLOADED_BODY,
  OVERLOADED_HEAD,
  PROBLEM_HEAD_403,
  PROBLEM_HEAD_409,
  problemHead,
  refusalBody,
  REPLAYED_HEAD,
} from './order-replies.ts';
import { orderLane } from './order-window.ts';

/** An order's body has a number and some short texts. A longer body is no order. */
export const ORDER_BODY_BYTES_MAX = 16 * 1024;
/** From this feature level on every owner takes orders with metadata. */
const METADATA_LEVEL = 3;
/** From this feature level on every owner takes orders with a pass. */
const PASSES_LEVEL = 4;

/** The used part of the server's response. */
export interface OrderResponse {
  cork(write: () => void): unknown;
  writeStatus(status: string): unknown;
  end(body: string | ArrayBuffer, closeConnection: boolean): unknown;
}

export class OrderRequest implements CommandSink {
  dropId = '';
  userId = '';
  key = '';
  /** The reply's header lines that depend on the request's: its trace, and what its origin may. */
  requestLines = '';
  /** Of a client that began a trace; only where traces or the access log are on. */
  clientTrace: ClientTrace | null = null;
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

  /** Of its call to the drop's owner. Read only where this node traces. */
  get traceparent(): string {
    return callOf(traceparentIn(this.requestLines));
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
    const { views, router, window, refusals, clock } = this.#path.options;
    const refusal = drop === null ? null : views.refusalFor(drop, userId, key, this.#startedAt);
    if (refusal !== null) {
      refusals.add(refusal);
      const body = refusalBody(drop!, refusal);
      this.#send(409, PROBLEM_HEAD_409 + this.requestLines, body, false, refusal);
      return;
    }
    const hasPass = typeof content !== 'number' && content.pass !== null;
    if (drop !== null && !hasPass && views.asksForPass(drop, this.#startedAt)) {
      const body = refusalBody(drop, 'pass-required');
      refusals.add('pass-required');
      this.#send(403, PROBLEM_HEAD_403 + this.requestLines, body, false, 'pass-required');
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
        this.drop = this.#path.options.views.watch(this.dropId);
      this.refuse(withServerTime(reply, this.#path.options.clock.now()));
      return;
    }
    const { order, replayed } = reply.value as PlacedOrder;
    const { views, paymentProvider } = this.#path.options;
    const drop = (this.drop ??= views.watch(this.dropId));
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
    this.#path.options.refusals.add(refused.code);
    const head = problemHead(refused) + this.requestLines;
    this.#send(problemStatus(refused), head, body, close, refused.code);
    return null;
  }

  /** The most frequent reply at the time when its cost matters most. */
  refuseOverloaded(): null {
    this.#path.options.refusals.add('overloaded');
    this.#send(503, OVERLOADED_HEAD + this.requestLines, OVERLOADED_BODY, false, 'overloaded');
    return null;
  }

  /** `code`: of a refusal. */
  #send(
    status: number,
    head: string,
    body: string | ArrayBuffer,
    close = false,
    code: ProblemCode | '' = '',
  ): void {
    const response = this.#response;
    if (response === null) return;
    this.#response = null;
    const { flight, window, counts, clock, watch } = this.#path.options;
    const endedAt = clock.monotonic();
    response.writeStatus(head);
    response.end(body, close || flight.draining);
    flight.end();
    if (this.#submittedAt !== 0) window.leave(this.#lane, endedAt - this.#submittedAt, endedAt);
    if (this.drop !== null) this.drop.counts.answered(code, endedAt - this.#startedAt);
    if (watch === null) {
      counts.record(status, endedAt - this.#startedAt);
      return;
    }
    watch.answering(this.requestLines);
    counts.record(status, endedAt - this.#startedAt);
    watch.orderEnded({
      lines: this.requestLines,
      client: this.clientTrace,
      counts,
      status,
      startedAt: this.#startedAt,
      endedAt,
      submittedAt: this.#submittedAt,
      body: typeof body === 'string' ? body : body.byteLength,
      isShed: body === OVERLOADED_BODY,
    });
  }
}
