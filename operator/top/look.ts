// Reads the cluster once, for `livedrops top`: the operator API, the live drops, and the metrics of
// each node that is known.

import type { Look } from './picture.ts';
import { parseExposition, type Sample } from './exposition.ts';

/** Of `OperatorApi`. */
export interface LookedAt {
  readonly url: string;
  nodes(): Promise<Look['nodes']>;
  shards(): Promise<Look['shards']>;
  liveDrops(): Promise<Look['drops']>;
  /** The text of the metrics of the node at this address. */
  metrics(url: string): Promise<string>;
}

/** Errors: `ApiError` where no node answers. */
export async function look(api: LookedAt, now: () => number): Promise<Look> {
  const [nodes, shards, drops] = await Promise.all([api.nodes(), api.shards(), api.liveDrops()]);
  const living = nodes.flatMap(({ state, url }) => (state === 'lost' || !url ? [] : [url]));
  // A gateway has no shards, and is in no list of nodes. One node may have two addresses.
  const urls =
    living.length === 0 || !nodes.some(({ url }) => sameHost(url, api.url))
      ? [...new Set([...living, api.url])]
      : living;
  const scrapes = new Map<string, readonly Sample[]>();
  const silent: string[] = [];
  await Promise.all(
    urls.map(async (url) => {
      try {
        scrapes.set(url, parseExposition(await api.metrics(url)));
      } catch {
        silent.push(url);
      }
    }),
  );
  return { at: now(), nodes, shards, drops, scrapes, silent };
}

/** A node tells its address by the name of its machine, and is called by another one. */
function sameHost(one: string | null, other: string): boolean {
  return one !== null && new URL(one).port === new URL(other).port;
}
