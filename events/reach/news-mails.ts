// Mails to those who want them (R2): a drop was announced, an order is confirmed or refunded. Each
// ends with the way out, and has it in its head for mail programs (RFC 8058).

import { createHash } from 'node:crypto';
import type { Language } from '../../contracts/languages.ts';
import type { MailKind } from '../../contracts/preferences.ts';
import { mailBody, type MailText } from '../mail/mail-body.ts';
import {
  type Mail,
  MailDeferredError,
  MailRefusedError,
  type MailSender,
} from '../mail/mail-sender.ts';
import type { PushResult } from '../push/push-sender.ts';
import type { DropNewsType, OrderNewsType } from './news.ts';

export type MailedNews =
  | Extract<DropNewsType, 'drop-announced'>
  | Extract<OrderNewsType, 'order-confirmed' | 'order-refunded'>;

/** Which preference a mail follows. */
export const MAIL_KIND_OF: Readonly<Record<MailedNews, MailKind>> = {
  'drop-announced': 'dropAnnounced',
  'order-confirmed': 'orders',
  'order-refunded': 'orders',
};

interface Words {
  readonly subject: (name: string) => string;
  readonly before: string;
  readonly action: string;
}

const WORDS: Readonly<Record<Language, Readonly<Record<MailedNews, Words>>>> = {
  en: {
    'drop-announced': {
      subject: (name) => `New drop: ${name}`,
      before: 'A creator whom you follow has announced a drop.',
      action: 'Look at the drop',
    },
    'order-confirmed': {
      subject: (name) => `Your order is confirmed: ${name}`,
      before: 'Your order is confirmed.',
      action: 'Look at the order',
    },
    'order-refunded': {
      subject: (name) => `Your order was refunded: ${name}`,
      before: 'Your order was refunded, or a part of it.',
      action: 'Look at the order',
    },
  },
  de: {
    'drop-announced': {
      subject: (name) => `Neuer Drop: ${name}`,
      before: 'Jemand, dem Sie folgen, hat einen Drop angekündigt.',
      action: 'Drop ansehen',
    },
    'order-confirmed': {
      subject: (name) => `Ihre Bestellung ist bestätigt: ${name}`,
      before: 'Ihre Bestellung ist bestätigt.',
      action: 'Bestellung ansehen',
    },
    'order-refunded': {
      subject: (name) => `Ihre Bestellung wurde erstattet: ${name}`,
      before: 'Ihre Bestellung wurde ganz oder teilweise erstattet.',
      action: 'Bestellung ansehen',
    },
  },
};

const WAY_OUT: Readonly<Record<Language, string>> = {
  en: 'You get this because you asked for it. To end such mails:',
  de: 'Sie erhalten dies, weil Sie es wünschten. So enden solche Nachrichten:',
};

/** `link`: the page to open. */
export function newsMail(
  type: MailedNews,
  language: Language,
  about: { readonly name: string; readonly link: string; readonly unsubscribeUrl: string },
): MailText {
  const { subject, before, action } = WORDS[language][type];
  const { name, link, unsubscribeUrl } = about;
  return mailBody(language, {
    subject: subject(name),
    before: [before],
    link,
    action,
    after: [WAY_OUT[language], unsubscribeUrl],
  });
}

/** The token of `PreferencesUseCases.unsubscribe`. */
export function unsubscribeToken(kind: MailKind, secret: string, userId: string): string {
  return `${kind}.${secret}.${userId}`;
}

/** The same for each attempt, so that a mail that is sent twice is known as one. */
export function newsMailId(place: string, userId: string): string {
  return createHash('sha256').update(`${place}\n${userId}`).digest('hex').slice(0, 32);
}

/** The reason of a mail that is to be sent later, while others may go. */
export const MAIL_DEFERRED = 'deferred';
const RETRY_AFTER_MS = 5_000;
/** Servers that put off a sender they do not know take minutes to know it. */
const DEFERRED_RETRY_MS = 60_000;
const ABORTED: PushResult = { outcome: 'failed', retryAfterMs: 0, reason: 'aborted' };

/**
 * As a push's result. Never rejects. With an aborted `stop` it resolves at once, though the mail
 * may be taken.
 */
export async function mailResult(
  sender: MailSender,
  mail: Mail,
  stop: AbortSignal,
): Promise<PushResult> {
  if (stop.aborted) return ABORTED;
  const { promise, resolve } = Promise.withResolvers<PushResult>();
  const onStop = () => resolve(ABORTED);
  stop.addEventListener('abort', onStop);
  void sendMail(sender, mail).then(resolve);
  const result = await promise;
  stop.removeEventListener('abort', onStop);
  return result;
}

async function sendMail(sender: MailSender, mail: Mail): Promise<PushResult> {
  try {
    await sender.send(mail);
    return { outcome: 'sent' };
  } catch (error) {
    if (error instanceof MailRefusedError) return { outcome: 'failed', reason: 'refused' };
    if (error instanceof MailDeferredError)
      return { outcome: 'failed', retryAfterMs: DEFERRED_RETRY_MS, reason: MAIL_DEFERRED };
    return { outcome: 'failed', retryAfterMs: RETRY_AFTER_MS, reason: 'unreachable' };
  }
}
