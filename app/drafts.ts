// Drafts: drops that only their creator sees, changed freely until they are announced (D7).
//
// Announcing is three writes: the draft is marked, so that it cannot change any more; the drop's
// actor is made, under the draft's id; the draft is removed. A crash between any two of them leaves
// a marked draft, and whatever is asked of that draft next finishes it first: making the same actor
// again makes nothing more. So there is never a second drop, and no change gets lost. The mark
// names the request that announces, where it has a key, and whoever removes the draft keeps its
// answer in that step (H11).

import type { Clock } from '../actors/clock.ts';
import type { KeyedRequest } from '../contracts/requests.ts';
import type { ActionParams } from '../contracts/actions.ts';
import { type Draft, DRAFTS_MAX, type DraftView, type DropChange } from '../contracts/drafts.ts';
import type { DropView } from '../contracts/drops.ts';
import type { Page } from '../contracts/paging.ts';
import type { Outcome, Refusal } from '../contracts/refusals.ts';
import { isExactTotal, TOO_MUCH } from '../domain/decision.ts';
import { changedDescription } from '../domain/description.ts';
import { accessOf } from '../domain/drop-state.ts';
import { ID_RANDOM_BYTES, makeId } from '../domain/ids.ts';
import { refusal, success } from '../domain/refusal.ts';
import type { Drafts } from '../storage/ports/drafts.ts';
import type { Answered, Kept, RequestLog } from '../storage/ports/requests.ts';
import {
  type MakeDropOptions,
  makeDrop,
  refuseCurrency,
  refuseTimes,
  termsOf,
  unlessMade,
} from './new-drop.ts';
import { creatorsFor, mayAct } from './permissions.ts';
import { productFor } from './products.ts';
import type { RandomBytes } from './random-bytes.ts';
import { answerOf, answerText, outcomeOf, unlessAnswered } from './repeated-requests.ts';
import { OPEN, type SellingRules } from './selling-rules.ts';

/** Attempts of one change: of concurrent changes of one draft, each round lets one succeed. */
const ROUNDS_MAX = 20;

export interface DraftUseCasesOptions extends MakeDropOptions {
  readonly drafts: Drafts;
  /** Who may sell; everybody unless given. */
  readonly selling?: Pick<SellingRules, 'refuse'>;
  readonly requests: RequestLog;
  readonly clock: Clock;
  readonly random: RandomBytes;
}

/** What became of a draft: it is one still, or a drop. */
type Settled = { readonly draft: Draft } | { readonly drop: DropView };

export class DraftUseCases {
  readonly #options: DraftUseCasesOptions;

  constructor(options: DraftUseCasesOptions) {
    this.#options = options;
  }

  async add({
    caller,
    productId,
    drop,
    request,
  }: ActionParams<'drafts.add'>): Promise<Outcome<DraftView>> {
    const { catalogue, drafts, clock, random } = this.#options;
    const before = await this.#answered(creatorsFor(caller, 'drops.create'), request);
    if (before !== null) return draftOutcome(before);
    const product = await productFor(catalogue, productId, caller, 'drops.create');
    if (!product.ok) return product;
    const createdAt = clock.now();
    const id = makeId('d', createdAt, random(ID_RANDOM_BYTES));
    const terms = termsOf(id, product.value, drop);
    const draft = { ...terms, stock: drop.stock, revision: 1, createdAt, announcing: false };
    const refused = this.#refuse(draft, true) ?? (await this.#refuseSeller(draft));
    if (refused !== null) return refused;
    const added =
      request === undefined
        ? { result: 'new' as const, value: (await drafts.add(draft, DRAFTS_MAX)) ? draft : null }
        : await drafts.addOnce(request, draft, DRAFTS_MAX);
    const outcome = draftOutcome(added);
    return outcome ?? refusal('too-many', `A creator has ${DRAFTS_MAX} drafts at most.`);
  }

  /** A draft that is half announced is a drop after this. */
  async get({
    caller,
    dropId,
  }: ActionParams<'drafts.get'>): Promise<Outcome<DraftView | DropView>> {
    const settled = await this.#settle(creatorsFor(caller, 'drafts.read'), dropId);
    if (settled === null) return refusal('not-found');
    if ('ok' in settled) return settled;
    return success('drop' in settled ? settled.drop : draftView(settled.draft));
  }

  async list({
    caller,
    page,
    creatorId = caller.userId,
    ...filter
  }: ActionParams<'drafts.list'>): Promise<Outcome<Page<DraftView>>> {
    if (!mayAct(caller, creatorId, 'drafts.read')) return refusal('not-found');
    const { items, nextCursor } = await this.#options.drafts.list({ ...filter, creatorId }, page);
    const views: DraftView[] = [];
    for (const draft of items) {
      // One that is half announced is in the list of drops from here on.
      const settled = draft.announcing ? await this.#settle([creatorId], draft.id) : { draft };
      if (settled !== null && 'draft' in settled) views.push(draftView(settled.draft));
    }
    return success({ items: views, nextCursor });
  }

  /** Null where the caller has no such draft: then it may be a drop. */
  async change({
    caller,
    dropId,
    change,
    ifMatch,
    request,
  }: ActionParams<'drops.amend'>): Promise<Outcome<DraftView> | null> {
    const { drafts } = this.#options;
    // It may be a drop by now, and its answer is that of the draft.
    const creatorIds = creatorsFor(caller, 'drops.amend');
    const before = await this.#answered(creatorIds, request);
    if (before !== null) return draftOutcome(before);
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const settled = await this.#settle(creatorIds, dropId);
      if (settled === null) return null;
      if ('ok' in settled) return settled;
      if ('drop' in settled) return null;
      const { draft } = settled;
      if (ifMatch?.includes(draft.revision) === false) return refusal('precondition-failed');
      if (change.addStock !== undefined)
        return refusal('invalid-request', 'addStock: of a drop only; a draft takes stock.');
      const changed = changedDraft(draft, change);
      const refused = this.#refuse(changed, true);
      if (refused !== null) return refused;
      const replaced =
        request === undefined
          ? await this.#replace(draft, changed)
          : draftOutcome(await drafts.replaceOnce(request, draft, changed));
      if (replaced !== null) return replaced;
    }
    return refusal('unavailable');
  }

  async #replace(before: Draft, after: Draft): Promise<Outcome<DraftView> | null> {
    return (await this.#options.drafts.replace(before, after)) ? success(draftView(after)) : null;
  }

  /** A drop that is announced already is given again to its creator, as it is. */
  announce(params: ActionParams<'drafts.announce'>): Promise<Outcome<DropView>> {
    return unlessAnswered(this.#options, params.request, () => this.#announce(params));
  }

  async #announce({
    caller,
    dropId,
    ifMatch,
    request,
  }: ActionParams<'drafts.announce'>): Promise<Outcome<DropView>> {
    const { catalogue, drafts } = this.#options;
    const creatorIds = creatorsFor(caller, 'drafts.announce');
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const settled = await this.#settle(creatorIds, dropId);
      if (settled !== null && 'ok' in settled) return settled;
      if (settled === null || 'drop' in settled) {
        const before = await this.#announcement(creatorIds, request);
        if (before !== null) return before;
        return settled === null ? await this.#announced(creatorIds, dropId) : success(settled.drop);
      }
      const { draft } = settled;
      if (ifMatch?.includes(draft.revision) === false) return refusal('precondition-failed');
      const refused = this.#refuse(draft, false) ?? (await this.#refuseSeller(draft));
      if (refused !== null) return refused;
      const { productId } = draft;
      const product = await productFor(catalogue, productId, caller, 'drafts.announce');
      if (!product.ok) return product;
      const marked = { ...draft, announcing: true, ...(request && { announcedBy: request }) };
      if (await drafts.replace(draft, marked)) return await this.#finish(marked);
    }
    return refusal('unavailable');
  }

  async #refuseSeller({ creatorId, productId }: Draft): Promise<Refusal | null> {
    const { selling = OPEN } = this.#options;
    return await selling.refuse(creatorId, productId);
  }

  async remove({ caller, dropId, ifMatch }: ActionParams<'drafts.remove'>): Promise<Outcome<null>> {
    const creatorIds = creatorsFor(caller, 'drafts.remove');
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const settled = await this.#settle(creatorIds, dropId);
      if (settled !== null && 'ok' in settled) return settled;
      if (settled === null || 'drop' in settled) {
        const announced = await this.#announced(creatorIds, dropId);
        return announced.ok ? refusal('drop-announced') : announced;
      }
      const { draft } = settled;
      if (ifMatch?.includes(draft.revision) === false) return refusal('precondition-failed');
      if (await this.#options.drafts.remove(draft)) return success(null);
    }
    return refusal('unavailable');
  }

  /**
   * The draft of one of these creators; null where none has it, and what `#finish` refuses where it
   * cannot be finished.
   */
  async #settle(creatorIds: readonly string[], dropId: string): Promise<Settled | Refusal | null> {
    const { drafts } = this.#options;
    const draft = await this.#find(creatorIds, dropId);
    if (draft === null) return null;
    if (!draft.announcing) return { draft };
    const finished = await this.#finish(draft);
    if (finished.ok) return { drop: finished.value };
    if (finished.code !== 'invalid-request') return finished;
    // It is a draft again.
    const again = await drafts.find(draft.creatorId, dropId);
    if (again === null) return null;
    return again.announcing ? refusal('unavailable') : { draft: again };
  }

  /**
   * Makes the drop of a marked draft, which has the terms that were announced. Where the creator
   * may not sell by now, that is the answer, and the draft stays marked: another try to make its
   * drop may still be on its way.
   */
  async #finish(draft: Draft): Promise<Outcome<DropView>> {
    const barred = await this.#refuseSeller(draft);
    const refused = barred === null ? null : await unlessMade(this.#options, draft.id, barred);
    if (refused !== null) return refused;
    const { stock, revision, createdAt: _, announcing: __, announcedBy: ___, ...terms } = draft;
    const drop = await makeDrop(this.#options, { terms, stock, revision: revision + 1 });
    if (drop.ok) return await this.#removeAnnounced(draft, drop.value);
    // What the actor refuses for good, such as an end that has passed meanwhile, is a draft again.
    if (drop.code === 'invalid-request') {
      const { announcedBy: ____, ...unmarked } = draft;
      await this.#options.drafts.replace(draft, { ...unmarked, announcing: false });
    }
    return drop;
  }

  async #find(creatorIds: readonly string[], dropId: string): Promise<Draft | null> {
    for (const creatorId of creatorIds) {
      const draft = await this.#options.drafts.find(creatorId, dropId);
      if (draft !== null) return draft;
    }
    return null;
  }

  /** What was answered to the request about a draft of one of these creators. */
  async #answered(
    creatorIds: readonly string[],
    request: KeyedRequest | undefined,
  ): Promise<Kept<Draft> | null> {
    if (request === undefined) return null;
    for (const creatorId of creatorIds) {
      const answered = await this.#options.drafts.findAnswer(creatorId, request);
      if (answered !== null) return answered;
    }
    return null;
  }

  /** What was answered to the request, where it announced a draft of one of these creators. */
  async #announcement(
    creatorIds: readonly string[],
    request: KeyedRequest | undefined,
  ): Promise<Outcome<DropView> | null> {
    if (request === undefined) return null;
    for (const creatorId of creatorIds) {
      const answered = await this.#options.drafts.findRemoval(creatorId, request);
      if (answered !== null) return answerOf<DropView>(answered);
    }
    return null;
  }

  /** The first that removes the draft keeps the answer of all. */
  async #removeAnnounced(draft: Draft, drop: DropView): Promise<Outcome<DropView>> {
    const { drafts } = this.#options;
    const { announcedBy } = draft;
    if (announcedBy !== undefined) {
      const removed = await drafts.removeOnce(announcedBy, draft, answerText(drop));
      if (removed.result === 'new') return success(drop);
      if (removed.result === 'repeated') return answerOf(removed as Kept<string>);
    }
    // Without room for its answer the drop is announced all the same: a repeat finds it as it is.
    await drafts.remove(draft);
    return success(drop);
  }

  async #announced(creatorIds: readonly string[], dropId: string): Promise<Outcome<DropView>> {
    const drop = await this.#options.router.send({ type: 'get-drop', dropId });
    if (!drop.ok) return drop;
    return creatorIds.includes(drop.value.creatorId)
      ? drop
      : refusal('forbidden', 'The drop belongs to somebody else.');
  }

  #refuse(draft: Draft, mayBePast: boolean): Refusal | null {
    const { stock, unitAmount, currency } = draft;
    const refused =
      refuseTimes(draft, this.#options.clock.now(), mayBePast) ?? refuseCurrency(currency);
    if (refused !== null) return refused;
    return isExactTotal(stock, unitAmount) ? null : refusal('invalid-request', TOO_MUCH);
  }
}

/** Null where the store changed nothing. */
function draftOutcome(answered: Kept<Draft>): Outcome<DraftView>;
function draftOutcome(answered: Answered<Draft | null>): Outcome<DraftView> | null;
function draftOutcome(answered: Answered<Draft | null>): Outcome<DraftView> | null {
  const outcome = outcomeOf(answered);
  if (!outcome.ok) return outcome;
  const { value } = outcome;
  return value === null ? null : { ...outcome, value: draftView(value) };
}

function changedDraft(draft: Draft, change: DropChange): Draft {
  const { metadata: _, externalId: __, access, earlyAccessSeconds, unlisted, ...before } = draft;
  return {
    ...before,
    startsAt: change.startsAt ?? draft.startsAt,
    endsAt: change.endsAt ?? draft.endsAt,
    unitAmount: change.unitAmount ?? draft.unitAmount,
    currency: change.currency ?? draft.currency,
    limitPerUser: change.limitPerUser ?? draft.limitPerUser,
    holdSeconds: change.holdSeconds ?? draft.holdSeconds,
    payment: change.payment ?? draft.payment,
    ...accessOf({
      access: change.access ?? access,
      earlyAccessSeconds: change.earlyAccessSeconds ?? earlyAccessSeconds,
      unlisted,
    }),
    ...changedDescription(draft, change),
    stock: change.stock ?? draft.stock,
    revision: draft.revision + 1,
  };
}

function draftView(stored: Draft): DraftView {
  const { stock, announcing: _, announcedBy: __, ...draft } = stored;
  const units = { stocked: stock, held: 0, sold: 0, free: stock, soldOut: false };
  return { ...draft, ...units, status: 'draft', version: 0 };
}
