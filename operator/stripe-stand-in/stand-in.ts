// A stand-in of Stripe's HTTP API for tests and for a first try (never for money): it checks keys,
// parameters and states, keeps answers by idempotency key, refuses keys that come with other
// parameters, and sends events. Where wanted it is as nasty as Stripe may be: too many calls,
// faults before and after the effect, lost answers, events before the answer.

import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { EventDeliveries, type EventDeliveriesOptions } from './event-deliveries.ts';
import { fieldsIn, type FormFields, parseForm, textIn } from './request-form.ts';
import { StandInAccount } from './stand-in-account.ts';
import { type ApiAnswer, badParameter, failed } from './stand-in-objects.ts';

/** What goes wrong with one call. */
export type StandInFault =
  | 'none'
  /** 429, and nothing is done. */
  | 'too-many'
  /** 503, and nothing is done. */
  | 'away'
  /** It is done, and the answer is 500, now and for the same key. */
  | 'fault-after'
  /** 500, now and for the same key, and nothing is done. */
  | 'fault-before'
  /** It is done, and the connection ends without an answer. */
  | 'lost-answer';

export interface StandInOptions extends Omit<EventDeliveriesOptions, 'now'> {
  /** 0: any free one. */
  readonly port: number;
  readonly secretKey: string;
  readonly publishableKey: string;
  /** Milliseconds since the Unix epoch. */
  readonly now?: () => number;
  /** Calls with the secret key within one second, above which there are too many. */
  readonly callsPerSecondMax?: number;
  /** For calls with the secret key that change something. */
  readonly fault?: (method: string, path: string) => StandInFault;
  /** Whether the events of a call arrive before its answer does. */
  readonly eventsFirst?: () => boolean;
}

export interface StandInCall {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly idempotencyKey: string | null;
}

interface KeptAnswer {
  readonly request: string;
  readonly answer: ApiAnswer;
}

interface Call {
  readonly method: string;
  readonly path: string;
  readonly form: FormFields;
  /** Exactly as it was sent. */
  readonly text: string;
  readonly bySecretKey: boolean;
  readonly idempotencyKey: string | null;
}

const BODY_BYTES_MAX = 64 * 1_024;
const KEYS_KEPT_MAX = 200_000;
const CALLS_KEPT_MAX = 100_000;

export class StripeStandIn {
  readonly account: StandInAccount;
  readonly deliveries: EventDeliveries;
  /** Every answered call, oldest first. */
  readonly calls: StandInCall[] = [];
  readonly #options: StandInOptions;
  readonly #kept = new Map<string, KeptAnswer>();
  readonly #server: Server;
  #second = 0;
  #callsInSecond = 0;

  constructor(options: StandInOptions) {
    const now = options.now ?? Date.now;
    this.#options = options;
    this.account = new StandInAccount({ now });
    this.deliveries = new EventDeliveries({ ...options, now });
    this.#server = createServer((request, response) => {
      this.#serve(request, response).catch((error: unknown) => response.destroy(error as Error));
    });
  }

  /** Listens on the loopback interface. Resolves to the address of the API. */
  async start(): Promise<string> {
    this.#server.listen(this.#options.port, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await this.deliveries.stop();
    await closed;
  }

  /** Sends the events of what was done to the account by other means than calls. */
  tell(): void {
    this.deliveries.add(this.account.takeEvents());
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    let bytes = 0;
    for await (const chunk of request) {
      bytes += (chunk as Buffer).length;
      if (bytes > BODY_BYTES_MAX) return void response.writeHead(413).end();
      chunks.push(chunk as Buffer);
    }
    const call = this.#callOf(request, Buffer.concat(chunks).toString());
    if ('status' in call) return send(response, call, {});
    const { method, path, idempotencyKey } = call;
    const fault = this.#faultOf(call);
    const { answer, replayed } = this.#answer(call, fault);
    if (this.calls.length >= CALLS_KEPT_MAX) this.calls.shift();
    this.calls.push({ method, path, status: answer.status, idempotencyKey });
    await this.#sendEvents();
    if (fault === 'lost-answer' && !replayed) return void response.destroy();
    send(response, answer, replayed ? { 'idempotent-replayed': 'true' } : {});
  }

  async #sendEvents(): Promise<void> {
    const events = this.account.takeEvents();
    if (events.length === 0) return;
    if (this.#options.eventsFirst?.() === true) await this.deliveries.deliverNow(events);
    this.deliveries.add(events);
  }

  #faultOf({ method, path, bySecretKey }: Call): StandInFault {
    const { callsPerSecondMax = Infinity, fault, now = Date.now } = this.#options;
    if (!bySecretKey) return 'none';
    const second = Math.floor(now() / 1_000);
    this.#callsInSecond = second === this.#second ? this.#callsInSecond + 1 : 1;
    this.#second = second;
    if (this.#callsInSecond > callsPerSecondMax) return 'too-many';
    return method === 'GET' ? 'none' : (fault?.(method, path) ?? 'none');
  }

  #answer(call: Call, fault: StandInFault): { answer: ApiAnswer; replayed: boolean } {
    if (fault === 'too-many') {
      const message = 'Request rate limit exceeded.';
      const error = { type: 'rate_limit_error', code: 'rate_limit', message } as const;
      return { answer: failed(429, error), replayed: false };
    }
    if (fault === 'away') return { answer: fault503(), replayed: false };
    if (call.method === 'GET' || call.idempotencyKey === null)
      return { answer: this.#execute(call), replayed: false };
    const key = `${call.bySecretKey} ${call.idempotencyKey}`;
    const request = `${call.method} ${call.path}\n${call.text}`;
    const kept = this.#kept.get(key);
    if (kept?.request === request) return { answer: kept.answer, replayed: true };
    if (kept !== undefined) return { answer: reusedKey(), replayed: false };
    if (this.#kept.size >= KEYS_KEPT_MAX) {
      const [oldest] = this.#kept.keys();
      this.#kept.delete(oldest!);
    }
    const executed = fault === 'fault-before' ? fault500() : this.#execute(call);
    const answer = fault === 'fault-after' && executed.status === 200 ? fault500() : executed;
    if (answer.unexecuted !== true) this.#kept.set(key, { request, answer });
    return { answer, replayed: false };
  }

  #execute({ method, path, form, bySecretKey }: Call): ApiAnswer {
    const [, id, verb] = /^\/v1\/payment_intents(?:\/([\w]+)(?:\/(\w+))?)?$/.exec(path) ?? [];
    if (method === 'POST' && verb === 'confirm') return this.account.confirmIntent(id!, form);
    if (!bySecretKey) return failed(403, badKey('This API call needs a secret key.'));
    if (path === '/v1/payment_intents' && method === 'POST') return this.account.createIntent(form);
    if (method === 'GET' && id !== undefined && verb === undefined)
      return this.account.showIntent(id, Object.values(fieldsIn(form, 'expand')).map(String));
    if (method === 'POST' && verb === 'capture') return this.account.captureIntent(id!, form);
    if (method === 'POST' && verb === 'cancel') return this.account.cancelIntent(id!, form);
    if (path === '/v1/refunds' && method === 'POST') return this.account.createRefund(form);
    if (path === '/v1/refunds' && method === 'GET') return this.account.listRefunds(form);
    return failed(404, badKey(`Unrecognized request URL (${method}: ${path}).`));
  }

  /** The call, or the answer to one that may not be made. */
  #callOf(request: IncomingMessage, body: string): Call | ApiAnswer {
    const { secretKey } = this.#options;
    const { method = 'GET', headers, url = '/' } = request;
    const { pathname: path, search } = new URL(url, 'http://stand-in');
    const text = method === 'GET' ? search.slice(1) : body;
    const type = headers['content-type'] ?? '';
    if (method !== 'GET' && text !== '' && !type.startsWith('application/x-www-form-urlencoded'))
      return badParameter('body', 'It must be a form.');
    const form = parseForm(text);
    if (form === null) return badParameter('body', 'It is no form.');
    const key = keyOf(headers.authorization ?? '');
    const bySecretKey = key === secretKey;
    if (!bySecretKey && !this.#isBuyer(key, path, form))
      return failed(401, badKey('Invalid API Key provided.'));
    delete form['client_secret'];
    const given = headers['idempotency-key'];
    const idempotencyKey = typeof given === 'string' ? given : null;
    return { method, path, form, text, bySecretKey, idempotencyKey };
  }

  /** Whose device has the publishable key and the secret of the intent that it confirms. */
  #isBuyer(key: string, path: string, form: FormFields): boolean {
    const [, id = ''] = /^\/v1\/payment_intents\/(\w+)\/confirm$/.exec(path) ?? [];
    const secret = this.account.intents.get(id)?.client_secret;
    return (
      key === this.#options.publishableKey &&
      secret !== undefined &&
      textIn(form, 'client_secret') === secret
    );
  }
}

function keyOf(authorization: string): string {
  const [, scheme, value] = /^(Bearer|Basic) (\S+)$/.exec(authorization) ?? [];
  if (scheme === undefined || value === undefined) return '';
  return scheme === 'Bearer' ? value : Buffer.from(value, 'base64').toString().split(':', 1)[0]!;
}

function reusedKey(): ApiAnswer {
  const message = 'Keys for idempotent requests can only be used with the same parameters.';
  return failed(400, { type: 'idempotency_error', message });
}

function badKey(message: string) {
  return { type: 'invalid_request_error', message } as const;
}

function fault500(): ApiAnswer {
  return failed(500, { type: 'api_error', message: 'An unknown error occurred.' });
}

function fault503(): ApiAnswer {
  return failed(503, { type: 'api_error', message: 'Stripe is away for a moment.' });
}

function send(response: ServerResponse, { status, body }: ApiAnswer, headers: object): void {
  const text = JSON.stringify(body);
  response
    .writeHead(status, {
      'content-type': 'application/json',
      'request-id': 'req_stand_in',
      ...headers,
    })
    .end(text);
}
