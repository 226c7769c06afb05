// The shards of one owner as squares: the stronger the colour, the more is ordered there. A square
// that has just come to its node lights up, so that moves are seen as they happen.

import type { Shard } from '../../sdk/api.ts';
import { consoleText } from './texts.ts';

/** Of an idle shard; the busiest one has 1. */
const IDLE = 0.35;

interface ShardMapProps {
  readonly shards: readonly Shard[];
  /** Degrees, the colour of the node; null: nobody's. */
  readonly hue: number | null;
  /** Orders a second of the busiest shard of the cluster. */
  readonly rateMax: number;
}

export function ShardMap({ shards, hue, rateMax }: ShardMapProps) {
  if (shards.length === 0) return null;
  return (
    <ul class="console-shards" role="list">
      {shards.map(({ shard, status, owner, wanted, liveDrops, ordersPerSecond, pinned }) => {
        const busy = rateMax === 0 ? 0 : ordersPerSecond / rateMax;
        const isLeaving = owner !== null && wanted !== owner;
        const state = owner === null ? 'none' : isLeaving ? 'leaving' : status;
        return (
          <li
            key={shard}
            class={`console-shard console-shard-${state}${pinned ? ' console-shard-pinned' : ''}`}
            style={{ '--busy': IDLE + (1 - IDLE) * busy, ...(hue !== null && { '--hue': hue }) }}
            title={consoleText('shards.shard', {
              shard,
              state: status,
              owner: owner ?? consoleText('shards.nobody'),
            })}
          >
            {liveDrops > 0 && <span class="number">{liveDrops}</span>}
          </li>
        );
      })}
    </ul>
  );
}
