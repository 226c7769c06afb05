// The addresses of NATS servers, as the setting `LIVEDROPS_NATS` and the tests write them.

export interface NatsServers {
  /** `host:port`, or `host` for the port 4222. */
  readonly hosts: string[];
  /** Encrypted: a server that offers no TLS is refused. */
  readonly tls: boolean;
  readonly user: string | undefined;
  readonly password: string | undefined;
}

const SERVER = /^(?:(nats|tls):\/\/)?(.+)$/;

/**
 * One or several servers, separated by commas: `nats://user:password@host:port`, or `tls://`. Only
 * the first needs its scheme, and the others have the same. The account is the first one in the
 * list. Null for other text.
 */
export function parseNatsServers(text: string): NatsServers | null {
  const hosts: string[] = [];
  let schemeOfAll: string | null = null;
  let account: URL | null = null;
  for (const part of text.split(',')) {
    const [, scheme, rest] = SERVER.exec(part.trim()) ?? [];
    schemeOfAll ??= scheme ?? null;
    if (schemeOfAll === null || rest === undefined) return null;
    if (scheme !== undefined && scheme !== schemeOfAll) return null;
    const url = URL.parse(`nats://${rest}`);
    if (url === null || url.hostname === '' || !/^\/?$/.test(url.pathname) || url.search !== '')
      return null;
    hosts.push(url.host);
    if (url.username !== '') account ??= url;
  }
  return {
    hosts,
    tls: schemeOfAll === 'tls',
    user: account === null ? undefined : decodeURIComponent(account.username),
    password: account === null ? undefined : decodeURIComponent(account.password),
  };
}
