// `livedrops cache`: lists the caches of all gateways, and evicts from them.

import type { CacheEviction, EvictedCaches, NodeCaches } from '../contracts/caches.ts';
import type { CacheKind } from '../contracts/cache-kinds.ts';
import { connectOperator, type ConnectOptions } from './connect.ts';
import { type ListOptions, showList } from './show-list.ts';
import { table } from './table.ts';

const MIB = 1 << 20;

export interface EvictOptions extends ConnectOptions {
  readonly json?: true;
  readonly kind?: CacheKind;
  readonly key?: string;
  readonly creator?: string;
  readonly all?: true;
}

export async function caches(options: ListOptions): Promise<void> {
  await showList(options, (api) => api.caches(), cachesText);
}

export async function evict(options: EvictOptions): Promise<void> {
  const { kind, key, creator, all, json } = options;
  const given = { kind, key, creatorId: creator, all };
  const chosen = Object.entries(given).filter(([, value]) => value !== undefined);
  if (chosen.length !== 1) throw new Error('one of --kind, --key, --creator and --all is needed');
  const evicted = await (await connectOperator(options)).evictCaches(
    Object.fromEntries(chosen) as CacheEviction,
  );
  const isJson = json === true;
  process.stdout.write(isJson ? `${JSON.stringify(evicted, null, 2)}\n` : evictedText(evicted));
  if (evicted.some((one) => one.evicted === null)) process.exitCode = 1;
}

export function cachesText(nodes: readonly NodeCaches[]): string {
  if (nodes.length === 0) return 'No node is a gateway.\n';
  return table(
    [
      'node',
      'kind',
      'entries',
      'MiB',
      'hit',
      'hits',
      'stale',
      'misses',
      'waited',
      'faults',
      'full',
    ],
    nodes.flatMap(({ node, caches: samples }) => {
      if (samples === null) return [[node, 'silent', ...Array.from({ length: 9 }, () => '-')]];
      return samples.map((sample) => {
        const shown = sample.hits + sample.stale;
        const reads = shown + sample.misses + sample.collapsed;
        return [
          node,
          sample.kind,
          String(sample.entries),
          (sample.bytes / MIB).toFixed(1),
          reads === 0 ? '-' : `${((100 * shown) / reads).toFixed(1)} %`,
          String(sample.hits),
          String(sample.stale),
          String(sample.misses),
          String(sample.collapsed),
          String(sample.faults),
          String(sample.evictions),
        ];
      });
    }),
    ['entries', 'MiB', 'hit', 'hits', 'stale', 'misses', 'waited', 'faults', 'full'],
  );
}

export function evictedText(nodes: readonly EvictedCaches[]): string {
  return nodes
    .map(
      ({ node, evicted }) => `${node}: ${evicted === null ? 'no answer' : `${evicted} evicted`}\n`,
    )
    .join('');
}
