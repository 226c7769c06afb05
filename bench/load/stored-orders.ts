// Sells orders straight to shards, without a server: what fills data directories.

import { randomUUID } from 'node:crypto';
import pino from 'pino';
import { systemClock } from '../../actors/clock.ts';
import { InProcessLiveBus } from '../../actors/live-bus.ts';
import type { FactSink } from '../../actors/shard/facts.ts';
import { ShardHost } from '../../actors/shard/shard-host.ts';
import type { ShardReply } from '../../actors/shard/shard-reply.ts';
import type { DropCommand } from '../../contracts/commands.ts';
import type { ShardPosition } from '../../storage/ports/consumer-positions.ts';
import type { SqliteStores } from '../../storage/sqlite/stores.ts';
import { idIn, NEIGHBOUR_CREATOR } from './neighbour-drops.ts';

const SALE_MS = 86_400_000;
const HOLD_SECONDS = 3600;

export interface StoredOrders {
  /** Of all shards together. */
  readonly orders: number;
  readonly ordersPerEntry: number;
  readonly shards: readonly number[];
  /** In the ids of the drops, one for each shard. */
  readonly name: string;
}

/**
 * Sells from a new drop in each of the shards, with a snapshot at the end. Returns where the
 * journals of all shards end then.
 */
export async function sellStored(
  stores: SqliteStores,
  { orders, ordersPerEntry, shards, name }: StoredOrders,
): Promise<ShardPosition[]> {
  const host = storedHost(stores);
  await host.start();
  const drops = shards.map((shard) => idIn(shard, name));
  await execute(
    host,
    drops.map((dropId) => dropToSell(dropId, 'instant', orders)),
  );
  for (let placed = 0; placed < orders; placed += ordersPerEntry * drops.length)
    await execute(
      host,
      drops.flatMap((dropId) => placeOrders(dropId, ordersPerEntry)),
    );
  const ends = host.shards.map(({ id: shard, sequence }) => ({ shard, sequence }));
  await host.stop();
  return ends;
}

export function storedHost(stores: SqliteStores, facts?: FactSink): ShardHost {
  const log = pino({ level: 'warn' }, pino.destination(2));
  const bus = new InProcessLiveBus();
  const sink = facts === undefined ? {} : { facts };
  return new ShardHost({ ...stores, ...sink, nodeId: 'bench', bus, clock: systemClock, log });
}

export function dropToSell(
  dropId: string,
  payment: 'instant' | 'provider',
  stock: number,
): DropCommand {
  const terms = {
    id: dropId,
    productId: 'p_1',
    creatorId: NEIGHBOUR_CREATOR,
    startsAt: Date.now() - 1000,
    endsAt: Date.now() + SALE_MS,
    unitAmount: 100,
    currency: 'EUR',
    limitPerUser: 1000,
    holdSeconds: HOLD_SECONDS,
    payment,
  };
  return { type: 'create-drop', dropId, terms, stock };
}

/** Of a user each. */
export function placeOrders(dropId: string, count: number): DropCommand[] {
  return Array.from({ length: count }, () => ({
    type: 'place-order',
    dropId,
    userId: `u_${randomUUID()}`,
    key: randomUUID(),
    quantity: 1,
  }));
}

export async function execute(
  host: ShardHost,
  commands: readonly DropCommand[],
): Promise<readonly ShardReply[]> {
  const replies = await host.execute(commands);
  const refused = replies.find((reply) => !reply.ok);
  if (refused !== undefined) throw new Error(`a command was refused: ${JSON.stringify(refused)}`);
  return replies;
}
