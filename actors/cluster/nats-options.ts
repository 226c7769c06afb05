// How this process connects to NATS, for the broker and for the live bus. It notices soon that the
// server is gone, and retries without end.

import { readFileSync } from 'node:fs';
import { parseNatsServers } from './nats-servers.ts';

/** A server is gone when two pings are unanswered, so within three of these intervals. */
const PING_INTERVAL_MS = 1_000;
const PINGS_UNANSWERED_MAX = 2;
const CONNECT_TIMEOUT_MS = 5_000;
const RECONNECT_DELAY_MS = 100;
/** Random part of the delay, so that not all nodes reconnect in the same instant. */
const RECONNECT_JITTER_MS = 400;

export interface NatsOptions {
  readonly servers: string[];
  readonly user?: string;
  readonly pass?: string;
  /** Present: the connection must be encrypted, by a certificate of one of these authorities. */
  readonly tls?: { readonly ca?: string };
  /** Shown by the monitoring of the NATS server. */
  readonly name: string;
  readonly timeout: number;
  readonly pingInterval: number;
  readonly maxPingOut: number;
  readonly maxReconnectAttempts: number;
  readonly ignoreAuthErrorAbort: boolean;
  readonly reconnectDelayHandler: () => number;
}

export interface NatsAddress {
  /** As `parseNatsServers` reads it. */
  readonly url: string;
  /** A PEM file with the authorities that may have signed the servers' certificates. */
  readonly caFile?: string | null;
}

/** Throws a TypeError for text that `parseNatsServers` does not read; an Error of the CA file. */
export function natsOptions({ url, caFile, name }: NatsAddress & { name: string }): NatsOptions {
  const servers = parseNatsServers(url);
  if (servers === null) throw new TypeError('these are no addresses of NATS servers');
  const { hosts, tls, user, password } = servers;
  return {
    servers: hosts,
    ...(user === undefined ? {} : { user, pass: password ?? '' }),
    ...(tls ? { tls: caFile ? { ca: readFileSync(caFile, 'utf8') } : {} } : {}),
    name,
    timeout: CONNECT_TIMEOUT_MS,
    pingInterval: PING_INTERVAL_MS,
    maxPingOut: PINGS_UNANSWERED_MAX,
    maxReconnectAttempts: -1,
    // The server may know the account again after its next reload.
    ignoreAuthErrorAbort: true,
    reconnectDelayHandler: reconnectDelayMs,
  };
}

export function reconnectDelayMs(): number {
  return RECONNECT_DELAY_MS + Math.random() * RECONNECT_JITTER_MS;
}
