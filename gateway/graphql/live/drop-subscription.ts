// A client's subscription to what it shares with others.

import type { RefusalCode } from '../../../contracts/refusals.ts';
import { errorOf } from '../context.ts';
import { type GraphQLClient, nextBegin, type Operation } from './graphql-client.ts';
import type { SharedStream, Subscriber } from './shared-stream.ts';

export class DropSubscription implements Operation, Subscriber {
  readonly #client: GraphQLClient;
  readonly #id: string;
  readonly #begin: string;
  readonly #stream: SharedStream;
  #missed = false;

  constructor(client: GraphQLClient, id: string, stream: SharedStream) {
    this.#client = client;
    this.#id = id;
    this.#begin = nextBegin(id);
    this.#stream = stream;
  }

  next(payload: string): boolean {
    // Until there is room again, what comes is in the state that is sent then.
    if (!this.#missed) this.#missed = !this.#client.next(this.#begin, payload);
    return !this.#missed;
  }

  refused(code: RefusalCode): void {
    this.#client.failed(this.#id, [errorOf({ ok: false, code }).toJSON()]);
  }

  drained(): void {
    if (!this.#missed) return;
    this.#missed = false;
    this.#stream.resend(this);
  }

  stop(): void {
    this.#stream.leave(this);
  }
}
