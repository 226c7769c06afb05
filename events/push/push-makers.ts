// The makers of browsers whose push services nearly all browsers use. Anybody may run another one,
// and subscribe with it, so what is kept or shared by service has places of its own for these.

import { LRUCache } from 'lru-cache';

const MAKERS: readonly (readonly [maker: string, host: RegExp])[] = [
  ['google', /\.(?:googleapis|google)\.com$/],
  ['mozilla', /\.mozilla\.(?:com|org)$/],
  ['apple', /\.push\.apple\.com$/],
  ['microsoft', /\.notify\.windows\.com$/],
];

/** The longest scheme of an endpoint, behind which its host begins. */
const HOST_BEGIN = 'https://'.length;
const ORIGINS_MAX = 256;
/** Few services take nearly all messages, so their makers are remembered. */
const makerOfOrigin = new LRUCache<string, string>({ max: ORIGINS_MAX });
const NOBODY = '';

/** Whose service an endpoint or origin is of; null: of none of the known makers. */
export function makerOf(endpoint: string): string | null {
  const end = endpoint.indexOf('/', HOST_BEGIN);
  const origin = end === -1 ? endpoint : endpoint.slice(0, end);
  let maker = makerOfOrigin.get(origin);
  if (maker === undefined) {
    const hostname = URL.canParse(origin) ? new URL(origin).hostname : '';
    maker = MAKERS.find(([, host]) => host.test(hostname))?.[0] ?? NOBODY;
    makerOfOrigin.set(origin, maker);
  }
  return maker === NOBODY ? null : maker;
}
