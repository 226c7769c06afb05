// The HTTP and WebSocket server: the only file that knows uWebSockets.js. It reads requests into
// plain values, writes replies, and adapts sockets to the live stream's port. Its rules: the
// request is read before anything is awaited, since it lives on the stack; `onAborted` comes before
// anything asynchronous; body chunks are copied; a response is not touched once answered or
// aborted.

import type {
  HttpRequest,
  HttpResponse,
  TemplatedApp,
  us_listen_socket,
  us_socket_context_t,
  WebSocket,
} from 'uWebSockets.js';
import { addressLimitKey, addressText, forwardedAddress } from './address.ts';
import type { Admission, Admitted } from './admission.ts';
import type { Dispatcher } from './dispatcher.ts';
import { Exchange } from './exchange.ts';
import type { Flight } from './flight.ts';
import type { OrderPath } from '../orders/order-path.ts';
import { problem, type Problem } from './problems.ts';
import type { RateLimits } from './rate-limits.ts';
import { ServerSocket, SOCKET_BUFFER_BYTES_MAX } from './server-socket.ts';
import type { LiveConnection, LiveHandler, PublishFrame } from './socket.ts';

/** Makes the live stream: what it publishes by, and the limits it shares with requests. */
export type MakeLive = (publish: PublishFrame, limits: RateLimits) => LiveHandler;

/** Of a request's first line and headers: room for the longest token beside a browser's cookies. */
const HEAD_BYTES_MAX = 16 * 1024;
// The addon reads it once, when it is loaded; an import would load it before any line of this file.
process.env['UWS_HTTP_MAX_HEADERS_SIZE'] = String(HEAD_BYTES_MAX);
const { App, DISABLED, us_listen_socket_close, us_socket_local_port } = await import(
  'uWebSockets.js'
);

/** Every body but an order's. */
const BODY_BYTES_MAX = 64 * 1024;
/**
 * Past it the server ends the connection without a close frame, so it is above what the live stream
 * takes, which ends it with one.
 */
const FRAME_BYTES_MAX = 16 * 1024;
/** Without a word or a pong for this long a socket is dead; the server pings by itself in time. */
const SOCKET_IDLE_SECONDS = 60;
/** `LIBUS_LISTEN_EXCLUSIVE_PORT`: otherwise a second process would quietly share the port. */
const EXCLUSIVE_PORT = 1;

export interface HttpServerOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly dispatcher: Dispatcher;
  /** Null: neither orders nor live streams are served here. */
  readonly orders: OrderPath | null;
  readonly admission: Admission;
  readonly limits: RateLimits;
  readonly flight: Flight;
  readonly live: MakeLive;
  readonly trustProxy: boolean;
  /** Told of defects in what the server calls; the request is answered or closed already. */
  readonly onFault: (fault: unknown) => void;
}

interface SocketData {
  readonly admitted: Admitted;
  socket: ServerSocket | null;
  connection: LiveConnection | null;
}

export class HttpServer {
  readonly #options: HttpServerOptions;
  readonly #app: TemplatedApp;
  readonly #live: LiveHandler;
  #listening: us_listen_socket | null = null;

  constructor(options: HttpServerOptions) {
    this.#options = options;
    const app = App();
    this.#app = app;
    const publish: PublishFrame = (topic, text) => {
      app.publish(topic, text);
    };
    this.#live = options.live(publish, options.limits);
    const { orders } = options;
    if (orders !== null) {
      app.post('/v1/drops/:id/orders', (response, request) =>
        this.#order(orders, response, request),
      );
      app.ws('/v1/notifications', this.#socketBehavior(false));
      app.ws('/v1/drops/:id/live', this.#socketBehavior(true));
    }
    app.any('/*', (response, request) => this.#request(response, request));
  }

  /** Resolves to the port; rejects where it is taken. */
  async start(): Promise<number> {
    const { host, port } = this.#options;
    return await new Promise((resolve, reject) => {
      const listening = (socket: us_listen_socket | false): void => {
        if (socket === false) {
          reject(
            new Error(
              `Cannot listen on ${host}:${port}: is the port taken, or the address not of this machine?`,
            ),
          );
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
   * Stops accepting, lets requests in flight finish within `drainMs`, ends the live streams, and
   * closes. Harmless when repeated.
   */
  async stop(drainMs: number): Promise<void> {
    if (this.#listening === null) return;
    us_listen_socket_close(this.#listening);
    this.#listening = null;
    await this.#options.flight.drain(drainMs);
    this.#live.stop();
    this.#app.close();
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
    const { flight, dispatcher, onFault } = this.#options;
    const exchange = new Exchange(response, request, this.#addressOf(response, request), flight);
    if (flight.full) {
      exchange.write(dispatcher.refuse(exchange, problem('overloaded'))).catch(onFault);
      return;
    }
    exchange.readBody(BODY_BYTES_MAX, (tooLong) => {
      dispatcher
        .dispatch(exchange)
        .then((reply) => exchange.write(reply, tooLong))
        .catch(onFault);
    });
  }

  #addressOf(response: HttpResponse, request: HttpRequest): string {
    if (this.#options.trustProxy) {
      const forwarded = forwardedAddress(request.getHeader('x-forwarded-for'));
      if (forwarded !== null) return forwarded;
    }
    return addressText(new Uint8Array(response.getRemoteAddress()));
  }

  #socketBehavior(ofDrop: boolean) {
    return {
      maxPayloadLength: FRAME_BYTES_MAX,
      maxBackpressure: SOCKET_BUFFER_BYTES_MAX,
      idleTimeout: SOCKET_IDLE_SECONDS,
      sendPingsAutomatically: true,
      // Frames are small and many sockets get the same one: compressing each would cost more than
      // it saves.
      compression: DISABLED,
      upgrade: (response: HttpResponse, request: HttpRequest, context: us_socket_context_t) => {
        const dropId = ofDrop ? (request.getParameter(0) ?? '') : null;
        this.#upgrade(response, request, context, dropId);
      },
      open: (ws: WebSocket<SocketData>) => {
        const data = ws.getUserData();
        data.socket = new ServerSocket(ws);
        this.#guard(data, () => {
          data.connection = this.#live.opened(data.socket!, data.admitted);
        });
      },
      message: (ws: WebSocket<SocketData>, message: ArrayBuffer, isBinary: boolean) => {
        const data = ws.getUserData();
        // The server has checked the UTF-8 of text frames.
        const text = isBinary ? null : Buffer.from(message).toString('utf8');
        this.#guard(data, () => data.connection?.received(text));
      },
      dropped: (ws: WebSocket<SocketData>) => {
        // Also from inside a `send`, which first takes along what was published to this socket in
        // the same turn: that may be dropped although the sent frame is not.
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
        this.#options.admission.release(data.admitted.addressKey);
        this.#guard(data, () => data.connection?.closed());
      },
    };
  }

  #upgrade(
    response: HttpResponse,
    request: HttpRequest,
    context: us_socket_context_t,
    dropId: string | null,
  ): void {
    const { flight, admission, dispatcher, onFault } = this.#options;
    const key = request.getHeader('sec-websocket-key');
    const extensions = request.getHeader('sec-websocket-extensions');
    const exchange = new Exchange(response, request, this.#addressOf(response, request), flight);
    const admitted: Admitted | Problem = flight.draining
      ? problem('unavailable')
      : admission.admit(exchange, dropId);
    if (!admitted.ok) {
      exchange.write(dispatcher.refuse(exchange, admitted)).catch(onFault);
      return;
    }
    exchange.handOver();
    const data: SocketData = { admitted, socket: null, connection: null };
    // No subprotocol is spoken, so none is chosen.
    response.upgrade(data, key, '', extensions, context);
  }

  /** A defect in the live stream costs its connection, not the process. */
  #guard(data: SocketData, act: () => void): void {
    try {
      act();
    } catch (fault) {
      this.#options.onFault(fault);
      data.socket?.end(1011, 'internal');
    }
  }
}

/** The overload with host and options, which the package's types leave out. */
interface ListeningApp {
  listen(
    host: string,
    port: number,
    options: number,
    listening: (socket: us_listen_socket | false) => void,
  ): unknown;
}
