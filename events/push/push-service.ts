// One push service, such as a browser maker's: messages go there at the rate that it takes, and
// stop for a while where it asks for that or fails. What waits for it is bounded, so that it holds
// up no other.

import type { Clock, Timer } from '../../actors/clock.ts';
import type { OutboundClient } from '../outbound/outbound-client.ts';
import { CircuitBreaker } from './circuit-breaker.ts';
import { Http1Transport } from './http1-transport.ts';
import { Http2Transport, NO_HTTP2 } from './http2-transport.ts';
import { type JudgedReply, judgeReply } from './push-results.ts';
import type { PushResult } from './push-sender.ts';
import type { PushReply, PushRequest, PushTransport } from './push-transport.ts';
import { SendWindow } from './send-window.ts';
import { ServicePause } from './service-pause.ts';

export interface PushServiceOptions {
  readonly origin: string;
  readonly outbound: OutboundClient;
  readonly clock: Clock;
  /** For a reply, once the message is under way. */
  readonly timeoutMs?: number;
  /** For its turn, before it is under way. */
  readonly waitMaxMs?: number;
}

const TIMEOUT_MS = 10_000;
/** A caller who gave up after so long without a reply has seen that the service fails. */
const SILENCE_MS = 3_000;
/** Messages under way at once. */
const WINDOW_MAX = 256;
/** Messages that wait for their turn. */
const WAITING_MAX = 1_024;
const WAIT_MAX_MS = 5_000;
/**
 * 429s for so many subscriptions without a success between them are about the service, not about
 * one subscription, which some services count by itself.
 */
const REFUSALS_TO_PAUSE = 3;

/** A message for a service. */
export interface ServiceMessage {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /**
   * Makes the body, once there is room for the message: one that waits in vain costs no encryption.
   * Null: the browser's keys are none.
   */
  readonly encrypt: () => Buffer | null;
  readonly signal?: AbortSignal;
}

interface Waiting {
  readonly since: number;
  /** Null: the message is under way from now on. */
  readonly resolve: (result: PushResult | null) => void;
}

export class PushService {
  readonly #options: PushServiceOptions;
  readonly #window: SendWindow;
  readonly #breaker: CircuitBreaker;
  readonly #pause: ServicePause;
  readonly #waiting: Waiting[] = [];
  /** Endpoints with a 429 since the last success, up to `REFUSALS_TO_PAUSE`. */
  readonly #refused = new Set<string>();
  #transport: PushTransport;
  #underWay = 0;
  #hasTaken = false;
  #timer: Timer | null = null;

  constructor(options: PushServiceOptions) {
    const { origin, outbound, clock } = options;
    const monotonic = () => clock.monotonic();
    this.#options = options;
    this.#window = new SendWindow({ max: WINDOW_MAX, monotonic });
    this.#breaker = new CircuitBreaker({ monotonic });
    this.#pause = new ServicePause({ monotonic });
    this.#transport = origin.startsWith('https:')
      ? new Http2Transport({ origin, connector: outbound.connector })
      : new Http1Transport(outbound);
  }

  /** Nothing is under way or waits. */
  get isIdle(): boolean {
    return this.#underWay === 0 && this.#waiting.length === 0;
  }

  get isStopped(): boolean {
    return this.#stoppedMs() > 0;
  }

  /** It has taken a message. */
  get hasTaken(): boolean {
    return this.#hasTaken;
  }

  /** Never rejects. */
  async post({ encrypt, ...message }: ServiceMessage): Promise<PushResult> {
    const { clock, timeoutMs = TIMEOUT_MS } = this.#options;
    const refused = this.#stopped() ?? (await this.#place());
    if (refused !== null) return refused;
    const stopped = this.#stopped();
    const body = stopped === null && message.signal?.aborted !== true ? encrypt() : null;
    if (body === null) {
      this.#leave();
      return stopped ?? (message.signal?.aborted === true ? ABORTED : NO_KEYS);
    }
    this.#breaker.enter();
    const isTry = this.#pause.enter();
    const beganAt = clock.monotonic();
    const reply = await this.#send({ ...message, body, timeoutMs });
    const judged = judgeReply(reply, clock.now());
    const tookMs = clock.monotonic() - beganAt;
    const isSilent = !reply.ok && reply.failure === 'aborted' && tookMs >= SILENCE_MS;
    const known: JudgedReply = isSilent ? { ...judged, service: 'failing' } : judged;
    if (known.result.outcome === 'sent') this.#hasTaken = true;
    this.#learn(known, tookMs, { endpoint: message.url.href, isTry });
    this.#leave();
    return judged.result;
  }

  async close(): Promise<void> {
    this.#timer?.cancel();
    this.#refuseWaiting(ABORTED);
    await this.#transport.close();
  }

  async #send(request: PushRequest): Promise<PushReply> {
    const transport = this.#transport;
    const reply = await transport.post(request);
    if (reply.ok || reply.failure !== NO_HTTP2) return reply;
    if (this.#transport === transport) this.#transport = new Http1Transport(this.#options.outbound);
    return await this.#transport.post(request);
  }

  #learn(
    { service, pauseMs }: JudgedReply,
    tookMs: number,
    { endpoint, isTry }: { readonly endpoint: string; readonly isTry: boolean },
  ): void {
    if (isTry) this.#pause.tried(service === 'nothing' ? null : service === 'well');
    if (service === 'nothing') return this.#breaker.gaveUp();
    if (service === 'well') {
      this.#refused.clear();
      this.#breaker.succeeded();
      this.#window.succeeded(tookMs, this.#underWay);
      return;
    }
    this.#window.overloaded();
    if (service === 'overloaded') {
      if (this.#refused.size < REFUSALS_TO_PAUSE) this.#refused.add(endpoint);
      this.#breaker.succeeded();
    } else {
      this.#breaker.failed();
    }
    const isOfService = service === 'failing' || this.#refused.size >= REFUSALS_TO_PAUSE;
    if (pauseMs !== null && isOfService) this.#pause.begin(pauseMs);
    const stopped = this.#stopped();
    if (stopped !== null) this.#refuseWaiting(stopped);
  }

  /** For how long nothing is sent; 0: something is. */
  #stoppedMs(): number {
    return Math.max(this.#pause.waitMs, this.#breaker.waitMs);
  }

  #stopped(): PushResult | null {
    const waitMs = this.#stoppedMs();
    return waitMs > 0 ? stoppedFor(waitMs) : null;
  }

  /** Null: the message is under way from now on, until `#leave`. */
  #place(): Promise<PushResult | null> | null {
    if (this.#underWay < this.#window.size && this.#waiting.length === 0) {
      this.#underWay += 1;
      return null;
    }
    if (this.#waiting.length >= WAITING_MAX) return Promise.resolve(NO_ROOM);
    const { promise, resolve } = Promise.withResolvers<PushResult | null>();
    this.#waiting.push({ since: this.#options.clock.monotonic(), resolve });
    this.#watch();
    return promise;
  }

  #leave(): void {
    this.#underWay -= 1;
    while (this.#waiting.length > 0 && this.#underWay < this.#window.size) {
      this.#underWay += 1;
      this.#waiting.shift()!.resolve(null);
    }
  }

  /** Refuses those that have waited for too long. */
  #watch(): void {
    const [first] = this.#waiting;
    if (first === undefined || this.#timer !== null) return;
    const { clock, waitMaxMs = WAIT_MAX_MS } = this.#options;
    const dueMs = first.since + waitMaxMs - clock.monotonic();
    this.#timer = clock.after(dueMs, () => {
      this.#timer = null;
      const due = clock.monotonic() - waitMaxMs;
      while ((this.#waiting[0]?.since ?? Infinity) <= due) this.#waiting.shift()!.resolve(NO_ROOM);
      this.#watch();
    });
  }

  #refuseWaiting(result: PushResult): void {
    for (const { resolve } of this.#waiting.splice(0)) resolve(result);
  }
}

export const ABORTED: PushResult = { outcome: 'failed', retryAfterMs: 0, reason: 'aborted' };
/** What the browser gave as its keys is none. */
export const NO_KEYS: PushResult = { outcome: 'failed', reason: 'browser-keys' };
const NO_ROOM: PushResult = { outcome: 'rate-limited', retryAfterMs: 1_000, reason: 'queue-full' };

function stoppedFor(waitMs: number): PushResult {
  return { outcome: 'rate-limited', retryAfterMs: Math.ceil(waitMs), reason: 'service-stopped' };
}
