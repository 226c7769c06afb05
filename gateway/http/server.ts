// The HTTP and WebSocket server: the only file that uses uWebSockets.js. It reads requests into
// plain values, writes replies, and adapts sockets for the live stream. Its rules: a request is
// read before the first await, because it lives on the stack; `onAborted` is set before any
// asynchronous work; body chunks are copied; a response is not used after its end or its abort.

import type {
  HttpRequest,
  HttpResponse,
  TemplatedApp,
  us_listen_socket,
  us_socket_context_t,
  WebSocket,
} from 'uWebSockets.js';
import { GRAPHQL_MESSAGE_BYTES_MAX } from '../../contracts/bounds.ts';
import { addressLimitKey, addressText, forwardedAddress, lastForwardedFor } from './address.ts';
import type { Admission, Admitted, StreamKind } from './admission.ts';
import type { Dispatcher } from './dispatcher.ts';
import { Exchange } from './exchange.ts';
import type { Flight } from './flight.ts';
import type { OrderPath } from '../orders/order-path.ts';
import { forward, type MainGateway } from './forwarded.ts';
import { TELLS_OF_NODE } from './operator-access.ts';
import type { Origins } from './origins.ts';
import type { OutgoingReply } from './outgoing-reply.ts';
import { problem, type Problem } from './problems.ts';
import type { RateLimits } from './rate-limits.ts';
import type { Door } from './route.ts';
import type { ReadPath } from './read-path.ts';
import { ServerSocket, SOCKET_BUFFER_BYTES_MAX } from './server-socket.ts';
import type { LiveConnection, LiveHandler, LiveProtocol, PublishFrame } from './socket.ts';

/**
 * Makes the live stream, from the function that publishes frames and the limits that it shares with
 * requests.
 */
export type MakeLive = (publish: PublishFrame, limits: RateLimits) => LiveHandler;

/**
 * Bytes of a request's first line and headers: room for the longest token and a browser's cookies.
 */
const HEAD_BYTES_MAX = 16 * 1024;
// The native addon reads the variable once, when it is loaded. A static import would load it before
// this line runs.
process.env['UWS_HTTP_MAX_HEADERS_SIZE'] = String(HEAD_BYTES_MAX);
const uws = await import('uWebSockets.js');
const { App, DISABLED, us_listen_socket_close, us_socket_local_port } = uws;
// Without it every reply names the library and its version.
(uws as unknown as { default: SilencedServer }).default._cfg('silent');

/** Bytes of a body, except an order's. */
const BODY_BYTES_MAX = 64 * 1024;
/**
 * Past this limit the server closes the connection without a close frame. So the limit is above
 * that of the live stream, which sends a close frame.
 */
const FRAME_BYTES_MAX = 16 * 1024;
const GRAPHQL_FRAME_BYTES_MAX = 2 * GRAPHQL_MESSAGE_BYTES_MAX;
/** A socket without a message or a pong for this long is dead. The server pings often enough. */
const SOCKET_IDLE_SECONDS = 60;
/** `LIBUS_LISTEN_EXCLUSIVE_PORT`. Without it a second process would silently share the port. */
const EXCLUSIVE_PORT = 1;

export interface HttpServerOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly door: Door;
  readonly dispatcher: Dispatcher;
  /** Null: they are not placed here. */
  readonly orders: OrderPath | null;
  readonly reads: ReadPath;
  readonly admission: Admission;
  readonly origins: Origins;
  readonly limits: RateLimits;
  readonly flight: Flight;
  /** Null: no live streams are served here. */
  readonly live: MakeLive | null;
  /** Null where no live streams are served. */
  readonly graphql: LiveProtocol | null;
  readonly trustProxy: boolean;
  /** Where gateway threads serve the connections that this one accepts; none unless given. */
  readonly children?: ServerChildren | null;
  /** Of a gateway thread, which accepts no connections itself; absent: it has no main thread. */
  readonly main?: MainGateway | null;
  /** Gets defects in the code that the server calls. The request is already answered or closed. */
  readonly onFault: (fault: unknown) => void;
}

/** The servers of gateway threads. */
export interface ServerChildren {
  /** What `HttpServer.descriptor` is in each thread. */
  readonly descriptors: readonly number[];
  /** Calls the listener when one of them has died: no connection may be given to it. */
  onDied(listener: () => void): void;
  /** As `HttpServer.stop`, of all of them. */
  stop(): Promise<void>;
}

interface SocketData {
  readonly admitted: Admitted;
  socket: ServerSocket | null;
  connection: LiveConnection | null;
}

export class HttpServer {
  readonly #options: HttpServerOptions;
  readonly #app: TemplatedApp;
  readonly #live: LiveHandler | null;
  #listening: us_listen_socket | null = null;
  #isOpen = false;
  readonly #addressOf = (response: HttpResponse, request: HttpRequest): string => {
    if (this.#options.trustProxy) {
      const forwarded = forwardedAddress(lastForwardedFor(request));
      if (forwarded !== null) return forwarded;
    }
    return addressText(new Uint8Array(response.getRemoteAddress()));
  };

  constructor(options: HttpServerOptions) {
    this.#options = options;
    const app = App();
    this.#app = app;
    const publish: PublishFrame = (topic, text) => {
      app.publish(topic, text);
    };
    this.#live = options.live?.(publish, options.limits) ?? null;
    const { orders } = options;
    if (orders !== null)
      app.post('/v1/drops/:id/orders', (response, request) =>
        this.#order(orders, response, request),
      );
    if (this.#live !== null && options.graphql !== null) {
      app.ws('/v1/notifications', this.#socketBehavior('user'));
      app.ws('/v1/drops/:id/live', this.#socketBehavior('drop'));
      app.ws('/v1/graphql', this.#socketBehavior('graphql'));
    }
    app.get('/*', (response, request) => {
      if (!options.reads.serve(response, request, this.#addressOf))
        this.#request(response, request);
    });
    app.any('/*', (response, request) => this.#request(response, request));
  }

  /** What the server of the main thread knows this one by, which is a child of it. */
  get descriptor(): number {
    return (this.#app as unknown as DistributingApp).getDescriptor();
  }

  /** Resolves to the port, 0 of a child; rejects where it is taken. */
  async start(): Promise<number> {
    const { host, port, children = null, main = null } = this.#options;
    this.#isOpen = true;
    if (main !== null) return 0;
    for (const descriptor of children?.descriptors ?? [])
      (this.#app as unknown as DistributingApp).addChildAppDescriptor(descriptor);
    children?.onDied(() => this.#close());
    return await new Promise((resolve, reject) => {
      const listening = (socket: us_listen_socket | false): void => {
        if (socket === false) {
          const detail = 'is the port taken, or the address not of this machine?';
          reject(new Error(`Cannot listen on ${host}:${port}: ${detail}`));
          return;
        }
        this.#listening = socket;
        resolve(us_socket_local_port(socket));
      };
      const app: unknown = this.#app;
      (app as ListeningApp).listen(host, port, EXCLUSIVE_PORT, listening);
    });
  }

  /**
   * Stops accepting connections, waits up to `drainMs` for requests in flight, ends the live
   * streams, and closes. Later calls do nothing.
   */
  async stop(drainMs: number): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#close();
    const { flight, children } = this.#options;
    await Promise.all([flight.drain(drainMs), children?.stop()]);
    this.#live?.stop();
    this.#app.close();
  }

  /** Accepts no connections any more. */
  #close(): void {
    if (this.#listening !== null) us_listen_socket_close(this.#listening);
    this.#listening = null;
  }

  #order(orders: OrderPath, response: HttpResponse, request: HttpRequest): void {
    const { limits } = this.#options;
    const address = limits.enabled ? addressLimitKey(this.#addressOf(response, request)) : '';
    const order = orders.begin(response, request, address);
    if (order === null) return;
    response.onAborted(() => order.aborted());
    response.onData((chunk, isLast) => order.received(chunk, isLast));
  }

  #request(response: HttpResponse, request: HttpRequest): void {
    const { flight, dispatcher, door, main = null, onFault } = this.#options;
    const address = this.#addressOf(response, request);
    const exchange = new Exchange(response, request, address, flight, door);
    const isFull =
      door === 'operators' || TELLS_OF_NODE.has(exchange.path)
        ? flight.fullForOperators
        : flight.full;
    if (isFull) {
      exchange.write(dispatcher.refuse(exchange, problem('overloaded'))).catch(onFault);
      return;
    }
    exchange.readBody(BODY_BYTES_MAX, (tooLong) => {
      const replying =
        main !== null && dispatcher.isElsewhere(exchange)
          ? this.#forward(main, exchange)
          : dispatcher.dispatch(exchange);
      replying.then((reply) => exchange.write(reply, tooLong)).catch(onFault);
    });
  }

  /** Never rejects. */
  async #forward(main: MainGateway, exchange: Exchange): Promise<OutgoingReply> {
    try {
      return await forward(main, exchange, exchange.headers);
    } catch {
      return this.#options.dispatcher.refuse(exchange, problem('unavailable'));
    }
  }

  #socketBehavior(of: StreamKind['of']) {
    return {
      maxPayloadLength: of === 'graphql' ? GRAPHQL_FRAME_BYTES_MAX : FRAME_BYTES_MAX,
      maxBackpressure: SOCKET_BUFFER_BYTES_MAX,
      idleTimeout: SOCKET_IDLE_SECONDS,
      sendPingsAutomatically: true,
      // Frames are small, and many sockets get the same one: compressing it for each would cost
      // more than it saves.
      compression: DISABLED,
      upgrade: (response: HttpResponse, request: HttpRequest, context: us_socket_context_t) => {
        const kind: StreamKind =
          of === 'drop' ? { of, dropId: request.getParameter(0) ?? '' } : { of };
        this.#upgrade(response, request, context, kind);
      },
      open: (ws: WebSocket<SocketData>) => {
        const data = ws.getUserData();
        data.socket = new ServerSocket(ws);
        this.#guard(data, () => {
          const { graphql } = this.#options;
          data.connection =
            of === 'graphql'
              ? graphql!.opened(this.#live!, data.socket!, data.admitted)
              : this.#live!.opened(data.socket!, data.admitted);
        });
      },
      message: (ws: WebSocket<SocketData>, message: ArrayBuffer, isBinary: boolean) => {
        const data = ws.getUserData();
        // The server has validated the UTF-8 of text frames.
        const text = isBinary ? null : Buffer.from(message).toString('utf8');
        this.#guard(data, () => data.connection?.received(text));
      },
      dropped: (ws: WebSocket<SocketData>) => {
        // May be called from inside a `send`, which first sends the frames that were published to
        // this socket in the same turn. Those may be dropped although the sent frame is not.
        const data = ws.getUserData();
        this.#guard(data, () => data.connection?.missedFrame());
      },
      drain: (ws: WebSocket<SocketData>) => {
        const data = ws.getUserData();
        if (data.socket?.drained() === true) return;
        this.#guard(data, () => data.connection?.drained());
      },
      close: (ws: WebSocket<SocketData>) => {
        const data = ws.getUserData();
        data.socket?.closed();
        this.#options.admission.release(data.admitted);
        this.#guard(data, () => data.connection?.closed());
      },
    };
  }

  #upgrade(
    response: HttpResponse,
    request: HttpRequest,
    context: us_socket_context_t,
    kind: StreamKind,
  ): void {
    const { flight, admission, origins, dispatcher, onFault } = this.#options;
    const key = request.getHeader('sec-websocket-key');
    const extensions = request.getHeader('sec-websocket-extensions');
    const exchange = new Exchange(response, request, this.#addressOf(response, request), flight);
    const admitted: Admitted | Problem = flight.draining
      ? problem('unavailable')
      : origins.mayStream(exchange.header('origin'), exchange.header('host'))
        ? admission.admit(exchange, kind)
        : problem('forbidden', 'Pages of this origin may not open live streams.');
    if (!admitted.ok) {
      exchange.write(dispatcher.refuse(exchange, admitted)).catch(onFault);
      return;
    }
    exchange.detach();
    const data: SocketData = { admitted, socket: null, connection: null };
    response.upgrade(data, key, admitted.protocol, extensions, context);
  }

  /** A defect in the live stream closes its connection, not the process. */
  #guard(data: SocketData, act: () => void): void {
    try {
      act();
    } catch (fault) {
      this.#options.onFault(fault);
      data.socket?.end(1011, 'internal');
    }
  }
}

/** A setting of the whole process, which is missing in the package's types. */
interface SilencedServer {
  _cfg(key: 'silent'): void;
}

/** How a server gives connections to others in turn, which is missing in the package's types. */
interface DistributingApp {
  getDescriptor(): number;
  addChildAppDescriptor(descriptor: number): void;
}

/** The overload with host and options, which is missing in the package's types. */
interface ListeningApp {
  listen(
    host: string,
    port: number,
    options: number,
    listening: (socket: us_listen_socket | false) => void,
  ): unknown;
}
