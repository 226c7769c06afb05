// The texts of mails about accounts, in English and German, plain and as HTML. They have nothing
// that users wrote but the link: whoever registers with another person's address cannot write to
// that person.

import type { Language } from '../../contracts/languages.ts';
import { mailBody, type MailText, type MailWords } from '../../events/mail/mail-body.ts';

export const MAIL_TEMPLATES = [
  'confirm-email',
  'reset-password',
  'change-email',
  'email-changed',
  'password-changed',
  'invitation',
  'webhook-disabled',
] as const;
export type MailTemplate = (typeof MAIL_TEMPLATES)[number];

type Words = Omit<MailWords, 'link'>;

const WORDS: Readonly<Record<Language, Readonly<Record<MailTemplate, Words>>>> = {
  en: {
    'confirm-email': {
      subject: 'Confirm your e-mail address',
      before: ['Please confirm that this is your e-mail address.'],
      action: 'Confirm the address',
      after: ['The link is good for 3 days. If you did not make an account, ignore this message.'],
    },
    'reset-password': {
      subject: 'A new password',
      before: ['Somebody, probably you, asked for a new password for your account.'],
      action: 'Choose a new password',
      after: [
        'The link is good once, for an hour. It ends all sessions.',
        'If it was not you, ignore this message: nothing has changed.',
      ],
    },
    'change-email': {
      subject: 'Confirm your new e-mail address',
      before: ['Please confirm that this is to be the e-mail address of your account.'],
      action: 'Use this address',
      after: ['The link is good for a day. If it was not you, ignore this message.'],
    },
    'email-changed': {
      subject: 'Your e-mail address was changed',
      before: [
        'Your account has another e-mail address now, and this one no longer belongs to it.',
        'If it was not you, write to the shop at once.',
      ],
    },
    'password-changed': {
      subject: 'Your password was changed',
      before: [
        'The password of your account was changed, and other sessions were ended.',
        'If it was not you, ask for a new password at once.',
      ],
    },
    'webhook-disabled': {
      subject: 'A webhook was disabled',
      before: [
        'One of your webhooks is not called any more: its address took no call for 24 hours, or ' +
          'said that it is gone.',
        'The list of webhooks and their deliveries says which, and what was not sent. When it is ' +
          'enabled again, it gets what happens from then on.',
      ],
    },
    invitation: {
      subject: 'An invitation to a team',
      before: [
        'You are invited to work in the team of a seller. The page behind the link says of whom, ' +
          'and you need an account with this address.',
      ],
      action: 'Look at the invitation',
      after: ['The link is good for 7 days. If you do not want to join, ignore this message.'],
    },
  },
  de: {
    'confirm-email': {
      subject: 'Bestätigen Sie Ihre E-Mail-Adresse',
      before: ['Bitte bestätigen Sie, dass dies Ihre E-Mail-Adresse ist.'],
      action: 'Adresse bestätigen',
      after: [
        'Der Link gilt 3 Tage. Wenn Sie kein Konto angelegt haben, beachten Sie diese Nachricht ' +
          'nicht.',
      ],
    },
    'reset-password': {
      subject: 'Ein neues Passwort',
      before: ['Jemand, wahrscheinlich Sie, möchte ein neues Passwort für Ihr Konto.'],
      action: 'Neues Passwort wählen',
      after: [
        'Der Link gilt einmal und eine Stunde lang. Er beendet alle Sitzungen.',
        'Wenn Sie es nicht waren, beachten Sie diese Nachricht nicht: Es hat sich nichts geändert.',
      ],
    },
    'change-email': {
      subject: 'Bestätigen Sie Ihre neue E-Mail-Adresse',
      before: ['Bitte bestätigen Sie, dass dies die E-Mail-Adresse Ihres Kontos werden soll.'],
      action: 'Diese Adresse verwenden',
      after: [
        'Der Link gilt einen Tag. Wenn Sie es nicht waren, beachten Sie diese Nachricht nicht.',
      ],
    },
    'email-changed': {
      subject: 'Ihre E-Mail-Adresse wurde geändert',
      before: [
        'Ihr Konto hat jetzt eine andere E-Mail-Adresse, und diese gehört nicht mehr dazu.',
        'Wenn Sie es nicht waren, wenden Sie sich sofort an den Shop.',
      ],
    },
    'password-changed': {
      subject: 'Ihr Passwort wurde geändert',
      before: [
        'Das Passwort Ihres Kontos wurde geändert, und andere Sitzungen wurden beendet.',
        'Wenn Sie es nicht waren, fordern Sie sofort ein neues Passwort an.',
      ],
    },
    'webhook-disabled': {
      subject: 'Ein Webhook wurde abgeschaltet',
      before: [
        'Einer Ihrer Webhooks wird nicht mehr aufgerufen: Seine Adresse hat 24 Stunden lang ' +
          'keinen Aufruf angenommen oder gemeldet, dass es sie nicht mehr gibt.',
        'Welcher es ist und was nicht gesendet wurde, steht in der Liste der Webhooks und ihrer ' +
          'Zustellungen. Wird er wieder eingeschaltet, bekommt er, was von da an geschieht.',
      ],
    },
    invitation: {
      subject: 'Eine Einladung in ein Team',
      before: [
        'Sie sind eingeladen, im Team eines Verkäufers zu arbeiten. Auf der Seite hinter dem ' +
          'Link steht, bei wem; Sie brauchen ein Konto mit dieser Adresse.',
      ],
      action: 'Einladung ansehen',
      after: [
        'Der Link gilt 7 Tage. Wenn Sie nicht beitreten möchten, beachten Sie diese Nachricht ' +
          'nicht.',
      ],
    },
  },
};

/** `link` is null for templates without one. */
export function mailText(
  template: MailTemplate,
  language: Language,
  link: string | null,
): MailText {
  return mailBody(language, { ...WORDS[language][template], link });
}
