// Reads of drops that are not in memory, from what is stored: a drop from the head of its sealed
// copy, an order from its buyer's order list, a page of a drop's orders from a few parts of the
// sealed copy. No drop is loaded for them, and nothing is written. Nor for the order of somebody
// who has none of the drop: it cannot be an order that is placed again, and is refused.
//
// Both say what the drop itself would say: the sealed copy of a drop that is not in memory is its
// newest state, and order lists count only once they have all entries that the sealed copy has.

import type {
  DropCommand,
  GetDrop,
  GetOrder,
  ListOrders,
  PlaceOrder,
} from '../../contracts/commands.ts';
import { assert } from '../../domain/assert.ts';
import { decide } from '../../domain/decide.ts';
import { mayManage } from '../../domain/decision.ts';
import { refusal } from '../../domain/refusal.ts';
import { restoreHead } from '../../storage/formats/drop-snapshot.ts';
import {
  decodeSealedHead,
  openSealedDrop,
  type SealedHead,
  sealedView,
} from '../../storage/formats/sealed-drop.ts';
import type { OrderListStore, PlacedWithin } from '../../storage/ports/order-list.ts';
import type { SnapshotStore } from '../../storage/ports/snapshots.ts';
import { turnOfOthers } from './recovery.ts';
import type { ShardReply } from './shard-reply.ts';

/** A buyer with more orders since the drop was created is asked about by loading it. */
const ORDERS_READ_MAX = 100;

export type OrderRows = Pick<OrderListStore, 'findOrder' | 'listByUser' | 'position'>;

/** The commands that read. */
export type ReadCommand = GetDrop | GetOrder | ListOrders;

const NOT_FOUND: ShardReply = refusal('not-found');
const FORBIDDEN: ShardReply = refusal('forbidden');

/** Reads neither load a drop that is over nor hold it in memory. */
export function isRead(command: DropCommand): command is ReadCommand {
  const { type } = command;
  return type === 'get-drop' || type === 'get-order' || type === 'list-orders';
}

/** Whether what is stored may be enough to answer it. */
export function mayBeAnswered(command: DropCommand): command is ReadCommand | PlaceOrder {
  return isRead(command) || command.type === 'place-order';
}

export interface SealedReadsOptions {
  readonly shard: number;
  readonly snapshots: SnapshotStore;
  readonly orderRows: OrderRows;
}

export class SealedReads {
  readonly #shard: number;
  readonly #snapshots: SnapshotStore;
  readonly #orderRows: OrderRows;
  /** Heads that are being read: one read for each drop however many commands ask. */
  readonly #heads = new Map<string, Promise<SealedHead | null>>();
  /** The order lists have all entries up to this one. */
  #rowsThrough = 0;
  #position: Promise<void> | null = null;

  constructor(options: SealedReadsOptions) {
    this.#shard = options.shard;
    this.#snapshots = options.snapshots;
    this.#orderRows = options.orderRows;
  }

  /**
   * The answer; null where only the drop itself can give it: an earlier release sealed it, the
   * order lists are behind, or the buyer has an order of the drop. Errors: `store-unavailable`,
   * `corrupt`.
   */
  async answer(command: ReadCommand | PlaceOrder): Promise<ShardReply | null> {
    if (command.type === 'list-orders') return await this.#list(command);
    const head = await this.#head(command.dropId);
    // The creation of the drop may wait to be decided, before its first order.
    if (head === null) return command.type === 'place-order' ? null : NOT_FOUND;
    if (head.sequence === null) return null;
    if (command.type === 'get-drop') return { ok: true, value: sealedView(head) };
    if (head.sequence > this.#rowsThrough) await this.#readPosition();
    if (head.sequence > this.#rowsThrough) return null;
    if (command.type === 'place-order')
      return (await this.#mayHaveOrder(command, head)) ? null : refusePlace(command, head);
    const { userId, orderId } = command;
    const order = await this.#orderRows.findOrder(userId, orderId, saleOf(head));
    return order === null ? NOT_FOUND : { ok: true, value: order };
  }

  /** Whether the buyer's newest orders have one of the drop, or do not reach back to it. */
  async #mayHaveOrder({ userId, dropId }: PlaceOrder, { counters }: SealedHead): Promise<boolean> {
    const page = { limit: ORDERS_READ_MAX, cursor: null };
    const { items, nextCursor } = await this.#orderRows.listByUser(userId, page);
    if (items.some((order) => order.dropId === dropId)) return true;
    return nextCursor !== null && items.at(-1)!.createdAt >= counters.createdAt;
  }

  async #list(command: ListOrders): Promise<ShardReply | null> {
    const sealed = await this.#snapshots.findSealedDrop(command.dropId);
    if (sealed === null) return NOT_FOUND;
    const head = await decodeSealedHead(sealed, turnOfOthers);
    if (head.sequence === null) return null;
    const drop = await openSealedDrop(sealed, head);
    if (!mayManage(drop, command.caller)) return FORBIDDEN;
    return { ok: true, value: await drop.newestOrders(command) };
  }

  #head(dropId: string): Promise<SealedHead | null> {
    let head = this.#heads.get(dropId);
    if (head === undefined) {
      head = this.#readHead(dropId).finally(() => this.#heads.delete(dropId));
      this.#heads.set(dropId, head);
    }
    return head;
  }

  async #readHead(dropId: string): Promise<SealedHead | null> {
    const sealed = await this.#snapshots.findSealedDrop(dropId);
    return sealed === null ? null : await decodeSealedHead(sealed, turnOfOthers);
  }

  /** One look at a time: on SQLite it syncs the file. */
  #readPosition(): Promise<void> {
    this.#position ??= this.#orderRows
      .position(this.#shard)
      .then((position) => void (this.#rowsThrough = Math.max(this.#rowsThrough, position)))
      .finally(() => void (this.#position = null));
    return this.#position;
  }
}

/** When orders of the drop were placed: no change moves the start once orders are taken. */
function saleOf({ counters }: SealedHead): PlacedWithin {
  const { opensAt, endsAt } = restoreHead(counters);
  return { from: opensAt, to: endsAt };
}

/** The order of somebody who has none of the drop, which is over. */
function refusePlace(command: PlaceOrder, { counters }: SealedHead): ShardReply {
  const state = restoreHead(counters);
  const decision = decide(state, command, state.endsAt);
  assert(!decision.ok, `${state.id} is over and sells`);
  return decision;
}
