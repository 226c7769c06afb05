// The servers of a gateway: the public one, and that of the operators' address, where there is one.
// Replies are the same at both, but that internal routes are then only at the latter, and orders
// and live streams only at the former: their path has one place, and one server publishes to
// streams.

import { HttpServer, type HttpServerOptions } from './server.ts';

export interface DoorsOptions extends Omit<HttpServerOptions, 'door'> {
  /** Null: all routes are at the public address. */
  readonly operatorAddress: { readonly host: string; readonly port: number } | null;
}

export class Doors {
  readonly #public: HttpServer;
  readonly #operators: HttpServer | null;
  #operatorPort: number | null = null;

  constructor(options: DoorsOptions) {
    const { operatorAddress } = options;
    this.#public = new HttpServer({ ...options, door: 'public' });
    const nothingLive = { orders: null, live: null, graphql: null, children: null };
    this.#operators =
      operatorAddress === null
        ? null
        : new HttpServer({ ...options, ...operatorAddress, ...nothingLive, door: 'operators' });
  }

  /** Of the public server: `HttpServer.descriptor`. */
  get descriptor(): number {
    return this.#public.descriptor;
  }

  /** Null where there is no operators' address, or before it listens. */
  get operatorPort(): number | null {
    return this.#operatorPort;
  }

  /** Listens. Resolves to the public port; rejects where a port is taken. */
  async start(): Promise<number> {
    this.#operatorPort = (await this.#operators?.start()) ?? null;
    return await this.#public.start();
  }

  /** As `HttpServer.stop`; operators are answered to the end. */
  async stop(drainMs: number): Promise<void> {
    await this.#public.stop(drainMs);
    await this.#operators?.stop(0);
  }
}
