// What a change is about, as it is before the change: whose it is, and the fields that the audit
// log shows. Fields are listed here, so that nothing personal and no secret gets in by itself.

import type { CommandRouter } from '../../actors/command-router.ts';
import type { Product } from '../../contracts/products.ts';
import type { Webhook } from '../../contracts/webhooks.ts';
import type { Draft } from '../../contracts/drafts.ts';
import type { DropView } from '../../contracts/drops.ts';
import type { AccountLinkStore, LinkPurpose } from '../../storage/ports/account-links.ts';
import type { AccountStore } from '../../storage/ports/accounts.ts';
import type { Catalogue } from '../../storage/ports/catalogue.ts';
import type { Drafts } from '../../storage/ports/drafts.ts';
import type { JobStore } from '../../storage/ports/jobs.ts';
import type { MediaStore } from '../../storage/ports/media.ts';
import type { OrganisationStore } from '../../storage/ports/organisations.ts';
import type { WebhookStore } from '../../storage/ports/webhooks.ts';
import { followLink } from '../mail/followed-link.ts';
import type { Facts } from './facts.ts';

export type SubjectKey =
  | { readonly type: 'product' | 'webhook' | 'media' | 'account' | 'job'; readonly id: string }
  /** `creatorIds`: whose draft it may be. */
  | { readonly type: 'drop'; readonly id: string; readonly creatorIds: readonly string[] }
  | { readonly type: 'member'; readonly id: string; readonly organisationId: string }
  /** A mailed link, and what it has to be good for. `id`: its token. */
  | { readonly type: 'link'; readonly id: string; readonly purposes: readonly LinkPurpose[] };

export interface Subject {
  readonly creatorId: string;
  readonly facts: Facts;
}

export interface SubjectsOptions {
  readonly catalogue: Pick<Catalogue, 'findProduct'>;
  readonly drafts: Pick<Drafts, 'find'>;
  readonly router: CommandRouter;
  readonly webhooks: Pick<WebhookStore, 'find'>;
  readonly organisations: Pick<OrganisationStore, 'find'>;
  readonly media: Pick<MediaStore, 'find'>;
  readonly accounts: Pick<AccountStore, 'findUser'>;
  readonly accountLinks: Pick<AccountLinkStore, 'find'>;
  readonly jobs: Pick<JobStore, 'find'>;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

export class Subjects {
  readonly #options: SubjectsOptions;

  constructor(options: SubjectsOptions) {
    this.#options = options;
  }

  /** Null where there is none, or its owner does not answer. Errors: `store-unavailable`. */
  async find(key: SubjectKey): Promise<Subject | null> {
    const { id } = key;
    switch (key.type) {
      case 'product':
        return owned(await this.#options.catalogue.findProduct(id), productFacts);
      case 'webhook':
        return owned(await this.#options.webhooks.find(id), webhookFacts);
      case 'drop':
        return await this.#drop(id, key.creatorIds);
      case 'media': {
        const media = await this.#options.media.find(id);
        return media === null ? null : { creatorId: media.ownerId, facts: {} };
      }
      case 'account': {
        const user = await this.#options.accounts.findUser(id);
        const facts = { avatarMediaId: user?.avatarMediaId };
        return user === null ? null : { creatorId: id, facts };
      }
      case 'link': {
        const followed = await followLink(this.#options, id, key.purposes);
        if (followed === null) return null;
        const { user, link } = followed;
        return { creatorId: user.id, facts: { purpose: link.purpose } };
      }
      case 'job': {
        const job = await this.#options.jobs.find(id);
        const drop = job === null ? null : await this.#drop(job.subject, []);
        return drop && { creatorId: drop.creatorId, facts: {} };
      }
      case 'member': {
        const { organisationId } = key;
        const organisation = await this.#options.organisations.find(organisationId);
        const member = organisation?.members.find(({ userId }) => userId === id);
        return { creatorId: organisationId, facts: { role: member?.role } };
      }
    }
  }

  async #drop(dropId: string, creatorIds: readonly string[]): Promise<Subject | null> {
    for (const creatorId of creatorIds) {
      const draft = await this.#options.drafts.find(creatorId, dropId);
      if (draft !== null) return { creatorId, facts: draftFacts(draft) };
    }
    const drop = await this.#options.router.send({ type: 'get-drop', dropId });
    return drop.ok ? owned(drop.value, dropFacts) : null;
  }
}

function owned<T extends { readonly creatorId: string }>(
  thing: T | null,
  factsOf: (thing: T) => Facts,
): Subject | null {
  return thing === null ? null : { creatorId: thing.creatorId, facts: factsOf(thing) };
}

export function productFacts(
  product: Pick<Product, 'name' | 'description' | 'imageUrls' | 'mediaIds'> &
    Pick<Product, 'metadata' | 'externalId' | 'unlisted'>,
): Facts {
  const { name, description, imageUrls, mediaIds, metadata, externalId, unlisted } = product;
  return { name, description, imageUrls, mediaIds, metadata, externalId, unlisted };
}

type Terms = Omit<DropView, 'status' | 'stocked'> | Draft;

function termsFacts(terms: Terms): Facts {
  const { productId, startsAt, endsAt, unitAmount, currency, limitPerUser, holdSeconds } = terms;
  const { payment, access, earlyAccessSeconds, unlisted, metadata, externalId } = terms;
  return {
    productId,
    startsAt,
    endsAt,
    unitAmount,
    currency,
    limitPerUser,
    holdSeconds,
    payment,
    access,
    earlyAccessSeconds,
    unlisted,
    metadata,
    externalId,
  };
}

/** Of a draft's view, too. */
export function dropFacts(
  drop: Omit<DropView, 'status'> & { readonly status: DropView['status'] | 'draft' },
): Facts {
  const { status, stocked, paused } = drop;
  // Drops open and end by themselves: only what people did is shown of the status.
  const shown = status === 'draft' || status === 'cancelled' ? status : 'announced';
  return { ...termsFacts(drop), status: shown, stocked, paused };
}

function draftFacts(draft: Draft): Facts {
  return { ...termsFacts(draft), status: 'draft', stocked: draft.stock };
}

/** Of the address only the origin: what follows may be a secret. */
export function webhookFacts(
  webhook: Pick<Webhook, 'url' | 'events' | 'ordering' | 'ratePerSecond' | 'enabled'>,
): Facts {
  const { url, events, ordering, ratePerSecond, enabled } = webhook;
  return { origin: new URL(url).origin, events, ordering, ratePerSecond, enabled };
}
