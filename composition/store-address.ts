// The setting that names the store: parses its text.

export type StoreAddress =
  /** A file in the data directory. */
  | { readonly kind: 'sqlite'; readonly text: string }
  | {
      readonly kind: 'redis';
      readonly cluster: boolean;
      readonly tls: boolean;
      readonly nodes: readonly { readonly host: string; readonly port: number }[];
      readonly username: string | undefined;
      readonly password: string | undefined;
      /** The setting's text, with name and password. */
      readonly text: string;
    };

const REDIS_PORT = 6379;
const SCHEME = /^(redis|rediss|redis-cluster):\/\/(.+)$/;

/** Null where the text is no valid store address. */
export function parseStoreAddress(text: string): StoreAddress | null {
  if (text === 'sqlite:') return { kind: 'sqlite', text };
  const [, scheme, rest] = SCHEME.exec(text) ?? [];
  if (scheme === undefined || rest === undefined) return null;
  const at = rest.lastIndexOf('@');
  const account = at < 0 ? '' : rest.slice(0, at + 1);
  const urls: URL[] = [];
  for (const host of rest.slice(at + 1).split(',')) {
    const url = URL.parse(`redis://${account}${host}`);
    if (url === null || url.hostname === '' || !/^\/?$/.test(url.pathname) || url.search !== '')
      return null;
    urls.push(url);
  }
  const cluster = scheme === 'redis-cluster';
  if (!cluster && urls.length > 1) return null;
  const { username, password } = urls[0]!;
  return {
    kind: 'redis',
    cluster,
    tls: scheme === 'rediss',
    nodes: urls.map(({ hostname, port }) => ({
      host: hostname.replace(/^\[(.*)\]$/, '$1'),
      port: port === '' ? REDIS_PORT : Number(port),
    })),
    username: username === '' ? undefined : decodeURIComponent(username),
    password: password === '' ? undefined : decodeURIComponent(password),
    text,
  };
}
