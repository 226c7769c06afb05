// Which products name which media (M1). Product and medium are two places of a store, so a medium
// is marked before the product that names it is written, at the revision that the product will
// have. Whatever ends in between leaves a mark without a product behind it: after a minute it
// counts for nothing. Of an avatar its owner's profile tells, and there is no mark.

import type { Media } from '../contracts/media.ts';
import { USES_OF_MEDIUM_MAX } from '../contracts/bounds.ts';
import type { Product } from '../contracts/products.ts';
import type { Refusal } from '../contracts/refusals.ts';
import { refusal } from '../domain/refusal.ts';
import type { AccountStore } from '../storage/ports/accounts.ts';
import type { Catalogue } from '../storage/ports/catalogue.ts';
import type { MediaStore } from '../storage/ports/media.ts';

export interface MediaUsesOptions {
  readonly media: MediaStore;
  readonly catalogue: Pick<Catalogue, 'findProducts'>;
  readonly accounts: Pick<AccountStore, 'findUser'>;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

/** Far longer than a change of a product takes. */
const PENDING_MAX_MS = 60_000;
/** How often a change that somebody else overtook is made anew. */
const ATTEMPTS_MAX = 8;

/** A product that is about to be written. */
export interface ProductToBe {
  readonly id: string;
  readonly creatorId: string;
  /** That it will have. */
  readonly revision: number;
}

export class MediaUses {
  readonly #options: MediaUsesOptions;

  constructor(options: MediaUsesOptions) {
    this.#options = options;
  }

  /**
   * Marks each medium, so that it stays. The refusal where one is none of the creator's that may be
   * on a product; those before it are marked then. Errors: `store-unavailable`.
   */
  async claim(product: ProductToBe, mediaIds: readonly string[]): Promise<Refusal | null> {
    for (const mediaId of mediaIds) {
      const refused = await this.#claimOne(product, mediaId);
      if (refused !== null) return refused;
    }
    return null;
  }

  async #claimOne({ id, creatorId, revision }: ProductToBe, mediaId: string) {
    const { media, now } = this.#options;
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
      const found = await media.find(mediaId);
      const refused = refusalFor(found, mediaId, creatorId);
      if (refused !== null) return refused;
      const others = (found!.uses ?? []).filter(({ productId }) => productId !== id);
      const kept =
        others.length < USES_OF_MEDIUM_MAX ? others : await this.#counting(found!, others);
      if (kept.length >= USES_OF_MEDIUM_MAX)
        return refusal('too-many', `mediaIds: ${mediaId} is on ${USES_OF_MEDIUM_MAX} products.`);
      const uses = [...kept, { productId: id, revision, since: now() }];
      const marked = { ...found!, uses, revision: found!.revision + 1 };
      if (await media.replace(found!, marked)) return null;
    }
    return refusal('unavailable');
  }

  /**
   * Takes the product's mark from media that it does not name any more. What is not taken away
   * counts for nothing. Errors: `store-unavailable`.
   */
  async release(productId: string, mediaIds: readonly string[]): Promise<void> {
    for (const mediaId of mediaIds) await this.#releaseOne(productId, mediaId);
  }

  async #releaseOne(productId: string, mediaId: string): Promise<void> {
    const { media } = this.#options;
    for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
      const found = await media.find(mediaId);
      const { uses = [] } = found ?? {};
      const own = uses.filter((use) => use.productId === productId);
      // After the medium: another change that marks it from now on makes another revision of it.
      if (found === null || own.length === 0) return;
      if ((await this.#counting(found, own)).length > 0) return;
      const others = uses.filter((use) => use.productId !== productId);
      const released = { ...found, uses: others, revision: found.revision + 1 };
      if (await media.replace(found, released)) return;
    }
  }

  /** What uses the medium, in words: its products' ids, or the profile. */
  async usersOf(media: Media): Promise<string[]> {
    if (media.purpose === 'avatar') {
      const user = await this.#options.accounts.findUser(media.ownerId);
      return user?.avatarMediaId === media.id ? ['the profile'] : [];
    }
    return (await this.#counting(media, media.uses ?? [])).map(({ productId }) => productId);
  }

  /** Those whose product names the medium, or may be about to. */
  async #counting(
    { id }: Pick<Media, 'id'>,
    uses: NonNullable<Media['uses']>,
  ): Promise<NonNullable<Media['uses']>> {
    if (uses.length === 0) return [];
    const { catalogue, now } = this.#options;
    const products = await catalogue.findProducts(uses.map(({ productId }) => productId));
    const present = now();
    return uses.filter(({ productId, revision, since }) => {
      const product = products.get(productId);
      if (names(product, id)) return true;
      const isPending = (product?.revision ?? 0) < revision;
      // In either direction: a clock that is set back does not make it longer.
      return isPending && Math.abs(present - since) < PENDING_MAX_MS;
    });
  }
}

export function names(product: Product | undefined, mediaId: string): boolean {
  return product?.mediaIds?.includes(mediaId) === true;
}

function refusalFor(media: Media | null, mediaId: string, creatorId: string): Refusal | null {
  // Others' are not told from those that are not there.
  if (media === null || media.ownerId !== creatorId)
    return refusal('invalid-request', `mediaIds: ${mediaId} is no medium of the creator.`);
  if (media.purpose !== 'product')
    return refusal('invalid-request', `mediaIds: ${mediaId} was not uploaded for a product.`);
  if (media.status !== 'ready' && media.status !== 'processing')
    return refusal('invalid-request', `mediaIds: ${mediaId} is ${media.status}.`);
  return null;
}
