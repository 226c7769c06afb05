// Moleculer's transporter over NATS, with behaviour that the original lacks: while NATS is away,
// calls to other nodes fail at once instead of after their time limits; a server that hangs is
// left; and stopping does not wait for it.

import { Transporters } from 'moleculer';
import pTimeout from 'p-timeout';
import type { NatsOptions } from '../../actors/cluster/nats-options.ts';

/** The time that a stopping node waits until NATS has read its last messages. */
const LAST_WORDS_MS = 1_000;

/** The used part of NATS's client. Moleculer depends on the package itself. */
interface Client {
  flush(): Promise<void>;
  close(): Promise<void>;
  status(): AsyncIterable<{ readonly type: string }>;
  /** Not part of the client's interface: see `#watch`. */
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

  /** The statuses never end: they are read for as long as the process lives. */
  async #watch(client: Client): Promise<void> {
    for await (const { type } of client.status()) {
      if (type === 'disconnect') {
        // From now on Moleculer refuses calls to other nodes.
        this.connected = false;
      } else if (type === 'reconnect') {
        if (this.client === client) await this.onConnected(true);
      } else if (type === 'staleConnection') {
        // The client would wait for a last write, which nothing reads where buffers are full.
        client.protocol.transport.socket?.destroy();
      }
    }
  }
}

/** Resolves once NATS has read everything, is gone, or takes too long. */
async function flushed(client: Client): Promise<void> {
  const read = client.flush().catch(() => undefined);
  await pTimeout(read, { milliseconds: LAST_WORDS_MS, fallback: () => undefined });
}
