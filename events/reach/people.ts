// From people to where they are reached: who wants to be told, by which way, and is not online.

import type { Clock } from '../../actors/clock.ts';
import { aboutOrder } from '../../actors/tracing/active-trace.ts';
import type { Language } from '../../contracts/languages.ts';
import type { Preferences, PushKind } from '../../contracts/preferences.ts';
import type { PushContent, PushSubscription, PushType } from '../../contracts/push.ts';
import type { AccountStore, User } from '../../storage/ports/accounts.ts';
import { endpointHash } from '../../storage/formats/recipient.ts';
import type { Recipient, RecipientStore } from '../../storage/ports/recipients.ts';
import type { MailSender } from '../mail/mail-sender.ts';
import type { PushMessage, PushSender } from '../push/push-sender.ts';
import type { Candidate, Target } from './fan-out.ts';
import {
  MAIL_KIND_OF,
  type MailedNews,
  mailResult,
  newsMail,
  newsMailId,
  unsubscribeToken,
} from './news-mails.ts';
import type { Presence } from './presence.ts';
import type { ReachCounts } from './reach-counts.ts';
import { removeSubscriptions } from './recipient-changes.ts';
import { MAIL_SERVICE } from './service-places.ts';

/** Ids of one `AccountStore.findUsers`. */
const USERS_READ_MAX = 100;
/** Characters of an endpoint's hash that name it among a user's. */
const KEY_LENGTH = 12;

export interface PeopleOptions {
  readonly recipients: RecipientStore;
  readonly accounts: Pick<AccountStore, 'findUsers'>;
  readonly presence: Presence;
  readonly pushes: PushSender;
  readonly mails: MailSender;
  readonly counts: ReachCounts;
  /** The address of the shop's pages and of the API behind it, without a slash at its end. */
  readonly publicUrl: () => string;
  readonly clock: Clock;
}

/** A push for somebody, without its form. */
export interface PushWish {
  readonly content: PushContent;
  readonly message: Omit<PushMessage, 'payload'>;
}

export interface MailWish {
  readonly type: MailedNews;
  readonly name: string;
  readonly link: string;
  /** Names the event. */
  readonly place: string;
  /** Of the order that it is about. */
  readonly orderId?: string;
}

/** Which preference a push follows. */
const PUSH_KIND_OF: Readonly<Record<PushType, PushKind>> = {
  'drop-started': 'dropStarted',
  'low-stock': 'lowStock',
  'back-in-stock': 'backInStock',
  'order-confirmed': 'orders',
  'order-refunded': 'orders',
  'payment-failed': 'orders',
};

export class People {
  readonly #options: PeopleOptions;

  constructor(options: PeopleOptions) {
    this.#options = options;
  }

  /** Each browser of those who are not online. Errors: `store-unavailable`. */
  async pushTargets(
    candidates: readonly Candidate[],
    wishOf: (candidate: Candidate) => PushWish,
  ): Promise<Target[]> {
    const { recipients, presence, counts } = this.#options;
    const found = await recipients.findAll(idsOf(candidates));
    const wanting = candidates.filter((candidate) => {
      const recipient = found.get(candidate.userId);
      if (recipient === undefined || recipient.subscriptions.length === 0) return false;
      return wantsPush(recipient.preferences, wishOf(candidate).content);
    });
    if (wanting.length === 0) return [];
    const online = await presence.online(idsOf(wanting));
    const absent = wanting.filter(({ userId }) => !online.has(userId));
    const passedOver = wanting.length - absent.length;
    if (passedOver > 0) counts.add('push', 'online', passedOver);
    return absent.flatMap((candidate) => {
      const wish = wishOf(candidate);
      const message = { ...wish.message, payload: JSON.stringify(wish.content) };
      return found
        .get(candidate.userId)!
        .subscriptions.map((subscription) =>
          this.#pushTarget(candidate, subscription, message, wish.content.orderId),
        );
    });
  }

  /** The confirmed address of each who wants it. Errors: `store-unavailable`. */
  async mailTargets(
    candidates: readonly Candidate[],
    wishOf: (candidate: Candidate) => MailWish | null,
    creatorId: string | null,
  ): Promise<Target[]> {
    const { recipients, accounts } = this.#options;
    const found = await recipients.findAll(idsOf(candidates));
    const wanting = candidates.flatMap((candidate) => {
      const wish = wishOf(candidate);
      const recipient = found.get(candidate.userId);
      if (wish === null || recipient === undefined) return [];
      return wantsMail(recipient, wish.type, creatorId) ? [{ candidate, wish, recipient }] : [];
    });
    const ids = idsOf(wanting.map(({ candidate }) => candidate));
    const targets: Target[] = [];
    for (let i = 0; i < ids.length; i += USERS_READ_MAX) {
      const some = new Set(ids.slice(i, i + USERS_READ_MAX));
      const users = await accounts.findUsers([...some]);
      for (const { candidate, wish, recipient } of wanting) {
        const user = some.has(candidate.userId) ? users.get(candidate.userId) : undefined;
        if (user?.emailConfirmed === true)
          targets.push(this.#mailTarget(candidate, user, recipient, wish));
      }
    }
    return targets;
  }

  /** A push service said that the browser is gone. Errors: `store-unavailable`. */
  async gone({ userId, key }: Target): Promise<void> {
    const { recipients } = this.#options;
    await removeSubscriptions(recipients, userId, ({ endpoint }) => keyOf(endpoint) === key);
  }

  /** `orderId`: of the order that it is about. */
  #pushTarget(
    candidate: Candidate,
    subscription: PushSubscription,
    message: PushMessage,
    orderId: string | undefined,
  ): Target {
    const { pushes } = this.#options;
    return {
      ...candidate,
      key: keyOf(subscription.endpoint),
      channel: 'push',
      service: new URL(subscription.endpoint).origin,
      send: (signal) => aboutOrder(orderId, () => pushes.send(subscription, message, signal)),
    };
  }

  #mailTarget(candidate: Candidate, user: User, recipient: Recipient, wish: MailWish): Target {
    const { mails, publicUrl } = this.#options;
    const language: Language = user.language ?? 'en';
    const kind = MAIL_KIND_OF[wish.type];
    const token = unsubscribeToken(kind, recipient.unsubscribeSecret!, user.id);
    const unsubscribeUrl = `${publicUrl()}/v1/mail/unsubscribe?token=${encodeURIComponent(token)}`;
    const text = newsMail(wish.type, language, { ...wish, unsubscribeUrl });
    const id = newsMailId(wish.place, user.id);
    const mail = { ...text, id, to: user.email, language, unsubscribeUrl };
    return {
      ...candidate,
      key: MAIL_SERVICE,
      channel: 'mail',
      service: MAIL_SERVICE,
      // What the server has begun to take is waited for, but not by a process that ends.
      send: (_end, stop) => aboutOrder(wish.orderId, () => mailResult(mails, mail, stop)),
    };
  }
}

function idsOf(candidates: readonly Candidate[]): string[] {
  return [...new Set(candidates.map(({ userId }) => userId))];
}

function wantsPush({ push, mutedCreators }: Preferences, content: PushContent): boolean {
  const kind = PUSH_KIND_OF[content.type];
  // What was bought of a creator is told all the same.
  return push[kind] && (kind === 'orders' || !mutedCreators.includes(content.creatorId));
}

/** `creatorId`: whose drop it is; null for an order. */
function wantsMail(recipient: Recipient, type: MailedNews, creatorId: string | null): boolean {
  const { preferences, unsubscribeSecret } = recipient;
  if (unsubscribeSecret === null || !preferences.mail[MAIL_KIND_OF[type]]) return false;
  return creatorId === null || !preferences.mutedCreators.includes(creatorId);
}

function keyOf(endpoint: string): string {
  return endpointHash(endpoint).slice(0, KEY_LENGTH);
}
