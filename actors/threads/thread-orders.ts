// What travels in the rings: the orders of one turn of a gateway thread's event loop, and their
// replies, encoded as between nodes (`actors/cluster/execute-wire.ts`).

import { Packr } from 'msgpackr';
import type { CommandsOnWire, RepliesOnWire } from '../cluster/execute-wire.ts';

/** Commands in one message; of replies about as many. */
export const COMMANDS_PER_MESSAGE_MAX = 256;

export interface OrdersMessage {
  readonly batch: number;
  readonly packed: CommandsOnWire;
  /** As `joinTraces` makes it. */
  readonly traces?: string | undefined;
}

/** Replies to commands of some batches. */
export type RepliesMessage = readonly {
  readonly batch: number;
  readonly packed: RepliesOnWire;
}[];

const packr = new Packr({ useRecords: false });

export function encodeOrders(message: OrdersMessage): Uint8Array {
  return packr.pack(message);
}

export function decodeOrders(bytes: Uint8Array): OrdersMessage {
  return packr.unpack(bytes) as OrdersMessage;
}

export function encodeReplies(message: RepliesMessage): Uint8Array {
  return packr.pack(message);
}

export function decodeReplies(bytes: Uint8Array): RepliesMessage {
  return packr.unpack(bytes) as RepliesMessage;
}
