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
} from '../contracts/products.ts';
import type { Outcome, Refusal } from '../contracts/refusals.ts';
import { ID_RANDOM_BYTES, makeId } from '../domain/ids.ts';
import { refusal, success } from '../domain/refusal.ts';
import type { KeyedRequest } from '../contracts/requests.ts';
import type { RestrictionSet } from '../events/restriction-set.ts';
import type { AccountStore } from '../storage/ports/accounts.ts';
import { mayAct } from './permissions.ts';
import { outcomeOf } from './repeated-requests.ts';
import type { Catalogue, NoChange } from '../storage/ports/catalogue.ts';
import type { RandomBytes } from './random-bytes.ts';
import { NOTHING_HIDDEN, OPEN, type SellingRules } from './selling-rules.ts';
import { shownPage } from './shown-page.ts';

export interface ProductsOptions {
  readonly catalogue: Catalogue;
  readonly accounts: AccountStore;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  readonly random: RandomBytes;
  /** Who may sell; everybody unless given. */
  readonly selling?: Pick<SellingRules, 'refuse'>;
  /** What is taken down; nothing unless given. */
  readonly hidden?: Pick<RestrictionSet, 'isHidden'>;
}

const checkNew = compileCheck(NewProduct);
const checkPatch = compileCheck(ProductPatch);

export class Products {
  readonly #options: ProductsOptions;

  constructor(options: ProductsOptions) {
    this.#options = options;
  }

  async add({
    caller,
    creatorId,
    product,
    request,
  }: ActionParams<'products.add'>): Promise<Outcome<Product>> {
    if (!mayAct(caller, creatorId, 'products.add'))
      return refusal('forbidden', 'Products are added for oneself, or for an organisation.');
    const { name, description = '', imageUrls = [] } = product;
    const described = changedDescription({}, product);
    const content = { name: name.trim(), description, imageUrls, ...described };
    const checked = checkNew(content);
    if (!checked.ok) return checked;
    const refused = checkUrls(content) ?? (await this.#refuseSeller(creatorId, request));
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
    if (request !== undefined) return outcomeOf(await catalogue.addProductOnce(request, make));
    const added = make();
    await catalogue.addProduct(added);
    return success(added);
  }

  async change({
    caller,
    productId,
    change,
    ifMatch,
    request,
  }: ActionParams<'products.change'>): Promise<Outcome<Product>> {
    const { catalogue } = this.#options;
    const found = await productFor(catalogue, productId, caller, 'products.change');
    if (!found.ok) return found;
    const content = change.name === undefined ? change : { ...change, name: change.name.trim() };
    const checked = checkPatch(content);
    if (!checked.ok) return checked;
    const wrongUrls = checkUrls(content);
    if (wrongUrls !== null) return wrongUrls;
    if (request === undefined)
      return changeOutcome(success(await catalogue.changeProduct(productId, content, ifMatch)));
    return changeOutcome(
      outcomeOf(await catalogue.changeProductOnce(request, productId, content, ifMatch)),
    );
  }

  async get(productId: string): Promise<Outcome<Product>> {
    const product = await this.#options.catalogue.findProduct(productId);
    return product === null || this.#isHidden(product) ? refusal('not-found') : success(product);
  }

  /** In the order of the ids; null for what is not there. */
  async getAll(productIds: readonly string[]): Promise<Outcome<readonly (Product | null)[]>> {
    const found = await this.#options.catalogue.findProducts(productIds);
    const shown = (product: Product | undefined): Product | null =>
      product === undefined || this.#isHidden(product) ? null : product;
    return success(productIds.map((id) => shown(found.get(id))));
  }

  /** Without what is taken down. */
  async list({
    page,
    withHidden = false,
    ...filter
  }: ActionParams<'catalogue.products'>): Promise<Outcome<Page<Product>>> {
    const refused = refuseFilter(filter);
    if (refused !== null) return refused;
    const read = (next: PageRequest) => this.#options.catalogue.listProducts(filter, next);
    const isShown = (product: Product): boolean => withHidden || !this.#isHidden(product);
    return success(await shownPage(page, read, isShown));
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
function checkUrls({ imageUrls = [] }: ProductPatch): Refusal | null {
  return imageUrls.every((url) => URL.canParse(url))
    ? null
    : refusal('invalid-request', 'imageUrls: has the wrong form.');
}
