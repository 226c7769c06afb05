// The language of the page: by `?lang=`, else by the browser. English is in the first script; other
// languages come with their own. Money, numbers and times are formatted by `Intl`.

import { signal } from '@preact/signals';
import { en, type Message, type MessageKey, type Messages } from './messages/en.ts';

/** Languages beside English, and how their texts are loaded. */
const LOADERS: Readonly<Record<string, () => Promise<Messages>>> = {
  de: async () => (await import('./messages/de.ts')).de,
};
/** Not a language: English with its letters mirrored in direction, to see that pages can turn. */
const RIGHT_TO_LEFT_TRIAL = 'ar-XB';
const STORED = 'livedrops:language';
const CURRENCY_DIGITS_MAX = 4;

interface Language {
  /** As `Intl` and `lang` take it. */
  readonly tag: string;
  readonly direction: 'ltr' | 'rtl';
  readonly messages: Messages;
}

const language = signal<Language>({ tag: 'en', direction: 'ltr', messages: en });

/** Resolves when texts are there; where they cannot be loaded, in English. */
export async function chooseLanguage(): Promise<void> {
  const wanted = wantedTags();
  const tag = wanted.find((one) => one === RIGHT_TO_LEFT_TRIAL || /^(en|de)\b/i.test(one)) ?? 'en';
  const load = LOADERS[tag.slice(0, 2).toLowerCase()];
  const messages = await (load?.() ?? Promise.resolve(en)).catch(() => en);
  const isTrial = tag === RIGHT_TO_LEFT_TRIAL;
  language.value = { tag: isTrial ? 'en' : tag, direction: isTrial ? 'rtl' : 'ltr', messages };
  document.documentElement.lang = language.value.tag;
  document.documentElement.dir = language.value.direction;
}

function wantedTags(): readonly string[] {
  const asked = new URLSearchParams(location.search).get('lang');
  if (asked !== null) sessionStorage.setItem(STORED, asked);
  const stored = sessionStorage.getItem(STORED);
  return stored === null ? navigator.languages : [stored, ...navigator.languages];
}

/** The text, with `{name}` filled in. `n` chooses its form. */
export function text(
  key: MessageKey,
  values: Readonly<Record<string, string | number>> = {},
): string {
  const { messages, tag } = language.value;
  const { n } = values;
  const chosen = formOf(messages[key], typeof n === 'number' ? n : 0, tag);
  return chosen.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name] ?? '';
    return typeof value === 'number' ? numberText(value) : value;
  });
}

function formOf(message: Message, n: number, tag: string): string {
  if (typeof message === 'string') return message;
  return message[new Intl.PluralRules(tag).select(n)] ?? message.other;
}

export function numberText(value: number): string {
  return new Intl.NumberFormat(language.value.tag).format(value);
}

/** `amount` is in the currency's minor unit, which has `digits` decimals (H1a). */
export function moneyText(amount: number, currency: string, digits: number): string {
  return new Intl.NumberFormat(language.value.tag, {
    style: 'currency',
    currency,
    minimumFractionDigits: Math.min(digits, CURRENCY_DIGITS_MAX),
    maximumFractionDigits: Math.min(digits, CURRENCY_DIGITS_MAX),
  }).format(amount / 10 ** digits);
}

/** A moment for people, in the device's zone: with the day where it is not within 20 hours. */
export function momentText(time: string | number, nowMs: number): string {
  const at = typeof time === 'number' ? time : Date.parse(time);
  const isNear = Math.abs(at - nowMs) < 20 * 3_600_000;
  return new Intl.DateTimeFormat(language.value.tag, {
    ...(isNear ? {} : { dateStyle: 'medium' }),
    timeStyle: 'short',
  }).format(at);
}
