// Browsers that are reached by push (R1). An endpoint is of one user: who subscribes a browser last
// gets its pushes alone, and a subscription ends with the session that made it.

import type { ActionParams } from '../contracts/actions.ts';
import { PUSH_SUBSCRIPTIONS_MAX } from '../contracts/bounds.ts';
import type {
  NewPushSubscription,
  OwnPushSubscription,
  PushKey,
  PushSubscription,
} from '../contracts/push.ts';
import type { Outcome, Refusal } from '../contracts/refusals.ts';
import { refusal, success } from '../domain/refusal.ts';
import { areBrowserKeys } from '../events/push/message-encryption.ts';
import { changeRecipient, removeSubscriptions } from '../events/reach/recipient-changes.ts';
import type { RecipientStore } from '../storage/ports/recipients.ts';

/** Of those who move one endpoint at once. */
const CLAIM_TRIES_MAX = 5;

/** The keys by which push services know us (VAPID, RFC 8292). */
export interface PushKeys {
  /** The one for new subscriptions. Errors: `store-unavailable`. */
  present(): Promise<PushKey>;
  /** Whether messages to subscriptions with this key can be sent. Errors: `store-unavailable`. */
  knows(keyId: string): Promise<boolean>;
}

export interface PushSubscriptionsOptions {
  readonly recipients: RecipientStore;
  readonly pushKeys: PushKeys;
  /** Null where the address may be one of a push service; else why not, for the client. */
  readonly endpointProblem: (endpoint: string) => Promise<string | null>;
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number;
}

export class PushSubscriptions {
  readonly #options: PushSubscriptionsOptions;

  constructor(options: PushSubscriptionsOptions) {
    this.#options = options;
  }

  async key(): Promise<Outcome<PushKey>> {
    return success(await this.#options.pushKeys.present());
  }

  /** The same endpoint again replaces its subscription. Past the bound the oldest one ends. */
  async put(params: ActionParams<'push.subscribe'>): Promise<Outcome<null>> {
    const { recipients, pushKeys, now } = this.#options;
    const { userId, sessionId = null, subscription } = params;
    const { endpoint, keys } = subscription;
    const refused = await this.#problemOf(subscription);
    if (refused !== null) return refused;
    const { keyId = (await pushKeys.present()).keyId } = subscription;
    if (!(await this.#claim(endpoint, userId))) return refusal('unavailable');
    const added = { endpoint, ...keys, keyId, sessionId, createdAt: now() };
    let superfluous: readonly PushSubscription[] = [];
    await changeRecipient(recipients, userId, ({ subscriptions }) => {
      const all = [...subscriptions.filter((one) => one.endpoint !== endpoint), added];
      superfluous = all.slice(0, Math.max(0, all.length - PUSH_SUBSCRIPTIONS_MAX));
      return { subscriptions: all.slice(superfluous.length) };
    });
    for (const one of superfluous) await recipients.moveEndpoint(one.endpoint, userId, null);
    // Somebody else has subscribed the same browser meanwhile.
    if ((await recipients.endpointOwner(endpoint)) !== userId) await this.#remove(userId, endpoint);
    return success(null);
  }

  /** Removing what is not there is a success. */
  async remove({ userId, endpoint }: ActionParams<'push.unsubscribe'>): Promise<Outcome<null>> {
    await this.#remove(userId, endpoint);
    return success(null);
  }

  /** Oldest first. */
  async list(
    params: ActionParams<'push.subscriptions'>,
  ): Promise<Outcome<readonly OwnPushSubscription[]>> {
    const found = await this.#options.recipients.find(params.userId);
    const subscriptions = found?.subscriptions ?? [];
    return success(
      subscriptions.map(({ endpoint, keyId, createdAt }) => ({ endpoint, keyId, createdAt })),
    );
  }

  async #remove(userId: string, endpoint: string): Promise<void> {
    const { recipients } = this.#options;
    await removeSubscriptions(recipients, userId, (one) => one.endpoint === endpoint);
  }

  async #problemOf({ endpoint, keys, keyId }: NewPushSubscription): Promise<Refusal | null> {
    const { pushKeys, endpointProblem } = this.#options;
    if (!areBrowserKeys(keys.p256dh, keys.auth)) {
      const detail = 'keys: must be a point of P-256 (p256dh) and a secret of 16 bytes (auth).';
      return refusal('invalid-request', detail);
    }
    if (keyId !== undefined && !(await pushKeys.knows(keyId)))
      return refusal('invalid-request', 'keyId: names no push key.');
    const problem = await endpointProblem(endpoint);
    return problem === null ? null : refusal('invalid-request', `endpoint: ${problem}`);
  }

  /**
   * The row of an earlier owner is cleared before the endpoint moves, so that a crash in between
   * leaves nobody's browser with another's pushes; and again behind it, because that owner may have
   * subscribed at the same moment.
   */
  async #claim(endpoint: string, userId: string): Promise<boolean> {
    const { recipients } = this.#options;
    for (let tries = 0; tries < CLAIM_TRIES_MAX; tries++) {
      const owner = await recipients.endpointOwner(endpoint);
      if (owner === userId) return true;
      const clear = async () => {
        if (owner === null) return;
        await changeRecipient(recipients, owner, ({ subscriptions }) => {
          const others = subscriptions.filter((one) => one.endpoint !== endpoint);
          return others.length === subscriptions.length ? null : { subscriptions: others };
        });
      };
      await clear();
      if (!(await recipients.moveEndpoint(endpoint, owner, userId))) continue;
      await clear();
      return true;
    }
    return false;
  }
}

/** Where a session ends, its browser is not reached any more. */
export async function removeSubscriptionsOfSessions(
  recipients: RecipientStore,
  userId: string,
  sessionIds: readonly string[],
): Promise<void> {
  await removeSubscriptions(
    recipients,
    userId,
    ({ sessionId }) => sessionId !== null && sessionIds.includes(sessionId),
  );
}

/** All that is stored of a user. */
export async function removeRecipient(recipients: RecipientStore, userId: string): Promise<void> {
  await removeSubscriptions(recipients, userId, () => true);
  await recipients.remove(userId);
}
