// The texts of the page on which an order is paid, in German.

import type { MessagesOf } from '../../shared/messages/en.ts';
import type { PayKey } from './en.ts';

export const de: MessagesOf<PayKey> = {
  title: 'Zahlen',
  back: 'Zurück zum Drop',
  'development.title': 'Hier zahlt niemand wirklich',
  'development.text':
    'Dieser Laden läuft mit dem Entwicklungs-Anbieter. Wähle, wie die Zahlung ausgeht; ' +
    'es fließt kein Geld.',
  'development.decline': 'Ablehnen lassen',
  'development.more': 'Wie es sonst ausgehen kann',
  'development.outcome': 'Was der Anbieter tut',
  'development.go': 'So machen',
  'outcome.cancelled': 'Er bricht die Zahlung endgültig ab',
  'outcome.late': 'Er nimmt die Zahlung eine Sekunde nach Ablauf der Frist an',
  'outcome.failure-then-success': 'Er lehnt einmal ab, dann nimmt er die Zahlung an',
  'outcome.twice': 'Er nimmt die Zahlung zweimal an',
  'outcome.wrong-amount': 'Er nimmt eine kleinste Einheit zu viel',
  'outcome.refunded': 'Er nimmt die Zahlung an und erstattet sie',
  'outcome.partly-refunded': 'Er nimmt die Zahlung an und erstattet die Hälfte',
  settling: 'Die Zahlung läuft. Diese Seite sagt dir, wenn sie da ist.',
  settlingLate: 'Die Zahlung kommt nach Ablauf der Frist und wird darum erstattet.',
  'stripe.failed':
    'Das Zahlungsformular von Stripe lässt sich nicht laden. Prüfe deine Verbindung.',
  'stripe.loading': 'Das Zahlungsformular wird geladen.',
  preparing: 'Die Zahlung wird vorbereitet. Diese Seite geht von selbst weiter.',
  other: 'Zahle mit {provider}, Referenz {reference}. Diese Seite sagt dir, wenn es so weit ist.',
  minute: 'Noch eine Minute zum Zahlen.',
  tenSeconds: 'Noch zehn Sekunden zum Zahlen.',
};
