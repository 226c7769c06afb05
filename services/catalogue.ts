// The catalogue service: creators' products, the making of drops, and the list of drops. A drop
// itself is its actor's: this service only makes sure that it is made for a product of the
// caller's, and lists rows with the stock as its owner sees it now.

import { CREATOR_ROLE } from '../contracts/accounts.ts';
import type { ServiceSchema } from 'moleculer';
import { HOLD_SECONDS_DEFAULT, LIMIT_PER_USER_DEFAULT } from '../contracts/bounds.ts';
import { compileCheck } from '../contracts/check.ts';
import type { CommandRouter } from '../actors/command-router.ts';
import { ID_RANDOM_BYTES, makeId } from '../domain/ids.ts';
import { refusal, success } from '../domain/refusal.ts';
import type { Outcome, Refusal } from '../contracts/refusals.ts';
import type { DropView } from '../contracts/drops.ts';
import type { AccountStore } from '../storage/ports/accounts.ts';
import type { Catalogue } from '../storage/ports/catalogue.ts';
import { NewProduct, type Product, ProductPatch } from '../contracts/products.ts';
import type { Page } from '../contracts/paging.ts';
import type { ActionParams } from '../contracts/actions.ts';
import { defineService, type RandomBytes } from './moleculer/define-service.ts';

export interface CatalogueServiceOptions {
  readonly catalogue: Catalogue;
  readonly accounts: AccountStore;
  readonly router: CommandRouter;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
  readonly random: RandomBytes;
}

const checkNew = compileCheck(NewProduct);
const checkPatch = compileCheck(ProductPatch);

export function catalogueService(options: CatalogueServiceOptions): ServiceSchema {
  const { catalogue } = options;
  return defineService('catalogue', {
    addProduct: (params) => addProduct(options, params),
    changeProduct: (params) => changeProduct(options, params),
    async product({ productId }) {
      const product = await catalogue.findProduct(productId);
      return product === null ? refusal('not-found') : success(product);
    },
    async products({ creatorId, page }) {
      const filter = creatorId === undefined ? {} : { creatorId };
      return success(await catalogue.listProducts(filter, page));
    },
    addDrop: (params) => addDrop(options, params),
    drops: (params) => listDrops(options, params),
  });
}

async function addProduct(
  { catalogue, accounts, now, random }: CatalogueServiceOptions,
  params: ActionParams<'catalogue.addProduct'>,
): Promise<Outcome<Product>> {
  const { creatorId, name, description, imageUrls } = params;
  const checked = checkNew({ name: name.trim(), description, imageUrls });
  if (!checked.ok) return checked;
  const refused = checkUrls({ imageUrls });
  if (refused !== null) return refused;
  const createdAt = now();
  const product: Product = {
    id: makeId('p', createdAt, random(ID_RANDOM_BYTES)),
    creatorId,
    name: name.trim(),
    description,
    imageUrls,
    createdAt,
    revision: 1,
  };
  // The role first: a product without it would never be made up for, a role without a product does
  // no harm. Tokens that were made offline may name users without an account, who need no role to
  // be kept.
  const user = await accounts.findUser(creatorId);
  if (user !== null && !user.roles.includes(CREATOR_ROLE))
    await accounts.addRole(creatorId, CREATOR_ROLE);
  await catalogue.addProduct(product);
  return success(product);
}

async function changeProduct(
  { catalogue }: CatalogueServiceOptions,
  { callerId, productId, change }: ActionParams<'catalogue.changeProduct'>,
): Promise<Outcome<Product>> {
  const refused = await checkOwner(catalogue, productId, callerId);
  if (refused !== null) return refused;
  const trimmed = change.name === undefined ? change : { ...change, name: change.name.trim() };
  const checked = checkPatch(trimmed);
  if (!checked.ok) return checked;
  const wrongUrls = checkUrls(trimmed);
  if (wrongUrls !== null) return wrongUrls;
  const changed = await catalogue.changeProduct(productId, trimmed);
  return changed === null ? refusal('not-found') : success(changed);
}

async function addDrop(
  { catalogue, router, now, random }: CatalogueServiceOptions,
  { callerId, productId, drop }: ActionParams<'catalogue.addDrop'>,
): Promise<Outcome<DropView>> {
  const refused = await checkOwner(catalogue, productId, callerId);
  if (refused !== null) return refused;
  const dropId = makeId('d', now(), random(ID_RANDOM_BYTES));
  const { stock, startsAt, endsAt, priceCents, currency } = drop;
  const terms = {
    id: dropId,
    productId,
    creatorId: callerId,
    startsAt,
    endsAt,
    priceCents,
    currency,
    limitPerUser: drop.limitPerUser ?? LIMIT_PER_USER_DEFAULT,
    holdSeconds: drop.holdSeconds ?? HOLD_SECONDS_DEFAULT,
    payment: drop.payment ?? 'instant',
  };
  const created = await router.send({ type: 'create-drop', dropId, terms, stock });
  if (created.ok) await listAtOnce(catalogue, created.value);
  return created;
}

/**
 * So that the creator's next look at the list finds the drop; the relay brings the same row a
 * moment later.
 */
async function listAtOnce(catalogue: Catalogue, view: DropView): Promise<void> {
  try {
    await catalogue.putDrops([view]);
  } catch (error) {
    // The drop is made, and to answer otherwise would have it made twice. Its row waits for the
    // relay.
    if ((error as { code?: unknown } | null)?.code !== 'store-unavailable') throw error;
  }
}

/**
 * Rows whose drop can still change are overlaid with the owner's durable view, so listed stock is
 * never stale. A drop whose fresh status no longer fits the filter is left out, so a page may be
 * shorter than its limit. Where an owner cannot be reached its row stands: it is true as of its
 * version.
 */
async function listDrops(
  { catalogue, router }: CatalogueServiceOptions,
  { page, ...filter }: ActionParams<'catalogue.drops'>,
): Promise<Outcome<Page<DropView>>> {
  const rows = await catalogue.listDrops(filter, page);
  const fresh = await Promise.all(rows.items.map((row) => freshView(router, row)));
  const items =
    filter.status === undefined ? fresh : fresh.filter((view) => view.status === filter.status);
  return success({ items, nextCursor: rows.nextCursor });
}

async function freshView(router: CommandRouter, row: DropView): Promise<DropView> {
  // Over, and no hold open: only a refund can still change it, and the relay brings that.
  const isOver = (row.status === 'ended' || row.status === 'cancelled') && row.held === 0;
  if (isOver) return row;
  const reply = await router.send({ type: 'get-drop', dropId: row.id });
  return reply.ok && reply.value.version >= row.version ? reply.value : row;
}

async function checkOwner(
  catalogue: Catalogue,
  productId: string,
  callerId: string,
): Promise<Refusal | null> {
  const product = await catalogue.findProduct(productId);
  if (product === null) return refusal('not-found');
  return product.creatorId === callerId
    ? null
    : refusal('forbidden', 'The product belongs to somebody else.');
}

/** The form of a URL is more than its pattern can say. */
function checkUrls({ imageUrls = [] }: ProductPatch): Refusal | null {
  return imageUrls.every((url) => URL.canParse(url))
    ? null
    : refusal('invalid-request', 'imageUrls: has the wrong form.');
}
