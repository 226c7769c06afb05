// Messages to a push service that has HTTP/1.1 only, by the client for addresses of others.

import type { OutboundClient } from '../outbound/outbound-client.ts';
import type { PushReply, PushRequest, PushTransport } from './push-transport.ts';

/** Of a reply's body, which nobody reads. */
const BODY_BYTES_MAX = 1_024;

export class Http1Transport implements PushTransport {
  readonly #outbound: OutboundClient;
  readonly #closed = new AbortController();

  constructor(outbound: OutboundClient) {
    this.#outbound = outbound;
  }

  async post({ url, headers, body, timeoutMs, signal }: PushRequest): Promise<PushReply> {
    const ends = signal === undefined ? [] : [signal];
    const reply = await this.#outbound.call({
      url: url.href,
      method: 'POST',
      headers,
      body,
      timeoutMs,
      bodyBytesMax: BODY_BYTES_MAX,
      signal: AbortSignal.any([this.#closed.signal, ...ends]),
    });
    if (!reply.ok) return { ok: false, failure: reply.failure };
    return { ok: true, status: reply.status, retryAfter: reply.headers['retry-after'] };
  }

  async close(): Promise<void> {
    this.#closed.abort();
  }
}
