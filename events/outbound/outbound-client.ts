// Calls addresses that somebody else gave, such as webhooks of creators and services of pushes,
// over HTTP/1.1. Each call is bounded in time and bytes, follows no redirect, and goes to the
// public network only (connector.ts). Pushes over HTTP/2 stand on the same connector.

import type { Socket } from 'node:net';
import { Agent, type buildConnector, type Dispatcher, errors } from 'undici';
import { Connector, type ConnectorOptions } from './connector.ts';
import { OutboundError, type OutboundFailure } from './outbound-error.ts';
import { parseOutboundUrl } from './outbound-url.ts';

export interface OutboundClientOptions extends ConnectorOptions {
  /** Connections at once to one origin. */
  readonly connectionsPerOrigin?: number;
  /** Calls under way at once; further ones are refused as `busy`. */
  readonly callsMax?: number;
}

export interface OutboundCall {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  /** Without `host` and `content-length`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  /** From the call to the end of the reply. */
  readonly timeoutMs: number;
  /** What is read of the reply's body; the rest is not waited for. */
  readonly bodyBytesMax: number;
  readonly signal?: AbortSignal;
}

export interface OutboundReply {
  readonly ok: true;
  /** 200 to 599; a redirect is a reply like others. */
  readonly status: number;
  /** By their names in small letters. One that came several times has its texts with `, `. */
  readonly headers: Readonly<Record<string, string>>;
  /** The first `bodyBytesMax` bytes. */
  readonly body: Buffer;
  /** Whether that is all of it. */
  readonly isWhole: boolean;
}

export interface OutboundNoReply {
  readonly ok: false;
  readonly failure: OutboundFailure;
  /** For logs, and for whoever gave the address. */
  readonly detail: string;
}

const CONNECTIONS_PER_ORIGIN = 4;
const CALLS_MAX = 1_024;
const HEADER_BYTES_MAX = 16 * 1_024;
/** An idle connection, whatever the other side proposes. */
const IDLE_MS = 10_000;
/** Of undici, whose timers are coarse. The whole is bounded by `timeoutMs`. */
const STAGE_TIMEOUT_MS = 60_000;

export class OutboundClient {
  readonly connector: Connector;
  readonly #agent: Agent;
  readonly #callsMax: number;
  #calls = 0;

  constructor(options: OutboundClientOptions) {
    this.connector = new Connector(options);
    this.#callsMax = options.callsMax ?? CALLS_MAX;
    this.#agent = new Agent({
      allowH2: false,
      connections: options.connectionsPerOrigin ?? CONNECTIONS_PER_ORIGIN,
      pipelining: 1,
      maxHeaderSize: HEADER_BYTES_MAX,
      headersTimeout: STAGE_TIMEOUT_MS,
      bodyTimeout: STAGE_TIMEOUT_MS,
      keepAliveTimeout: IDLE_MS,
      keepAliveMaxTimeout: IDLE_MS,
      connect: ({ protocol, hostname, port }, done) => {
        const host = hostname.includes(':') ? `[${hostname}]` : hostname;
        const origin = `${protocol}//${host}${port === '' ? '' : `:${port}`}`;
        void this.#connect(origin, done);
      },
    });
  }

  /** Calls under way. */
  get calls(): number {
    return this.#calls;
  }

  /** Never rejects. */
  async call(call: OutboundCall): Promise<OutboundReply | OutboundNoReply> {
    if (this.#calls >= this.#callsMax)
      return { ok: false, failure: 'busy', detail: 'Too many calls are under way.' };
    const timeout = AbortSignal.timeout(call.timeoutMs);
    const signal = call.signal === undefined ? timeout : AbortSignal.any([timeout, call.signal]);
    this.#calls += 1;
    try {
      const { url } = parseOutboundUrl(call.url);
      const reply = await this.#agent.request({
        origin: url.origin,
        path: url.pathname + url.search,
        method: call.method,
        headers: { ...call.headers },
        body: call.body ?? null,
        signal,
      });
      const { body, isWhole } = await firstBytes(reply.body, call.bodyBytesMax);
      return { ok: true, status: reply.statusCode, headers: plain(reply.headers), body, isWhole };
    } catch (error) {
      return noReply(error, timeout, call.signal);
    } finally {
      this.#calls -= 1;
    }
  }

  async #connect(origin: string, done: buildConnector.Callback): Promise<void> {
    let socket: Socket;
    try {
      socket = await this.connector.connect(origin, ['http/1.1']);
    } catch (error) {
      done(error as Error, null);
      return;
    }
    done(null, socket);
  }

  /** Ends all calls under way, as `aborted`. */
  async close(): Promise<void> {
    await this.#agent.destroy();
  }
}

async function firstBytes(
  body: AsyncIterable<Uint8Array>,
  bytesMax: number,
): Promise<{ body: Buffer; isWhole: boolean }> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    const room = bytesMax - bytes;
    chunks.push(chunk.subarray(0, room));
    bytes += chunk.byteLength;
    // Leaving the loop ends the connection.
    if (bytes > bytesMax) break;
  }
  return { body: Buffer.concat(chunks), isWhole: bytes <= bytesMax };
}

function plain(headers: Dispatcher.ResponseData['headers']): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value = '']) => [
      name,
      Array.isArray(value) ? value.join(', ') : value,
    ]),
  );
}

function noReply(
  error: unknown,
  timeout: AbortSignal,
  aborted: AbortSignal | undefined,
): OutboundNoReply {
  const detail = error instanceof Error ? error.message : String(error);
  if (aborted?.aborted === true) return { ok: false, failure: 'aborted', detail };
  if (timeout.aborted) return { ok: false, failure: 'timeout', detail: 'It took too long.' };
  return { ok: false, failure: failureOf(error), detail };
}

function failureOf(error: unknown): OutboundFailure {
  if (error instanceof OutboundError) return error.failure;
  if (error instanceof errors.HeadersOverflowError) return 'too-large';
  if (error instanceof errors.HeadersTimeoutError || error instanceof errors.BodyTimeoutError)
    return 'timeout';
  if (error instanceof errors.ClientDestroyedError || error instanceof errors.ClientClosedError)
    return 'aborted';
  if (error instanceof errors.HTTPParserError) return 'protocol';
  return 'closed';
}
