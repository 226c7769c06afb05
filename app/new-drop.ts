// Making a drop: what of its terms is checked before its actor sees them, and how the actor is
// made. Drops that are announced at once and drafts are checked and made alike.

import type { CommandRouter } from '../actors/command-router.ts';
import {
  DROP_AHEAD_MAX_MS,
  HOLD_SECONDS_DEFAULT,
  LIMIT_PER_USER_DEFAULT,
} from '../contracts/bounds.ts';
import { currencyProblem, isSellable } from '../contracts/currencies.ts';
import type { DropTerms, DropView, NewDrop } from '../contracts/drops.ts';
import type { Outcome, Refusal } from '../contracts/refusals.ts';
import type { Product } from '../contracts/products.ts';
import { changedDescription } from '../domain/description.ts';
import { accessOf } from '../domain/drop-state.ts';
import { refusal } from '../domain/refusal.ts';
import type { KeyedRequest } from '../contracts/requests.ts';
import type { FeatureLevels } from '../storage/ports/feature-level.ts';
import type { Catalogue } from '../storage/ports/catalogue.ts';

/** From this feature level on a hold waits for its payment to be prepared. */
const PACE_LEVEL = 3;

/** From this feature level on products know whether a drop of theirs was announced. */
const MEDIA_LEVEL = 6;

export interface MakeDropOptions {
  readonly catalogue: Catalogue;
  readonly router: CommandRouter;
  /** How far apart the provider prepares payments; absent or 0 where it prepares none. */
  readonly paymentPaceMs?: number;
  /** Of the store. */
  readonly levels: Pick<FeatureLevels, 'reached'>;
}

export interface MadeDrop {
  readonly terms: Omit<DropTerms, 'paymentPaceMs'>;
  readonly stock: number;
  readonly request?: KeyedRequest;
  /** Of a draft that is announced. */
  readonly revision?: number;
}

/** Makes the drop's actor and its row. The same call again makes nothing more. */
export async function makeDrop(
  options: MakeDropOptions,
  { terms, stock, request, revision }: MadeDrop,
): Promise<Outcome<DropView>> {
  const { catalogue, router, levels } = options;
  // Before: a page that shows the drop shows public media. Where no drop comes of it, they are so
  // all the same.
  if (levels.reached() >= MEDIA_LEVEL && terms.unlisted !== true)
    await catalogue.announceProduct(terms.productId);
  const made = await router.send({
    type: 'create-drop',
    dropId: terms.id,
    terms: { ...terms, ...paceOf(options, terms) },
    stock,
    ...(request && { request }),
    ...(revision !== undefined && { revision }),
  });
  if (made.ok && made.replayed !== true) await listAtOnce(catalogue, made.value);
  return made;
}

/**
 * The refusal to make the drop; null where an earlier try made it already, and the refusal of the
 * owner where it does not know.
 */
export async function unlessMade(
  { router }: Pick<MakeDropOptions, 'router'>,
  dropId: string,
  refused: Refusal,
): Promise<Refusal | null> {
  const made = await router.send({ type: 'get-drop', dropId });
  if (made.ok) return null;
  return made.code === 'not-found' ? refused : made;
}

function paceOf(
  { levels, paymentPaceMs = 0 }: MakeDropOptions,
  { payment }: Pick<DropTerms, 'payment'>,
): Pick<DropTerms, 'paymentPaceMs'> {
  const isPaced = payment === 'provider' && paymentPaceMs > 0;
  return isPaced && levels.reached() >= PACE_LEVEL ? { paymentPaceMs } : {};
}

/**
 * Writes the row at once, so that the creator finds the drop in the list. The relay writes the same
 * row later.
 */
async function listAtOnce(catalogue: Catalogue, view: DropView): Promise<void> {
  try {
    await catalogue.putDrops([view]);
  } catch (error) {
    // The drop exists; after an error the client would create it again. The relay will write its
    // row.
    if ((error as { code?: unknown } | null)?.code !== 'store-unavailable') throw error;
  }
}

/** A drop of an unlisted product is unlisted, whatever is asked for. */
export function termsOf(
  id: string,
  product: Pick<Product, 'id' | 'creatorId' | 'unlisted'>,
  drop: NewDrop,
): Omit<DropTerms, 'paymentPaceMs'> {
  const { startsAt, endsAt, unitAmount, currency } = drop;
  return {
    id,
    productId: product.id,
    creatorId: product.creatorId,
    startsAt,
    endsAt,
    unitAmount,
    currency,
    limitPerUser: drop.limitPerUser ?? LIMIT_PER_USER_DEFAULT,
    holdSeconds: drop.holdSeconds ?? HOLD_SECONDS_DEFAULT,
    payment: drop.payment ?? 'instant',
    ...accessOf({ ...drop, unlisted: product.unlisted ?? drop.unlisted ?? false }),
    ...changedDescription({}, drop),
  };
}

/** Gateways of level 1 and below pass on other codes than today's. */
export function refuseCurrency(code: string): Refusal | null {
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
export function refuseTimes(
  { startsAt, endsAt }: Times,
  now: number,
  mayBePast = false,
): Refusal | null {
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
