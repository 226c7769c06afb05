// Requests that a gateway thread passes on to the gateway of its main thread, which has what they
// need: the node's metrics and health, its descriptions, and replies that are streams of its
// stores. Nothing is checked before: the main thread's gateway does with them what it does with
// requests of its own. Bodies that are streams are asked for chunk by chunk, when the client has
// taken the last one.

import type { OutgoingReply, OutgoingStream } from './outgoing-reply.ts';
import type { Door, IncomingRequest, Method, Route } from './route.ts';

/** A request as plain data. */
export interface ForwardedRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly door: Door;
  readonly address: string;
  readonly body: Uint8Array | null;
}

/** A reply as plain data: of a body that is a stream, its number. */
export type ForwardedReply = Omit<OutgoingReply, 'body'> & {
  readonly body: string | Uint8Array | { readonly stream: number; readonly isWhole: boolean };
};

/** Null at the end of the body. `isAllowed` as in `BodyStream`, after this chunk. */
export type ForwardedChunk = { readonly chunk: string; readonly isAllowed: boolean } | null;

/** The main thread, for a gateway thread. */
export interface MainGateway {
  /** Where requests go that this thread does not answer. */
  readonly routes: readonly RouteAddress[];
  request(request: ForwardedRequest): Promise<ForwardedReply>;
  /** Rejects where the stream has failed. */
  chunk(stream: number): Promise<ForwardedChunk>;
  /** Nobody reads on. */
  closed(stream: number): void;
}

/** What finds a route, as plain data. */
export interface RouteAddress {
  readonly method: Method;
  readonly path: string;
  readonly idsOfUsers: readonly string[];
}

export function addressOfRoute({ definition }: Route): RouteAddress {
  const { method, path, idsOfUsers = [] } = definition;
  return { method, path, idsOfUsers };
}

/** Those of the main thread that are not among the thread's own. None where there is no main. */
export function routesElsewhere(main: MainGateway | null, own: readonly Route[]): Route[] {
  const known = new Set(own.map(({ definition: { method, path } }) => `${method} ${path}`));
  const others = main?.routes.filter(({ method, path }) => !known.has(`${method} ${path}`));
  return (others ?? []).map((address) => ({
    definition: {
      ...address,
      summary: '',
      tag: '',
      access: 'public',
      rateClass: null,
      status: 200,
      refusals: [],
    },
    handle: null,
  }));
}

/** Of a gateway thread. Rejects where the main thread does not answer. */
export async function forward(
  main: MainGateway,
  incoming: IncomingRequest,
  headers: ReadonlyMap<string, string>,
): Promise<OutgoingReply> {
  const { method, path, query, door, address, body } = incoming;
  const reply = await main.request({ method, path, query, headers, door, address, body });
  const { body: given } = reply;
  if (typeof given === 'string' || given instanceof Uint8Array) return { ...reply, body: given };
  return { ...reply, body: streamOf(main, given) };
}

function streamOf(
  main: MainGateway,
  { stream, isWhole }: { readonly stream: number; readonly isWhole: boolean },
): OutgoingStream {
  let isAllowed = true;
  async function* chunks(): AsyncGenerator<string, void, undefined> {
    for (;;) {
      const next = await main.chunk(stream);
      if (next === null) return;
      ({ isAllowed } = next);
      yield next.chunk;
    }
  }
  return {
    chunks: chunks(),
    isWhole,
    isAllowed: () => isAllowed,
    close: () => main.closed(stream),
    failed: () => undefined,
  };
}

/** The main thread's side, of all gateway threads. */
export class ForwardedRequests {
  readonly #dispatch: (incoming: IncomingRequest) => Promise<OutgoingReply>;
  readonly #streams = new Map<number, { stream: OutgoingStream; chunks: AsyncIterator<string> }>();
  #lastStream = 0;

  /** `dispatch` never rejects. */
  constructor(dispatch: (incoming: IncomingRequest) => Promise<OutgoingReply>) {
    this.#dispatch = dispatch;
  }

  async request({ headers, ...request }: ForwardedRequest): Promise<ForwardedReply> {
    const { body, ...reply } = await this.#dispatch({
      ...request,
      header: (name) => headers.get(name) ?? '',
      hasHeader: (name) => headers.has(name),
      gone: () => false,
    });
    if (typeof body === 'string' || body instanceof Uint8Array) return { ...reply, body };
    const number = ++this.#lastStream;
    this.#streams.set(number, { stream: body, chunks: body.chunks[Symbol.asyncIterator]() });
    return { ...reply, body: { stream: number, isWhole: body.isWhole === true } };
  }

  async chunk(number: number): Promise<ForwardedChunk> {
    const open = this.#streams.get(number);
    if (open === undefined) return null;
    const { stream, chunks } = open;
    try {
      const next = await chunks.next();
      if (next.done === true) return null;
      return { chunk: next.value, isAllowed: stream.isAllowed?.() ?? true };
    } catch (fault) {
      stream.failed(fault);
      throw fault;
    }
  }

  closed(number: number): void {
    const open = this.#streams.get(number);
    if (open === undefined) return;
    this.#streams.delete(number);
    // A generator that waits ends when it is asked for the next chunk; nobody asks any more.
    void Promise.resolve(open.chunks.return?.()).catch(() => undefined);
    open.stream.close();
  }
}
