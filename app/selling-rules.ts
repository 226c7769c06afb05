// Who may sell (A11): a creator who is not suspended or taken down, and, where sellers need it, who
// is approved. Whoever tries without is listed for operators as pending.

import { type LiveBus, RESTRICTIONS_TOPIC } from '../actors/live-bus.ts';
import type { Refusal } from '../contracts/refusals.ts';
import type { RestrictionKey, RestrictionKind } from '../contracts/restrictions.ts';
import type { TakenDown } from '../contracts/standings.ts';
import { refusal } from '../domain/refusal.ts';
import type { RestrictionSet } from '../events/restriction-set.ts';
import type { FeatureLevels } from '../storage/ports/feature-level.ts';
import type { RestrictionStore } from '../storage/ports/restrictions.ts';

/** Nodes below it know neither take-downs nor standings. */
export const SELLERS_LEVEL = 4;
/** Creators who have tried, until an operator has decided; further ones are not listed. */
const PENDING_MAX = 10_000;

/** `approved`: creators sell once an operator has approved them. */
export type SellersMode = 'open' | 'approved';

export interface SellingRulesOptions {
  readonly restrictions: RestrictionStore;
  readonly mode: SellersMode;
  readonly liveBus: LiveBus;
  /** Of the store. */
  readonly levels: Pick<FeatureLevels, 'reached'>;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

/** Everybody may. */
export const OPEN: Pick<SellingRules, 'refuse'> = { refuse: async () => null };
export const NOTHING_HIDDEN: Pick<RestrictionSet, 'isEmpty' | 'isHidden'> = {
  isEmpty: true,
  isHidden: () => false,
};

export class SellingRules {
  readonly #options: SellingRulesOptions;

  constructor(options: SellingRulesOptions) {
    this.#options = options;
  }

  /**
   * Why the creator may make no product and no drop; null where the creator may. `productId`: of
   * the drop. Errors: `store-unavailable`.
   */
  async refuse(creatorId: string, productId?: string): Promise<Refusal | null> {
    const { mode } = this.#options;
    if (await this.#has(standingOf('suspended', creatorId))) return SUSPENDED;
    if (await this.#has(takeDownOf('creator', creatorId))) return SUSPENDED;
    if (productId !== undefined && (await this.#has(takeDownOf('product', productId))))
      return refusal('forbidden', 'The product is taken down.');
    if (mode === 'open' || (await this.#has(standingOf('approved', creatorId)))) return null;
    await this.#ask(creatorId);
    return NOT_APPROVED;
  }

  async #has(key: RestrictionKey): Promise<boolean> {
    return (await this.#options.restrictions.find(key)) !== null;
  }

  async #ask(creatorId: string): Promise<void> {
    const { restrictions, liveBus, levels, now } = this.#options;
    const key = standingOf('pending', creatorId);
    if (levels.reached() < SELLERS_LEVEL || (await this.#has(key))) return;
    const bounds = { ofScopeMax: PENDING_MAX, max: PENDING_MAX };
    const asked = { ...key, reason: null, since: now(), until: null, by: creatorId };
    const change = await restrictions.put(asked, bounds, now());
    if (change !== null) liveBus.publish(RESTRICTIONS_TOPIC, { type: 'restriction', change });
  }
}

const SUSPENDED = refusal('suspended');
const NOT_APPROVED = refusal('not-approved', 'Operators were asked for approval: try again later.');

export function standingOf(kind: RestrictionKind, creatorId: string): RestrictionKey {
  return { kind, scope: '', subject: creatorId };
}

export function takeDownOf(of: TakenDown, id: string): RestrictionKey {
  return { kind: 'take-down', scope: of, subject: id };
}
