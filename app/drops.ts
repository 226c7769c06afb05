// Drops: create, change, cancel and list (D1 to D4, S4). The drop's actor owns its state. This file
// checks that a drop is of the caller's product and that its times are valid, and lists rows with
// the stock that their owners have now, as far as those answer. The order path sells drops.

import type { Clock } from '../actors/clock.ts';
import type { CommandRouter } from '../actors/command-router.ts';
import type { ActionParams } from '../contracts/actions.ts';
import {
  DROP_AHEAD_MAX_MS,
  HOLD_SECONDS_DEFAULT,
  LIMIT_PER_USER_DEFAULT,
} from '../contracts/bounds.ts';
import { currencyProblem, isSellable } from '../contracts/currencies.ts';
import { changedDescription } from '../domain/description.ts';
import type { DropsPage, DropTerms, DropView, NewDrop } from '../contracts/drops.ts';
import type { Outcome, Refusal } from '../contracts/refusals.ts';
import { ID_RANDOM_BYTES, makeId } from '../domain/ids.ts';
import { refusal, success } from '../domain/refusal.ts';
import type { Catalogue } from '../storage/ports/catalogue.ts';
import { callerOf } from './caller.ts';
import { type ListedDrop, OwnerViews } from './owner-views.ts';
import { refuseFilter, refuseStranger } from './products.ts';
import type { FeatureLevels } from '../storage/ports/feature-level.ts';
import type { RandomBytes } from './random-bytes.ts';
import { outcomeOf } from './repeated-requests.ts';
import type { RequestLog } from '../storage/ports/requests.ts';
import type { KeyedRequest } from '../contracts/requests.ts';
import type { Requester } from '../contracts/accounts.ts';

/**
 * Reads of the store for one page, where owners say that its rows have another status by now. Past
 * it the rows of the next read are shown as they are stored: a page with a cursor is never empty.
 */
const PAGE_ROUNDS_MAX = 8;
/** From this feature level on every owner can change a price and cancel a drop that has ended. */
const CHANGES_LEVEL = 2;
/** From this feature level on a hold waits for its payment to be prepared. */
const PACE_LEVEL = 3;

export interface DropsOptions {
  readonly catalogue: Catalogue;
  readonly router: CommandRouter;
  readonly clock: Clock;
  readonly random: RandomBytes;
  /** How far apart the provider prepares payments; absent or 0 where it prepares none. */
  readonly paymentPaceMs?: number;
  readonly requests: RequestLog;
  /** Of the store. */
  readonly levels: Pick<FeatureLevels, 'reached'>;
}

export class Drops {
  readonly #options: DropsOptions;
  readonly #ownerViews: OwnerViews;

  constructor(options: DropsOptions) {
    this.#options = options;
    this.#ownerViews = new OwnerViews(options);
  }

  /** With a key the drop's id is kept first, so every try is about the same drop. */
  async create({
    caller,
    productId,
    drop,
    request,
  }: ActionParams<'drops.create'>): Promise<Outcome<DropView>> {
    const { clock, random, requests } = this.#options;
    const before = request === undefined ? null : await requests.find(request);
    // What was valid at the first try may not be so now.
    const refused = before === null ? await this.#refuseNew(caller, productId, drop) : null;
    if (refused !== null) return refused;
    const newId = makeId('d', clock.now(), random(ID_RANDOM_BYTES));
    const terms = (id: string): DropTerms => {
      return { ...termsOf(id, productId, caller.userId, drop), ...this.#paceOf(drop) };
    };
    if (request === undefined) return await this.#make(terms(newId), drop.stock);
    const kept = outcomeOf(await requests.keep(request, newId));
    if (!kept.ok) return kept;
    const dropId = kept.value;
    const created = await this.#make(terms(dropId), drop.stock, request);
    // A drop that its owner refuses is refused at every later try, too: no try makes it.
    if (!created.ok && created.code === 'invalid-request')
      await requests.replace(request, dropId, null);
    return created;
  }

  async #refuseNew(caller: Requester, productId: string, drop: NewDrop): Promise<Refusal | null> {
    const { catalogue, clock } = this.#options;
    return (
      refuseTimes(drop, clock.now()) ??
      refuseCurrency(drop.currency) ??
      (await refuseStranger(catalogue, productId, caller))
    );
  }

  async #make(terms: DropTerms, stock: number, request?: KeyedRequest): Promise<Outcome<DropView>> {
    const created = await this.#options.router.send({
      type: 'create-drop',
      dropId: terms.id,
      terms,
      stock,
      ...(request && { request }),
    });
    if (created.ok && created.replayed !== true) await this.#listAtOnce(created.value);
    return created;
  }

  async amend({
    caller,
    dropId,
    change,
    ifMatch,
    request,
  }: ActionParams<'drops.amend'>): Promise<Outcome<DropView>> {
    const { router, clock, levels } = this.#options;
    // What was in the future at the first try may be past at the next, so the drop decides.
    const mayBePast = request !== undefined;
    const refused = refuseTimes(change, clock.now(), mayBePast);
    if (refused !== null) return refused;
    if (change.addStock === 0) return refusal('invalid-request', 'addStock: must not be 0.');
    if (change.addStock !== undefined && change.stock !== undefined)
      return refusal('invalid-request', 'stock: not together with addStock.');
    const isNew = change.unitAmount !== undefined || change.stock !== undefined;
    if (isNew && levels.reached() < CHANGES_LEVEL) return refusal('unavailable');
    return await router.send({
      type: 'amend-drop',
      dropId,
      caller: callerOf(caller),
      ...change,
      ...(ifMatch !== undefined && { ifMatch }),
      ...(request && { request }),
    });
  }

  /** Below feature level 2 a drop that has ended is `drop-ended`. */
  async cancel({
    caller,
    dropId,
    ifMatch,
    request,
  }: ActionParams<'drops.cancel'>): Promise<Outcome<DropView>> {
    const { router, levels } = this.#options;
    return await router.send({
      type: 'cancel-drop',
      dropId,
      caller: callerOf(caller),
      ...(levels.reached() >= CHANGES_LEVEL && { alsoEnded: true }),
      ...(ifMatch !== undefined && { ifMatch }),
      ...(request && { request }),
    });
  }

  /**
   * Rows whose drop can still change are overlaid with the owner's durable view. A drop whose
   * present status no longer matches the filter is left out, so a page may be shorter than its
   * limit. Where an owner does not answer soon the row stays, and `asOf` tells its age.
   */
  async list({ page, ...filter }: ActionParams<'catalogue.drops'>): Promise<Outcome<DropsPage>> {
    const { catalogue } = this.#options;
    const refused = refuseFilter(filter);
    if (refused !== null) return refused;
    const deadline = this.#ownerViews.deadline();
    let { cursor } = page;
    for (let round = 1; ; round++) {
      const rows = await catalogue.listDrops(filter, { limit: page.limit, cursor });
      const listed = await this.#ownerViews.read(rows.items, deadline);
      const matching =
        filter.status === undefined
          ? listed
          : listed.filter(({ view }) => view.status === filter.status);
      if (matching.length > 0 || rows.nextCursor === null)
        return success(this.#pageOf(matching, rows.nextCursor));
      if (round === PAGE_ROUNDS_MAX)
        return success({ items: rows.items, nextCursor: rows.nextCursor, asOf: null });
      cursor = rows.nextCursor;
    }
  }

  #paceOf({ payment }: NewDrop): Pick<DropTerms, 'paymentPaceMs'> {
    const { levels, paymentPaceMs = 0 } = this.#options;
    const isPaced = payment === 'provider' && paymentPaceMs > 0;
    return isPaced && levels.reached() >= PACE_LEVEL ? { paymentPaceMs } : {};
  }

  #pageOf(listed: readonly ListedDrop[], nextCursor: string | null): DropsPage {
    const { clock } = this.#options;
    const items = listed.map(({ view }) => view);
    let oldest = clock.monotonic();
    for (const { asOf } of listed) {
      if (asOf === null) return { items, nextCursor, asOf: null };
      oldest = Math.min(oldest, asOf);
    }
    const ageMs = clock.monotonic() - oldest;
    return { items, nextCursor, asOf: Math.floor(clock.now() - ageMs) };
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
}

function termsOf(id: string, productId: string, creatorId: string, drop: NewDrop): DropTerms {
  const { startsAt, endsAt, unitAmount, currency } = drop;
  return {
    id,
    productId,
    creatorId,
    startsAt,
    endsAt,
    unitAmount,
    currency,
    limitPerUser: drop.limitPerUser ?? LIMIT_PER_USER_DEFAULT,
    holdSeconds: drop.holdSeconds ?? HOLD_SECONDS_DEFAULT,
    payment: drop.payment ?? 'instant',
    ...changedDescription({}, drop),
  };
}

/** Gateways of level 1 and below pass on other codes than today's. */
function refuseCurrency(code: string): Refusal | null {
  if (isSellable(code)) return null;
  return refusal('invalid-request', `currency: ${currencyProblem(code)}.`);
}

interface Times {
  readonly startsAt?: number | undefined;
  readonly endsAt?: number | undefined;
}

/**
 * The refusal of times given together; null where they are valid. The actor compares times left
 * out. A text that is no moment (a leap second) is NaN here.
 */
function refuseTimes({ startsAt, endsAt }: Times, now: number, mayBePast = false): Refusal | null {
  if (Number.isNaN(startsAt)) return refusal('invalid-request', 'startsAt: is not a time.');
  if (Number.isNaN(endsAt)) return refusal('invalid-request', 'endsAt: is not a time.');
  if (startsAt !== undefined && endsAt !== undefined && startsAt >= endsAt) {
    return refusal('invalid-request', 'endsAt: must be after startsAt.');
  }
  if (endsAt !== undefined && endsAt <= now && !mayBePast) {
    return refusal('invalid-request', 'endsAt: must be in the future.');
  }
  if (Math.max(startsAt ?? 0, endsAt ?? 0) > now + DROP_AHEAD_MAX_MS) {
    return refusal('invalid-request', 'endsAt: must be within a year.');
  }
  return null;
}
