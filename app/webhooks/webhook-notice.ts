// Tells a webhook's creator by mail that it is called no more; of an organisation, its owners.

import type { Webhook } from '../../contracts/webhooks.ts';
import type { AccountStore } from '../../storage/ports/accounts.ts';
import type { OrganisationStore } from '../../storage/ports/organisations.ts';
import type { AccountMail } from '../mail/account-mail.ts';

export interface WebhookNoticeOptions {
  readonly accounts: Pick<AccountStore, 'findUser'>;
  readonly organisations: Pick<OrganisationStore, 'find'>;
  readonly mail: Pick<AccountMail, 'send'>;
}

export class WebhookNotice {
  readonly #options: WebhookNoticeOptions;

  constructor(options: WebhookNoticeOptions) {
    this.#options = options;
  }

  /** Once for each time that it was disabled. Errors: `store-unavailable`. */
  async send({ id, creatorId, generation }: Webhook): Promise<void> {
    const { accounts, mail } = this.#options;
    for (const userId of await this.#recipients(creatorId)) {
      const user = await accounts.findUser(userId);
      if (user === null) continue;
      // One that is refused is not worth another try: too many mails go to this address already.
      await mail.send(user, 'webhook-disabled', { linkId: `l_${id}_${generation}` });
    }
  }

  async #recipients(creatorId: string): Promise<readonly string[]> {
    const organisation = await this.#options.organisations.find(creatorId);
    const owners = organisation?.members.filter(({ role }) => role === 'owner') ?? [];
    return [...new Set([creatorId, ...owners.map(({ userId }) => userId)])];
  }
}
