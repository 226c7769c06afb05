// Creators' products (D1): created and changed by their creator, and read by everyone.

import type { Requester } from '../contracts/accounts.ts';
import { CREATOR_ROLE } from '../contracts/role-names.ts';
import type { ActionParams } from '../contracts/actions.ts';
import { compileCheck } from '../contracts/check.ts';
import type { CreatorAction } from '../contracts/creator-actions.ts';
import { changedDescription } from '../domain/description.ts';
import type { Page, PageRequest } from '../contracts/paging.ts';
import {
  NewProduct,
  type Product,
  type ProductFilter,
  ProductPatch,
  type ProductView,
} from '../contracts/products.ts';
import type { Outcome, Refusal } from '../contracts/refusals.ts';
import { ID_RANDOM_BYTES, makeId } from '../domain/ids.ts';
import { refusal, success } from '../domain/refusal.ts';
import type { KeyedRequest } from '../contracts/requests.ts';
import type { RestrictionSet } from '../events/restriction-set.ts';
import type { AccountStore } from '../storage/ports/accounts.ts';
import { MediaUses } from './media-uses.ts';
import { productCards, productView, productViews } from './media-views.ts';
import { mayAct } from './permissions.ts';
import { outcomeOf } from './repeated-requests.ts';
import type { Catalogue, NoChange } from '../storage/ports/catalogue.ts';
import type { MediaStore } from '../storage/ports/media.ts';
import type { RandomBytes } from './random-bytes.ts';
import { NOTHING_HIDDEN, OPEN, type SellingRules } from './selling-rules.ts';
import { shownPage } from './shown-page.ts';

export interface ProductsOptions {
  readonly catalogue: Catalogue;
  readonly accounts: AccountStore;
  readonly media: MediaStore;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  readonly random: RandomBytes;
  /** Who may sell; everybody unless given. */
  readonly selling?: Pick<SellingRules, 'refuse'>;
  /** What is taken down; nothing unless given. */
  readonly hidden?: Pick<RestrictionSet, 'isHidden'>;
}

/** Attempts of a change of media: of concurrent changes of one product one succeeds. */
const CHANGE_ROUNDS_MAX = 20;

const checkNew = compileCheck(NewProduct);
const checkPatch = compileCheck(ProductPatch);

export class Products {
  readonly #options: ProductsOptions;
  readonly #uses: MediaUses;

  constructor(options: ProductsOptions) {
    this.#options = options;
    this.#uses = new MediaUses(options);
  }

  async add({
    caller,
    creatorId,
    product,
    request,
  }: ActionParams<'products.add'>): Promise<Outcome<ProductView>> {
    if (!mayAct(caller, creatorId, 'products.add'))
      return refusal('forbidden', 'Products are added for oneself, or for an organisation.');
    const { name, description = '', imageUrls = [], mediaIds = [] } = product;
    const described = changedDescription({}, product);
    const content = {
      name: name.trim(),
      description,
      imageUrls,
      ...described,
      ...(mediaIds.length > 0 && { mediaIds }),
      ...(product.unlisted === true && { unlisted: true as const }),
    };
    const checked = checkNew(content);
    if (!checked.ok) return checked;
    const refused = refusePictures(content) ?? (await this.#refuseSeller(creatorId, request));
    if (refused !== null) return refused;
    const { catalogue, accounts, now, random } = this.#options;
    const make = (): Product => {
      const createdAt = now();
      const id = makeId('p', createdAt, random(ID_RANDOM_BYTES));
      return { id, creatorId, ...content, createdAt, revision: 1 };
    };
    // The role first: the missing role of a stored product would never be added, but a role without
    // a product does no harm. Offline tokens may have users without an account, who need no role.
    const user = await accounts.findUser(creatorId);
    if (user !== null && !user.roles.includes(CREATOR_ROLE))
      await accounts.addRole(creatorId, CREATOR_ROLE);
    const made = await this.#claimed(make, request);
    if ('ok' in made) return made;
    if (request === undefined) {
      await catalogue.addProduct(made);
      return success(await this.#viewFor(made, caller));
    }
    const pinned = mediaIds.length > 0 ? () => made : make;
    const added = outcomeOf(await catalogue.addProductOnce(request, pinned));
    return added.ok ? { ...added, value: await this.#viewFor(added.value, caller) } : added;
  }

  /** A new product whose media are marked for it, or the refusal of one of them. */
  async #claimed(
    make: () => Product,
    request: KeyedRequest | undefined,
  ): Promise<Product | Outcome<ProductView>> {
    const { catalogue } = this.#options;
    let product = make();
    const { mediaIds = [] } = product;
    if (mediaIds.length === 0) return product;
    if (request !== undefined) {
      // What was valid at the first try may not be so now.
      const kept = await catalogue.findAnswer(request);
      if (kept !== null) return outcomeOf(kept);
      while (!catalogue.fits(request, product.id)) product = make();
    }
    return (await this.#uses.claim(product, mediaIds)) ?? product;
  }

  async change(params: ActionParams<'products.change'>): Promise<Outcome<ProductView>> {
    const { caller, productId, change, ifMatch, request } = params;
    const { catalogue } = this.#options;
    const found = await productFor(catalogue, productId, caller, 'products.change');
    if (!found.ok) return found;
    const content = change.name === undefined ? change : { ...change, name: change.name.trim() };
    const checked = checkPatch(content);
    if (!checked.ok) return checked;
    const refused = refusePictures(content);
    if (refused !== null) return refused;
    const { mediaIds = [] } = found.value;
    const touchesMedia =
      content.mediaIds !== undefined || (mediaIds.length > 0 && content.imageUrls !== undefined);
    const changed = touchesMedia
      ? await this.#changeMedia({ ...params, change: content })
      : await this.#write(productId, content, ifMatch, request);
    return changed.ok ? { ...changed, value: await this.#viewFor(changed.value, caller) } : changed;
  }

  /**
   * Marks the new media, then writes the product at the revision that was read, then frees what it
   * no longer names.
   */
  async #changeMedia({
    productId,
    change,
    ifMatch,
    request,
  }: ActionParams<'products.change'>): Promise<Outcome<Product>> {
    const { catalogue } = this.#options;
    for (let round = 1; round <= CHANGE_ROUNDS_MAX; round++) {
      const product = await catalogue.findProduct(productId);
      if (product === null) return refusal('not-found');
      const { id, creatorId, revision, announced, mediaIds: before = [] } = product;
      if (request !== undefined) {
        // No product has none of all revisions: only a kept answer comes of it.
        const kept = await catalogue.changeProductOnce(request, productId, change, []);
        if (kept.result !== 'new') return changeOutcome(outcomeOf(kept));
      }
      if (ifMatch?.includes(revision) === false) return refusal('precondition-failed');
      const { mediaIds: after = [] } = change;
      // Its drops were announced by nodes that made no mark of it.
      if (announced !== true && after.length > 0 && (await this.#hasDrops(id)))
        await catalogue.announceProduct(id);
      const added = after.filter((mediaId) => !before.includes(mediaId));
      const toBe = { id, creatorId, revision: revision + 1 };
      const refused = await this.#uses.claim(toBe, added);
      const changed = refused ?? (await this.#write(productId, change, [revision], request));
      const isOvertaken = !changed.ok && changed.code === 'precondition-failed';
      if (isOvertaken && ifMatch === undefined) continue;
      const freed = changed.ok ? before.filter((mediaId) => !after.includes(mediaId)) : added;
      await this.#uses.release(productId, freed);
      return changed;
    }
    return refusal('unavailable');
  }

  async #hasDrops(productId: string): Promise<boolean> {
    const page = { limit: 1, cursor: null };
    return (await this.#options.catalogue.listDrops({ productId }, page)).items.length > 0;
  }

  async #write(
    productId: string,
    change: ProductPatch,
    revisions: readonly number[] | undefined,
    request: KeyedRequest | undefined,
  ): Promise<Outcome<Product>> {
    const { catalogue } = this.#options;
    if (request === undefined)
      return changeOutcome(success(await catalogue.changeProduct(productId, change, revisions)));
    return changeOutcome(
      outcomeOf(await catalogue.changeProductOnce(request, productId, change, revisions)),
    );
  }

  #viewFor(product: Product, viewer: Requester): Promise<ProductView> {
    return productView(this.#options.media, product, viewer);
  }

  async get({
    productId,
    caller,
  }: ActionParams<'catalogue.product'>): Promise<Outcome<ProductView>> {
    const { catalogue, media } = this.#options;
    const product = await catalogue.findProduct(productId);
    if (product === null || this.#isHidden(product)) return refusal('not-found');
    return success(await productView(media, product, caller ?? null));
  }

  /** In the order of the ids; null for what is not there. */
  async getAll(productIds: readonly string[]): Promise<Outcome<readonly (ProductView | null)[]>> {
    const { catalogue, media } = this.#options;
    const found = await catalogue.findProducts(productIds);
    const shown = [...found.values()].filter((product) => !this.#isHidden(product));
    const views = await productViews(media, shown);
    const byId = new Map(views.map((view) => [view.id, view]));
    return success(productIds.map((id) => byId.get(id) ?? null));
  }

  /** Without what is taken down, with the first picture of each. */
  async list({
    page,
    withHidden = false,
    ...filter
  }: ActionParams<'catalogue.products'>): Promise<Outcome<Page<ProductView>>> {
    const refused = refuseFilter(filter);
    if (refused !== null) return refused;
    const read = (next: PageRequest) => this.#options.catalogue.listProducts(filter, next);
    const isShown = (product: Product): boolean => withHidden || !this.#isHidden(product);
    const { items, nextCursor } = await shownPage(page, read, isShown);
    return success({ items: await productCards(this.#options.media, items), nextCursor });
  }

  /** A repeat of a request gets the first answer, however the creator stands by now (H11). */
  async #refuseSeller(
    creatorId: string,
    request: KeyedRequest | undefined,
  ): Promise<Refusal | null> {
    const { catalogue, selling = OPEN } = this.#options;
    const refused = await selling.refuse(creatorId);
    if (refused === null || request === undefined) return refused;
    return (await catalogue.findAnswer(request)) === null ? refused : null;
  }

  #isHidden({ id: productId, creatorId }: Product): boolean {
    const { hidden = NOTHING_HIDDEN } = this.#options;
    return hidden.isHidden({ productId, creatorId });
  }
}

/** External ids are looked up among those of one creator. */
export function refuseFilter({ creatorId, externalId }: ProductFilter): Refusal | null {
  return externalId === undefined || creatorId !== undefined
    ? null
    : refusal('invalid-request', 'external_id: needs creator_id.');
}

function changeOutcome(outcome: Outcome<Product | NoChange>): Outcome<Product> {
  if (!outcome.ok) return outcome;
  const { value } = outcome;
  if (value === 'other-revision') return refusal('precondition-failed');
  return value === 'not-found' ? refusal('not-found') : { ...outcome, value };
}

/** The product, where the caller may do this for its creator. */
export async function productFor(
  catalogue: Pick<Catalogue, 'findProduct'>,
  productId: string,
  caller: Requester,
  action: CreatorAction,
): Promise<Outcome<Product>> {
  const product = await catalogue.findProduct(productId);
  if (product === null) return refusal('not-found');
  return mayAct(caller, product.creatorId, action)
    ? success(product)
    : refusal('forbidden', 'The product belongs to somebody else.');
}

/** Checks more of a URL's form than a pattern can. */
function refusePictures({ imageUrls = [], mediaIds = [] }: ProductPatch): Refusal | null {
  if (imageUrls.length > 0 && mediaIds.length > 0)
    return refusal('invalid-request', 'imageUrls: not together with mediaIds.');
  return imageUrls.every((url) => URL.canParse(url))
    ? null
    : refusal('invalid-request', 'imageUrls: has the wrong form.');
}
