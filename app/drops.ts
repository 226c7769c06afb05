// Drops: create, change, cancel and list (D1 to D4, S4). The drop's actor owns its state. This file
// checks that a drop is of the caller's product and that its times are valid, and lists rows with
// the stock that the owner has now. The order path sells drops.

import type { CommandRouter } from '../actors/command-router.ts';
import type { ActionParams } from '../contracts/actions.ts';
import {
  DROP_AHEAD_MAX_MS,
  HOLD_SECONDS_DEFAULT,
  LIMIT_PER_USER_DEFAULT,
} from '../contracts/bounds.ts';
import type { DropTerms, DropView, NewDrop } from '../contracts/drops.ts';
import type { Page } from '../contracts/paging.ts';
import type { Outcome, Refusal } from '../contracts/refusals.ts';
import { ID_RANDOM_BYTES, makeId } from '../domain/ids.ts';
import { refusal, success } from '../domain/refusal.ts';
import type { Catalogue } from '../storage/ports/catalogue.ts';
import { callerOf } from './caller.ts';
import { refuseStranger } from './products.ts';
import type { RandomBytes } from './random-bytes.ts';

export interface DropsOptions {
  readonly catalogue: Catalogue;
  readonly router: CommandRouter;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  readonly random: RandomBytes;
}

export class Drops {
  readonly #options: DropsOptions;

  constructor(options: DropsOptions) {
    this.#options = options;
  }

  async create({
    caller,
    productId,
    drop,
  }: ActionParams<'drops.create'>): Promise<Outcome<DropView>> {
    const { catalogue, router, now, random } = this.#options;
    const refused =
      refuseTimes(drop, now()) ?? (await refuseStranger(catalogue, productId, caller));
    if (refused !== null) return refused;
    const dropId = makeId('d', now(), random(ID_RANDOM_BYTES));
    const terms = termsOf(dropId, productId, caller.userId, drop);
    const created = await router.send({ type: 'create-drop', dropId, terms, stock: drop.stock });
    if (created.ok) await this.#listAtOnce(created.value);
    return created;
  }

  async amend({ caller, dropId, change }: ActionParams<'drops.amend'>): Promise<Outcome<DropView>> {
    const { router, now } = this.#options;
    const refused = refuseTimes(change, now());
    if (refused !== null) return refused;
    if (change.addStock === 0) return refusal('invalid-request', 'addStock: must not be 0.');
    return await router.send({ type: 'amend-drop', dropId, caller: callerOf(caller), ...change });
  }

  async cancel({ caller, dropId }: ActionParams<'drops.cancel'>): Promise<Outcome<DropView>> {
    return await this.#options.router.send({
      type: 'cancel-drop',
      dropId,
      caller: callerOf(caller),
    });
  }

  /**
   * Rows whose drop can still change are overlaid with the owner's durable view, so listed stock is
   * never stale. A drop whose fresh status no longer matches the filter is left out, so a page may
   * be shorter than its limit. Where an owner cannot be reached its row stays: it is correct as of
   * its version.
   */
  async list({
    page,
    ...filter
  }: ActionParams<'catalogue.drops'>): Promise<Outcome<Page<DropView>>> {
    const rows = await this.#options.catalogue.listDrops(filter, page);
    const fresh = await Promise.all(rows.items.map((row) => this.#freshView(row)));
    const items =
      filter.status === undefined ? fresh : fresh.filter((view) => view.status === filter.status);
    return success({ items, nextCursor: rows.nextCursor });
  }

  /**
   * Writes the row at once, so that the creator finds the drop in the list. The relay writes the
   * same row later.
   */
  async #listAtOnce(view: DropView): Promise<void> {
    try {
      await this.#options.catalogue.putDrops([view]);
    } catch (error) {
      // The drop exists; after an error the client would create it again. The relay will write its
      // row.
      if ((error as { code?: unknown } | null)?.code !== 'store-unavailable') throw error;
    }
  }

  async #freshView(row: DropView): Promise<DropView> {
    // Over and without open holds: only a refund can still change it, and the relay writes that.
    const isOver = (row.status === 'ended' || row.status === 'cancelled') && row.held === 0;
    if (isOver) return row;
    const reply = await this.#options.router.send({ type: 'get-drop', dropId: row.id });
    return reply.ok && reply.value.version >= row.version ? reply.value : row;
  }
}

function termsOf(id: string, productId: string, creatorId: string, drop: NewDrop): DropTerms {
  const { startsAt, endsAt, priceCents, currency } = drop;
  return {
    id,
    productId,
    creatorId,
    startsAt,
    endsAt,
    priceCents,
    currency,
    limitPerUser: drop.limitPerUser ?? LIMIT_PER_USER_DEFAULT,
    holdSeconds: drop.holdSeconds ?? HOLD_SECONDS_DEFAULT,
    payment: drop.payment ?? 'instant',
  };
}

interface Times {
  readonly startsAt?: number | undefined;
  readonly endsAt?: number | undefined;
}

/**
 * The refusal of times given together; null where they are valid. The actor compares times left
 * out. A text that is no moment (a leap second) is NaN here.
 */
function refuseTimes({ startsAt, endsAt }: Times, now: number): Refusal | null {
  if (Number.isNaN(startsAt)) return refusal('invalid-request', 'startsAt: is not a time.');
  if (Number.isNaN(endsAt)) return refusal('invalid-request', 'endsAt: is not a time.');
  if (startsAt !== undefined && endsAt !== undefined && startsAt >= endsAt) {
    return refusal('invalid-request', 'endsAt: must be after startsAt.');
  }
  if (endsAt !== undefined && endsAt <= now) {
    return refusal('invalid-request', 'endsAt: must be in the future.');
  }
  if (Math.max(startsAt ?? 0, endsAt ?? 0) > now + DROP_AHEAD_MAX_MS) {
    return refusal('invalid-request', 'endsAt: must be within a year.');
  }
  return null;
}
