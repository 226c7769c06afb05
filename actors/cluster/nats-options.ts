// How this process connects to NATS, for the broker and for the live bus alike: soon to notice that
// the server is gone, and never to give up coming back.

/** A server that has not answered two pings, so within three of these, is gone. */
const PING_INTERVAL_MS = 1_000;
const PINGS_UNANSWERED_MAX = 2;
const CONNECT_TIMEOUT_MS = 5_000;
const RECONNECT_DELAY_MS = 100;
/** Added at random, so that a server that comes back does not meet every node in one instant. */
const RECONNECT_JITTER_MS = 400;

export interface NatsOptions {
  readonly servers: string[];
  readonly user?: string;
  readonly pass?: string;
  /** Shown by the server's own monitoring. */
  readonly name: string;
  readonly timeout: number;
  readonly pingInterval: number;
  readonly maxPingOut: number;
  readonly maxReconnectAttempts: number;
  readonly ignoreAuthErrorAbort: boolean;
  readonly reconnectDelayHandler: () => number;
}

/**
 * `url`: one server or several with commas between, `nats://user:password@host:port`; the account
 * is that of the first one that names one. Throws a TypeError for what is no URL.
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
    // An account that the server does not know just now may be known again after its next reload.
    ignoreAuthErrorAbort: true,
    reconnectDelayHandler: reconnectDelayMs,
  };
}

export function reconnectDelayMs(): number {
  return RECONNECT_DELAY_MS + Math.random() * RECONNECT_JITTER_MS;
}
