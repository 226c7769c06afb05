// A client's subscription to what it shares with others.

import type { RefusalCode } from '../../../contracts/refusals.ts';
import { errorOf } from '../context.ts';
import {
  type AskedOperation,
  type GraphQLClient,
  nextBegin,
  type Operation,
} from './graphql-client.ts';
import type { SharedStream, Subscriber } from './shared-stream.ts';

export class DropSubscription implements Operation, Subscriber {
  readonly #client: GraphQLClient;
  readonly #place: AskedOperation;
  readonly #begin: string;
  readonly #stream: SharedStream;
  /** Of the state, what had no room yet. */
  #unsent: readonly string[] = [];
  #missed = false;

  constructor(client: GraphQLClient, place: AskedOperation, stream: SharedStream) {
    this.#client = client;
    this.#place = place;
    this.#begin = nextBegin(place.id);
    this.#stream = stream;
  }

  state(payloads: readonly string[]): void {
    this.#missed = false;
    this.#unsent = payloads;
    this.#sendState();
  }

  next(payload: string): void {
    // Until there is room again, what comes is in the state that is sent then.
    if (this.#missed || this.#unsent.length > 0) this.#missed = true;
    else this.#missed = !this.#client.next(this.#begin, payload);
  }

  refused(code: RefusalCode): void {
    this.#client.failed(this.#place, [errorOf({ ok: false, code }).toJSON()]);
  }

  drained(): void {
    this.#sendState();
    if (this.#unsent.length === 0 && this.#missed) this.#stream.resend(this);
  }

  stop(): void {
    this.#stream.leave(this);
  }

  #sendState(): void {
    const full = this.#unsent.findIndex((payload) => !this.#client.next(this.#begin, payload));
    this.#unsent = full < 0 ? [] : this.#unsent.slice(full);
  }
}
