// Decides what one reader sees of the outside stream: operators everything, creators their own
// drops, products, media, followers and members.

import type { DropChanges } from '../../storage/formats/entry.ts';
import type { Catalogue } from '../../storage/ports/catalogue.ts';
import type { EntityChange, OutsideChange } from '../../contracts/changes.ts';
import { StoreUnavailableError } from '../../storage/ports/journal.ts';

/** Drops in the cache of one reader. */
const DROPS_CACHED_MAX = 10_000;

export interface VisibilityOptions {
  readonly catalogue: Pick<Catalogue, 'findDrop'>;
  /** The creator whose drops, products and followers are visible. Null: everything. */
  readonly creatorId: string | null;
}

export class Visibility {
  readonly #options: VisibilityOptions;
  /** By drop: whether it is the creator's. The least recently used first. */
  readonly #own = new Map<string, boolean>();

  constructor(options: VisibilityOptions) {
    this.#options = options;
  }

  showsChange(change: EntityChange): change is OutsideChange {
    const { creatorId } = this.#options;
    if (change.kind === 'drop') return false;
    if (creatorId === null) return true;
    if (change.kind === 'product') return change.product?.creatorId === creatorId;
    if (change.kind === 'media') return change.ownerId === creatorId;
    if (change.kind === 'organisation') return change.organisationId === creatorId;
    return change.kind !== 'user' && change.creatorId === creatorId;
  }

  /** Errors: `store-unavailable`, also where the drop's row is not in the catalogue yet. */
  async showsDrop({ dropId, events }: DropChanges): Promise<boolean> {
    const { creatorId, catalogue } = this.#options;
    if (creatorId === null) return true;
    const created = events.find((event) => event.type === 'drop-created');
    let own = created === undefined ? this.#own.get(dropId) : created.terms.creatorId === creatorId;
    if (own === undefined) {
      const drop = await catalogue.findDrop(dropId);
      if (drop === null)
        throw new StoreUnavailableError(`the catalogue does not have drop ${dropId} yet`);
      own = drop.creatorId === creatorId;
    }
    this.#cache(dropId, own);
    return own;
  }

  #cache(dropId: string, own: boolean): void {
    this.#own.delete(dropId);
    this.#own.set(dropId, own);
    if (this.#own.size <= DROPS_CACHED_MAX) return;
    const { value } = this.#own.keys().next();
    if (value !== undefined) this.#own.delete(value);
  }
}
