// A drop's orders, for its creator and operators, newest first (O9a). The drop's owner gives a
// page. Where it does not answer soon, because its node is gone or its shard is stuck, the page is
// made of what is stored: the newest snapshot, or the sealed copy, and the journal behind it.

import pTimeout from 'p-timeout';
import type { ActionParams } from '../contracts/actions.ts';
import type { ListOrders } from '../contracts/commands.ts';
import type { DropOrdersPage, DropOrdersSlice } from '../contracts/orders.ts';
import type { Outcome } from '../contracts/refusals.ts';
import { mayManage } from '../domain/decision.ts';
import { refusal, success } from '../domain/refusal.ts';
import type { KeptDrops } from '../events/replay/kept-drop.ts';
import { decodeCursor, encodeCursor } from '../storage/formats/cursor.ts';
import type { StoredDrop } from '../storage/formats/stored-drop.ts';
import type { FeatureLevels } from '../storage/ports/feature-level.ts';
import { InvalidCursorError } from '../storage/ports/page.ts';
import { actorFor, type DropCreatorsOptions } from './permissions.ts';

/** How long a slice waits for the owner. */
const OWNER_WAIT_MAX_MS = 250;
/** From this feature level on every owner takes `list-orders`. */
const LIST_LEVEL = 3;

export interface DropOrdersOptions extends DropCreatorsOptions {
  readonly keptDrops: KeptDrops;
  /** Of the store. */
  readonly levels: Pick<FeatureLevels, 'reached'>;
}

export class DropOrders {
  readonly #options: DropOrdersOptions;

  constructor(options: DropOrdersOptions) {
    this.#options = options;
  }

  /**
   * `not-found`, or `forbidden` for whoever is neither the creator nor an operator. Only the last
   * page may be empty. Errors: `invalid-cursor`.
   */
  async list({
    caller,
    dropId,
    filter,
    page,
  }: ActionParams<'orders.ofDrop'>): Promise<Outcome<DropOrdersPage>> {
    const { limit, cursor } = page;
    if (Number.isNaN(filter.since)) return refusal('invalid-request', 'since: is not a time.');
    if (Number.isNaN(filter.until)) return refusal('invalid-request', 'until: is not a time.');
    const first = cursor === null ? null : ordinalOf(dropId, cursor);
    const actor = await actorFor(this.#options, caller, dropId, 'orders.ofDrop');
    const query = { dropId, caller: actor, filter, limit } as const;
    for (let before = first; ; ) {
      const slice = await this.#slice({ type: 'list-orders', ...query, before });
      if (!slice.ok) return slice;
      const { items, version } = slice.value;
      before = slice.value.before;
      if (before === null) return success({ items, nextCursor: null, version });
      // Where the filter matches few orders, one look at the drop may have found none of them.
      if (items.length === 0) continue;
      const nextCursor = encodeCursor('drop-orders', { time: before, id: dropId });
      return success({ items, nextCursor, version });
    }
  }

  async #slice(command: ListOrders): Promise<Outcome<DropOrdersSlice>> {
    const { router, levels } = this.#options;
    if (levels.reached() >= LIST_LEVEL) {
      const reply = await pTimeout(router.send(command), {
        milliseconds: OWNER_WAIT_MAX_MS,
        fallback: () => null,
      });
      if (reply !== null && (reply.ok || reply.code !== 'unavailable')) return reply;
    }
    const kept = await this.#options.keptDrops.read(command.dropId, async (drop) =>
      mayManage(drop, command.caller)
        ? success(await nextOrders(drop, command))
        : refusal('forbidden'),
    );
    return kept ?? refusal('not-found');
  }
}

/** Opening a drop costs more than a look at its orders: goes on until there is one, or the end. */
async function nextOrders(drop: StoredDrop, command: ListOrders): Promise<DropOrdersSlice> {
  let slice = await drop.newestOrders(command);
  while (slice.items.length === 0 && slice.before !== null)
    slice = await drop.newestOrders({ ...command, before: slice.before });
  return slice;
}

function ordinalOf(dropId: string, cursor: string): number {
  const { time, id } = decodeCursor('drop-orders', cursor);
  if (id !== dropId || time < 0) throw new InvalidCursorError('the cursor is of another drop');
  return time;
}
