// Changes of where a user is reached: read, changed, and replaced by compare-and-set.

import { DEFAULT_PREFERENCES } from '../../contracts/preferences.ts';
import type { PushSubscription } from '../../contracts/push.ts';
import { StoreUnavailableError } from '../../storage/ports/journal.ts';
import type { Recipient, RecipientStore } from '../../storage/ports/recipients.ts';

/** Of one user few change at once. */
const TRIES_MAX = 20;

/**
 * Stores what `change` makes of the row as it is stored, or of an empty one; null leaves it.
 * Resolves to what is stored then. Errors: `store-unavailable`.
 */
export async function changeRecipient(
  recipients: RecipientStore,
  userId: string,
  change: (recipient: Recipient) => Partial<Recipient> | null,
): Promise<Recipient> {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const stored = (await recipients.find(userId)) ?? emptyRecipient(userId);
    const changed = change(stored);
    if (changed === null) return stored;
    const next = { ...stored, ...changed, revision: stored.revision + 1 };
    if (await recipients.replace(next)) return next;
  }
  throw new StoreUnavailableError('a recipient is changed by too many at once');
}

/** Removes those of the user's subscriptions that `isEnded` names, with their endpoints. */
export async function removeSubscriptions(
  recipients: RecipientStore,
  userId: string,
  isEnded: (subscription: PushSubscription) => boolean,
): Promise<number> {
  let ended: readonly PushSubscription[] = [];
  await changeRecipient(recipients, userId, ({ subscriptions }) => {
    ended = subscriptions.filter(isEnded);
    if (ended.length === 0) return null;
    return { subscriptions: subscriptions.filter((one) => !isEnded(one)) };
  });
  for (const { endpoint } of ended) await recipients.moveEndpoint(endpoint, userId, null);
  return ended.length;
}

function emptyRecipient(userId: string): Recipient {
  return {
    userId,
    subscriptions: [],
    preferences: DEFAULT_PREFERENCES,
    unsubscribeSecret: null,
    revision: 0,
  };
}
