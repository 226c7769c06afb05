// A connection of the live bus to NATS, from its beginning to its end. NATS's client could
// reconnect by itself. Here each connection ends for good and the bus opens a new one, because the
// client cannot leave a server that hangs with its receive buffer full: it waits for a last write
// first.

import { connect, DebugEvents, type NatsConnection } from 'nats';
import { natsOptions } from '../cluster/nats-options.ts';

/** Rejects when there is none within a bound. It does not get back what it publishes itself. */
export function openConnection({
  url,
  name,
}: {
  url: string;
  name: string;
}): Promise<NatsConnection> {
  return connect({ ...natsOptions({ url, name: `${name} live` }), noEcho: true, reconnect: false });
}

/** Resolves to why the connection has ended. One that stops answering is ended here. */
export async function endOf(connection: NatsConnection): Promise<unknown> {
  let stale: Error | null = null;
  // The statuses have no end: they are heard for as long as the connection is kept.
  void (async () => {
    for await (const status of connection.status()) {
      if (status.type !== DebugEvents.StaleConnection) continue;
      stale = new Error('NATS does not answer any more');
      await connection.close();
    }
  })();
  return (await connection.closed()) ?? stale;
}

/** Resolves after the time, or as soon as the signal says so. */
export function after(delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, delayMs);
    signal?.addEventListener('abort', done, { once: true });
    function done(): void {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    }
  });
}
