// Moleculer's transporter over NATS, with what its own leaves out: while NATS is away calls to other
// nodes fail at once instead of running into their time limits, a server that hangs is left, and
// stopping does not wait for it.

import { Transporters } from 'moleculer';
import type { NatsOptions } from '../../actors/cluster/nats-options.ts';

/** How long a node that stops waits for NATS to read what it said last. */
const LAST_WORDS_MS = 1_000;

/** The part of NATS's client that is used; the package itself is Moleculer's business. */
interface Client {
  flush(): Promise<void>;
  close(): Promise<void>;
  status(): AsyncIterable<{ readonly type: string }>;
  /** Not part of its interface: see `#watch`. */
  readonly protocol: { readonly transport: { readonly socket?: { destroy(): void } } };
}

export class NatsTransporter extends Transporters.NATS {
  constructor(options: NatsOptions) {
    super({ ...options });
  }

  override async connect(): Promise<void> {
    await super.connect();
    void this.#watch(this.client as Client);
  }

  override async disconnect(): Promise<void> {
    const client = this.client as Client | null;
    if (client === null) return;
    this.client = null;
    if (this.connected) await flushed(client);
    await client.close();
  }

  /** The statuses have no end: they are heard for as long as the process lives. */
  async #watch(client: Client): Promise<void> {
    for await (const { type } of client.status()) {
      if (type === 'disconnect') {
        // Moleculer refuses calls that would leave the node from now on.
        this.connected = false;
      } else if (type === 'reconnect') {
        if (this.client === client) await this.onConnected(true);
      } else if (type === 'staleConnection') {
        // The client would wait for a last write, which nobody reads where buffers are full.
        client.protocol.transport.socket?.destroy();
      }
    }
  }
}

/** Resolves when NATS has read everything, is gone, or would take too long. */
async function flushed(client: Client): Promise<void> {
  const tooLong = new Promise((resolve) => setTimeout(resolve, LAST_WORDS_MS).unref());
  await Promise.race([client.flush().catch(() => undefined), tooLong]);
}
