// Sends requests to the server under test and records each exchange in the history.

import { type HttpAnswer, httpRequest } from '../../operator/demo/http-pool.ts';
import { signWebhook } from '../../events/payments/webhook-signature.ts';
import type { History, ShownDrop, ShownOrder, Where } from './history.ts';

export interface Call {
  readonly client: string;
  /** A description for the history, such as `reads drop_1`. */
  readonly what: string;
  readonly method: string;
  readonly path: string;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface Answer {
  readonly where: Where;
  readonly status: number;
  readonly replayed: boolean;
  /** Empty without an answer, and for an answer without a body. */
  readonly json: Readonly<Record<string, unknown>>;
}

export interface CallerOptions {
  readonly history: History;
  /** Sends the text of a request to the server, or to one of several servers. */
  readonly pool: { send(text: string): Promise<HttpAnswer> };
  /** Host and port. */
  readonly host: string;
  readonly round: number;
  readonly paymentSecret: string;
}

export class Caller {
  readonly history: History;
  readonly #options: CallerOptions;

  constructor(options: CallerOptions) {
    this.#options = options;
    this.history = options.history;
  }

  /** Never rejects: without an answer the status is 0. */
  async call({ client, what, method, path, token, headers, body }: Call): Promise<Answer> {
    const { history, pool, host, round } = this.#options;
    const where = history.begin(round, client, what);
    const text = httpRequest({
      method,
      path,
      host,
      headers: {
        ...headers,
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(body === undefined && method !== 'GET' ? { 'content-length': '0' } : {}),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer = await pool.send(text);
    const json = jsonOf(answer);
    history.end(where, answer.status, typeof json['code'] === 'string' ? json['code'] : '');
    // Every token is valid for a day.
    const unexpected = answer.status >= 500 ? answer.status !== 503 : answer.status === 401;
    if (unexpected) history.unexpectedAnswers.push(where);
    return { where, status: answer.status, replayed: answer.replayed, json };
  }

  async place(
    client: string,
    token: string,
    placed: { userId: string; dropId: string; key: string; quantity: number },
  ): Promise<{ status: number; order: ShownOrder | null }> {
    const { userId, dropId, key, quantity } = placed;
    const answer = await this.call({
      client,
      what: `places ${quantity} in ${dropId} for ${userId} under ${key}`,
      method: 'POST',
      path: `/v1/drops/${dropId}/orders`,
      token,
      headers: { 'idempotency-key': key },
      body: { quantity },
    });
    const { where, status, replayed, json } = answer;
    const order = status === 201 ? (json as unknown as ShownOrder) : null;
    const version = json['version'];
    const refusedAt = order === null && typeof version === 'number' ? version : null;
    this.history.attempts.push({ where, ...placed, order, replayed, refusedAt });
    return { status, order };
  }

  /** A call about an acknowledged order whose answer is the order: read, cancel or refund. */
  async order(call: Call): Promise<Answer> {
    const answer = await this.call(call);
    const { where, json } = answer;
    if (answer.status === 200) {
      this.history.orders.push({ where, order: json as unknown as ShownOrder });
    }
    if (answer.status === 404) this.history.lostOrders.push(where);
    return answer;
  }

  /** A call whose answer is a drop. */
  async drop(call: Call): Promise<Answer> {
    const answer = await this.call(call);
    const { where, status, json } = answer;
    if (status === 200 || status === 201) {
      const source = call.method === 'GET' ? 'read' : 'change';
      this.history.drops.push({ where, source, drop: json as unknown as ShownDrop });
    }
    return answer;
  }

  async settle(
    client: string,
    payment: { orderId: string; succeeded: boolean; webhookId: string },
  ): Promise<number> {
    const { orderId, succeeded, webhookId: id } = payment;
    const type = succeeded ? 'payment.succeeded' : 'payment.cancelled';
    const event = { type, data: { orderId, reference: `chaos-${orderId}` } };
    const timestamp = Math.floor(Date.now() / 1000);
    const { paymentSecret: secret } = this.#options;
    const signature = signWebhook({ secret, id, timestamp, body: JSON.stringify(event) });
    const { where, status } = await this.call({
      client,
      what: `tells ${type} of ${orderId} by ${id}`,
      method: 'POST',
      path: '/v1/payments/webhook',
      headers: {
        'webhook-id': id,
        'webhook-timestamp': String(timestamp),
        'webhook-signature': signature,
      },
      body: event,
    });
    this.history.settlements.push({ where, orderId, succeeded });
    // The order was acknowledged and the call is signed: only 200 and 503 are right.
    if (status >= 400 && status < 500 && status !== 401) this.history.unexpectedAnswers.push(where);
    return status;
  }
}

function jsonOf({ status, body }: HttpAnswer): Readonly<Record<string, unknown>> {
  if (status === 0 || !body.startsWith('{')) return {};
  return JSON.parse(body) as Record<string, unknown>;
}
