// Drops: create, change, cancel and list (D1 to D4, S4). The drop's actor owns its state. This file
// checks that a drop is of the caller's product and that its times are valid, and lists rows with
// the stock that their owners have now, as far as those answer. The order path sells drops.

import type { Requester } from '../contracts/accounts.ts';
import type { ActionParams } from '../contracts/actions.ts';
import { type DraftView, fieldOfDrafts } from '../contracts/drafts.ts';
import type { DropsPage, DropView, NewDrop } from '../contracts/drops.ts';
import type { Outcome, Refusal } from '../contracts/refusals.ts';
import { mayManage } from '../domain/decision.ts';
import { ID_RANDOM_BYTES, makeId } from '../domain/ids.ts';
import { refusal, success } from '../domain/refusal.ts';
import type { RestrictionSet } from '../events/restriction-set.ts';
import type { Kept } from '../storage/ports/requests.ts';
import { isOperator } from './caller.ts';
import { DraftUseCases, type DraftUseCasesOptions } from './drafts.ts';
import { makeDrop, refuseCurrency, refuseTimes, termsOf, unlessMade } from './new-drop.ts';
import { type ListedDrop, OwnerViews } from './owner-views.ts';
import { actorFor } from './permissions.ts';
import { productFor, refuseFilter } from './products.ts';
import { outcomeOf } from './repeated-requests.ts';
import { NOTHING_HIDDEN, OPEN } from './selling-rules.ts';

/**
 * Reads of the store for one page, where owners say that its rows have another status by now. Past
 * it the rows of the next read are shown as they are stored: a page with a cursor is never empty.
 */
const PAGE_ROUNDS_MAX = 8;
/** From this feature level on every owner can change a price and cancel a drop that has ended. */
const CHANGES_LEVEL = 2;
/** From this feature level on every owner can pause a drop, and end a live one later. */
const PAUSES_LEVEL = 3;

export interface DropsOptions extends DraftUseCasesOptions {
  /** What is taken down; nothing unless given. */
  readonly hidden?: Pick<RestrictionSet, 'isEmpty' | 'isHidden'>;
}

export class Drops {
  readonly #options: DropsOptions;
  readonly #ownerViews: OwnerViews;
  readonly #drafts: DraftUseCases;

  constructor(options: DropsOptions) {
    this.#options = options;
    this.#drafts = new DraftUseCases(options);
    this.#ownerViews = new OwnerViews(options);
  }

  /** With a key the drop's id is kept first, so every try is about the same drop. */
  async create({
    caller,
    productId,
    drop,
    request,
  }: ActionParams<'drops.create'>): Promise<Outcome<DropView>> {
    const { catalogue, clock, random, requests } = this.#options;
    const before = request === undefined ? null : await requests.find(request);
    // What was valid at the first try may not be so now.
    const refused = before === null ? this.#refuseNew(drop) : null;
    if (refused !== null) return refused;
    const product = await productFor(catalogue, productId, caller, 'drops.create');
    if (!product.ok) return product;
    const { creatorId } = product.value;
    const barred = await this.#refuseSeller(creatorId, productId, before);
    if (barred !== null) return barred;
    const newId = makeId('d', clock.now(), random(ID_RANDOM_BYTES));
    const made = (id: string) => {
      return { terms: termsOf(id, product.value, drop), stock: drop.stock };
    };
    if (request === undefined) return await makeDrop(this.#options, made(newId));
    const kept = outcomeOf(await requests.keep(request, newId));
    if (!kept.ok) return kept;
    const dropId = kept.value;
    const created = await makeDrop(this.#options, { ...made(dropId), request });
    // A drop that its owner refuses is refused at every later try, too: no try makes it.
    if (!created.ok && created.code === 'invalid-request') await requests.remove(request, dropId);
    return created;
  }

  /**
   * `noted`: what is kept for the request. A drop that was made by it is its answer still (H11).
   */
  async #refuseSeller(
    creatorId: string,
    productId: string,
    noted: Kept<string> | null,
  ): Promise<Refusal | null> {
    const { selling = OPEN } = this.#options;
    if (noted?.result === 'reused') return null;
    const barred = await selling.refuse(creatorId, productId);
    if (barred === null || noted === null) return barred;
    return await unlessMade(this.#options, noted.value, barred);
  }

  #refuseNew(drop: NewDrop): Refusal | null {
    return refuseTimes(drop, this.#options.clock.now()) ?? refuseCurrency(drop.currency);
  }

  async amend({
    caller,
    dropId,
    change,
    ifMatch,
    request,
  }: ActionParams<'drops.amend'>): Promise<Outcome<DropView | DraftView>> {
    const { router, clock, levels } = this.#options;
    // What was in the future at the first try may be past at the next, so the drop decides.
    const mayBePast = request !== undefined;
    const draft = await this.#drafts.change({ caller, dropId, change, ifMatch, request });
    if (draft !== null) return draft;
    if (change.addStock === 0) return refusal('invalid-request', 'addStock: must not be 0.');
    if (change.addStock !== undefined && change.stock !== undefined)
      return refusal('invalid-request', 'stock: not together with addStock.');
    const refused = refuseTimes(change, clock.now(), mayBePast);
    if (refused !== null) return refused;
    const { currency: _, holdSeconds: __, payment: ___, ...ofDrop } = change;
    const field = fieldOfDrafts(change);
    if (field !== null) return await this.#refuseField(caller, dropId, field);
    const isNew = change.unitAmount !== undefined || change.stock !== undefined;
    if (isNew && levels.reached() < CHANGES_LEVEL) return refusal('unavailable');
    return await router.send({
      type: 'amend-drop',
      dropId,
      caller: await actorFor(this.#options, caller, dropId, 'drops.amend'),
      ...ofDrop,
      ...(change.endsAt !== undefined && levels.reached() >= PAUSES_LEVEL && { mayExtend: true }),
      ...(ifMatch !== undefined && { ifMatch }),
      ...(request && { request }),
    });
  }

  /** Only a draft has the field that is to change. */
  async #refuseField(caller: Requester, dropId: string, field: string): Promise<Refusal> {
    const drop = await this.#options.router.send({ type: 'get-drop', dropId });
    if (!drop.ok) return drop;
    const actor = await actorFor(this.#options, caller, dropId, 'drops.amend');
    return mayManage(drop.value, actor)
      ? refusal('drop-announced', `${field}: changes in a draft only.`)
      : refusal('forbidden');
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
      caller: await actorFor(this.#options, caller, dropId, 'drops.cancel'),
      ...(levels.reached() >= CHANGES_LEVEL && { alsoEnded: true }),
      ...(ifMatch !== undefined && { ifMatch }),
      ...(request && { request }),
    });
  }

  /** The caller must be the drop's creator or an operator. Below feature level 3 `unavailable`. */
  async pause(params: ActionParams<'drops.pause'>): Promise<Outcome<DropView>> {
    const { caller, dropId, details, ifMatch, request } = params;
    const { router, levels } = this.#options;
    if (levels.reached() < PAUSES_LEVEL) return refusal('unavailable');
    return await router.send({
      type: 'pause-drop',
      dropId,
      caller: await actorFor(this.#options, caller, dropId, 'drops.pause'),
      extendHolds: details.extendHolds ?? false,
      reason: details.reason ?? null,
      ...(ifMatch !== undefined && { ifMatch }),
      ...(request && { request }),
    });
  }

  /** As `pause`. */
  async resume(params: ActionParams<'drops.resume'>): Promise<Outcome<DropView>> {
    const { caller, dropId, ifMatch, request } = params;
    const { router, levels } = this.#options;
    if (levels.reached() < PAUSES_LEVEL) return refusal('unavailable');
    const barred = isOperator(caller) ? null : await this.#refuseResume(dropId);
    if (barred !== null) return barred;
    return await router.send({
      type: 'resume-drop',
      dropId,
      caller: await actorFor(this.#options, caller, dropId, 'drops.resume'),
      ...(ifMatch !== undefined && { ifMatch }),
      ...(request && { request }),
    });
  }

  /** What operators have stopped, only they let go on. */
  async #refuseResume(dropId: string): Promise<Refusal | null> {
    const { router, selling = OPEN, hidden = NOTHING_HIDDEN } = this.#options;
    if (hidden.isEmpty) return null;
    const drop = await router.send({ type: 'get-drop', dropId });
    if (!drop.ok) return drop;
    if (hidden.isHidden(drop.value)) return refusal('forbidden', 'The drop is taken down.');
    const barred = await selling.refuse(drop.value.creatorId);
    return barred?.code === 'suspended' ? barred : null;
  }

  /**
   * Rows whose drop can still change are overlaid with the owner's durable view. A drop whose
   * present status no longer matches the filter is left out, so a page may be shorter than its
   * limit, and so is one that is taken down. Where an owner does not answer soon the row stays, and
   * `asOf` tells its age.
   */
  async list({
    page,
    withHidden = false,
    ...filter
  }: ActionParams<'catalogue.drops'>): Promise<Outcome<DropsPage>> {
    const { catalogue, hidden = NOTHING_HIDDEN } = this.#options;
    const isShown = (view: DropView): boolean => withHidden || !hidden.isHidden(view);
    const refused = refuseFilter(filter);
    if (refused !== null) return refused;
    const deadline = this.#ownerViews.deadline();
    let { cursor } = page;
    for (let round = 1; ; round++) {
      const rows = await catalogue.listDrops(filter, { limit: page.limit, cursor });
      const shown = rows.items.filter(isShown);
      const listed = await this.#ownerViews.read(shown, deadline);
      const matching =
        filter.status === undefined
          ? listed
          : listed.filter(({ view }) => view.status === filter.status);
      if (matching.length > 0 || rows.nextCursor === null)
        return success(this.#pageOf(matching, rows.nextCursor));
      if (round === PAGE_ROUNDS_MAX)
        return success({ items: shown, nextCursor: rows.nextCursor, asOf: null });
      cursor = rows.nextCursor;
    }
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
}
