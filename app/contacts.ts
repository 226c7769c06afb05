// Contacts of a shop's own users (A6): stored, read, listed and erased by the shop alone.

import type { ActionParams } from '../contracts/actions.ts';
import { compileCheck } from '../contracts/check.ts';
import { type Contact, NewContact } from '../contracts/contacts.ts';
import type { Page } from '../contracts/paging.ts';
import type { Outcome } from '../contracts/refusals.ts';
import { refusal, success } from '../domain/refusal.ts';
import type { ContactStore } from '../storage/ports/contacts.ts';
import { canonicalEmail } from './email-address.ts';
import { isPublicHost } from '../events/outbound/public-host.ts';
import { shopSpace, shopUserId } from './user-ids.ts';

export interface ContactsOptions {
  readonly contacts: ContactStore;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

const checkNew = compileCheck(NewContact);

export class Contacts {
  readonly #options: ContactsOptions;

  constructor(options: ContactsOptions) {
    this.#options = options;
  }

  /** In place of all that was stored for this user. */
  async put(params: ActionParams<'shops.putContact'>): Promise<Outcome<Contact>> {
    const { contacts, now } = this.#options;
    const { shopId, user, contact } = params;
    const { email } = contact;
    const checked = checkNew(
      email === undefined ? contact : { ...contact, email: canonicalEmail(email) },
    );
    if (!checked.ok) return checked;
    const content = checked.value as NewContact;
    for (const { endpoint } of content.pushSubscriptions ?? []) {
      if (!isPublicHost(endpoint))
        return refusal('invalid-request', 'pushSubscriptions: an endpoint is no push service.');
    }
    const userId = shopUserId(shopId, user);
    const at = now();
    const stored = await contacts.put({ userId, user, ...content, createdAt: at, changedAt: at });
    return success(stored);
  }

  async find({ shopId, user }: ActionParams<'shops.contact'>): Promise<Outcome<Contact>> {
    const contact = await this.#options.contacts.find(shopUserId(shopId, user));
    return contact === null ? refusal('not-found') : success(contact);
  }

  async list({ shopId, page }: ActionParams<'shops.contacts'>): Promise<Outcome<Page<Contact>>> {
    return success(await this.#options.contacts.list(shopSpace(shopId), page));
  }

  /** Erasing what is not there is a success. */
  async erase({ shopId, user }: ActionParams<'shops.eraseContact'>): Promise<Outcome<null>> {
    await this.#options.contacts.remove(shopUserId(shopId, user));
    return success(null);
  }
}
