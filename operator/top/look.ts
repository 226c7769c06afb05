// Reads the cluster once, for `livedrops top`: the operator API, the live drops, and the metrics of
// each node that is known.

import type { Sample } from '../../contracts/alarms.ts';
import type { MetricName } from '../../contracts/metrics.ts';
import type { Look } from './picture.ts';
import { parseExposition } from './exposition.ts';

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
  // A gateway has no shards, and is in no list of nodes.
  const urls = [...new Set([...living, api.url])];
  const scrapes = new Map<string, readonly Sample[]>();
  const silent: string[] = [];
  await Promise.all(
    urls.map(async (url) => {
      try {
        const samples = parseExposition(await api.metrics(url));
        // One node may have two addresses, and an address may lead to several nodes.
        scrapes.set(nodeIn(samples) ?? url, samples);
      } catch {
        silent.push(url);
      }
    }),
  );
  return { at: now(), nodes, shards, drops, scrapes, silent };
}

/** Null: the node does not name itself, as older ones. */
function nodeIn(samples: readonly Sample[]): string | null {
  const name: MetricName = 'livedrops_build_info';
  return samples.find((sample) => sample.name === name)?.labels['node'] ?? null;
}
