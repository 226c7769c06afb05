// How this process connects to NATS, for the broker and for the live bus. It notices soon that the
// server is gone, and retries without end.

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
  /** Shown by the monitoring of the NATS server. */
  readonly name: string;
  readonly timeout: number;
  readonly pingInterval: number;
  readonly maxPingOut: number;
  readonly maxReconnectAttempts: number;
  readonly ignoreAuthErrorAbort: boolean;
  readonly reconnectDelayHandler: () => number;
}

/**
 * `url`: one or several servers, separated by commas: `nats://user:password@host:port`. The account
 * is the first one in the list. Throws a TypeError for text that is no URL.
 */
export function natsOptions(options: { readonly url: string; readonly name: string }): NatsOptions {
  const urls = options.url.split(',').map((text) => new URL(text.trim()));
  const account = urls.find(({ username }) => username !== '');
  return {
    servers: urls.map(({ host }) => host),
    ...(account === undefined
      ? {}
      : {
          user: decodeURIComponent(account.username),
          pass: decodeURIComponent(account.password),
        }),
    name: options.name,
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
