// Reads of drops that are not in memory, from what is stored: a drop from the head of its sealed
// copy, an order from its buyer's order list, a page of a drop's orders from a few parts of the
// sealed copy. No drop is loaded for them, and nothing is written.
// Both say what the drop itself would say: the sealed copy of a drop that is not in memory is its
// newest state, and order lists count only once they have all entries that the sealed copy has.

import type { DropCommand, GetDrop, GetOrder, ListOrders } from '../../contracts/commands.ts';
import { mayManage } from '../../domain/decision.ts';
import { refusal } from '../../domain/refusal.ts';
import {
  decodeSealedHead,
  openSealedDrop,
  type SealedHead,
  sealedView,
} from '../../storage/formats/sealed-drop.ts';
import type { OrderListStore } from '../../storage/ports/order-list.ts';
import type { SnapshotStore } from '../../storage/ports/snapshots.ts';
import { turnOfOthers } from './recovery.ts';
import type { ShardReply } from './shard-reply.ts';

export type OrderRows = Pick<OrderListStore, 'findOrder' | 'position'>;

/** The commands that read. */
export type ReadCommand = GetDrop | GetOrder | ListOrders;

const NOT_FOUND: ShardReply = refusal('not-found');
const FORBIDDEN: ShardReply = refusal('forbidden');

/** Reads neither load a drop that is over nor hold it in memory. */
export function isRead(command: DropCommand): command is ReadCommand {
  const { type } = command;
  return type === 'get-drop' || type === 'get-order' || type === 'list-orders';
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
   * The answer; null where only the drop itself can give it: an earlier release sealed it, or the
   * order lists are behind. Errors: `store-unavailable`, `corrupt`.
   */
  async answer(command: ReadCommand): Promise<ShardReply | null> {
    if (command.type === 'list-orders') return await this.#list(command);
    const head = await this.#head(command.dropId);
    if (head === null) return NOT_FOUND;
    if (head.sequence === null) return null;
    if (command.type === 'get-drop') return { ok: true, value: sealedView(head) };
    if (head.sequence > this.#rowsThrough) await this.#readPosition();
    if (head.sequence > this.#rowsThrough) return null;
    const order = await this.#orderRows.findOrder(command.userId, command.orderId);
    return order === null ? NOT_FOUND : { ok: true, value: order };
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
