// A connection of the live bus to NATS. The NATS client could reconnect by itself. The bus opens a
// new connection instead, because the client cannot leave a server that hangs with a full receive
// buffer: the client waits for a last write first.

import { connect, DebugEvents, type NatsConnection } from 'nats';
import { type NatsAddress, natsOptions } from '../cluster/nats-options.ts';

export interface ConnectionOptions extends NatsAddress {
  /** Shown by the monitoring of the NATS server. */
  readonly name: string;
}

/** Rejects after a timeout. The connection does not receive its own messages. */
export async function openConnection(options: ConnectionOptions): Promise<NatsConnection> {
  const name = `${options.name} live`;
  return await connect({ ...natsOptions({ ...options, name }), noEcho: true, reconnect: false });
}

/**
 * Resolves to null as soon as the signal aborts: an attempt at a server that hangs takes its whole
 * time, and nobody waits for that. Otherwise as `openConnection`.
 */
export function openUnlessAborted(
  options: ConnectionOptions,
  signal: AbortSignal,
): Promise<NatsConnection | null> {
  return new Promise((resolve, reject) => {
    const abort = () => resolve(null);
    signal.addEventListener('abort', abort, { once: true });
    openConnection(options)
      .then((connection) => (signal.aborted ? connection.close() : resolve(connection)))
      .catch(reject)
      .finally(() => signal.removeEventListener('abort', abort));
  });
}

/** Resolves to the reason when the connection has ended. Closes one that stops answering. */
export async function endOf(connection: NatsConnection): Promise<unknown> {
  let stale: Error | null = null;
  // The iterator of statuses ends with the connection.
  void (async () => {
    for await (const status of connection.status()) {
      if (status.type !== DebugEvents.StaleConnection) continue;
      stale = new Error('NATS does not answer any more');
      await connection.close();
    }
  })();
  return (await connection.closed()) ?? stale;
}

/** Resolves after the time, or as soon as the signal aborts. */
export function delay(delayMs: number, signal?: AbortSignal): Promise<void> {
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
