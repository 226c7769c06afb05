// What `fill-neighbours.ts` puts into data directories: drops that wait for their part in the
// scenario `neighbours`. All of them are in one shard of a node alone.

import { EMBEDDED_SHARD_COUNT, shardOf } from '../../domain/ids.ts';

/** The shard that is disturbed, of `EMBEDDED_SHARD_COUNT`. */
export const BUSY_SHARD = 3;
/** Who may cancel the drops. */
export const NEIGHBOUR_CREATOR = 'neighbour-creator';

export interface NeighbourDropsJob {
  /** Drops that are over, sealed and not in memory. */
  readonly sealedDrops: number;
  readonly ordersPerSealedDrop: number;
  /** Live drops whose orders the payment provider was paid for. */
  readonly paidDrops: number;
  readonly ordersPerPaidDrop: number;
}

export interface StoredOrdersJob {
  readonly orders: number;
}

export function sealedDropId(index: number): string {
  return idIn(BUSY_SHARD, `sealed${index}`);
}

export function paidDropId(index: number): string {
  return idIn(BUSY_SHARD, `paid${index}`);
}

/** An id in that shard of a node alone. */
export function idIn(shard: number, name: string): string {
  for (let i = 0; ; i++) {
    const id = `d_${name}_${i}`;
    if (shardOf(id, EMBEDDED_SHARD_COUNT) === shard) return id;
  }
}
