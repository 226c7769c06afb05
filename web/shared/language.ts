// The language of the page: by `?lang=`, else by the browser. English is in the first script; other
// languages come with their own. Money, numbers and times are formatted by `Intl`.

import { signal } from '@preact/signals';
import { browserStorage } from '../../sdk/storage.ts';
import { en, type Message, type MessageKey, type MessagesOf } from './messages/en.ts';

/** Not a language: see `trial.ts`. */
const RIGHT_TO_LEFT_TRIAL = 'ar-XB';
const STORED = 'livedrops:language';
const CURRENCY_DIGITS_MAX = 4;

/** By two letters, beside English. */
type Loaders<K extends string> = Readonly<Record<string, () => Promise<MessagesOf<K>>>>;
type Values = Readonly<Record<string, string | number>>;
export type Text<K extends string> = (key: K, values?: Values) => string;

interface Language {
  /** As `Intl` and `lang` take it. */
  readonly tag: string;
  readonly direction: 'ltr' | 'rtl';
}

const language = signal<Language>({ tag: 'en', direction: 'ltr' });
const loads: ((code: string) => Promise<void>)[] = [];

/**
 * The texts of an app: a function that gives one, with `{name}` filled in and its form chosen by
 * `n`. `chooseLanguage` loads them.
 */
export function makeText<K extends string>(english: MessagesOf<K>, loaders: Loaders<K>): Text<K> {
  const messages = signal(english);
  loads.push(async (code) => {
    if (code === RIGHT_TO_LEFT_TRIAL)
      messages.value = (await import('./trial.ts')).trialOf(english);
    else messages.value = (await loaders[code]?.()) ?? english;
  });
  return (key, values = {}) => {
    const { n } = values;
    const form = formOf(messages.value[key], typeof n === 'number' ? n : 0);
    return form.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
      const value = values[name] ?? '';
      return isolated(typeof value === 'number' ? numberText(value) : value);
    });
  };
}

/** What all apps say. English is in the first script; other languages come with their own. */
export const text = makeText<MessageKey>(en, {
  de: async () => (await import('./messages/de.ts')).de,
});

/** Resolves when texts are there; where they cannot be loaded, in English. */
export async function chooseLanguage(): Promise<void> {
  const wanted = wantedTags();
  const tag = wanted.find((one) => one === RIGHT_TO_LEFT_TRIAL || /^(en|de)\b/i.test(one)) ?? 'en';
  const isTrial = tag === RIGHT_TO_LEFT_TRIAL;
  const code = isTrial ? tag : tag.slice(0, 2).toLowerCase();
  const isLoaded = await Promise.all(loads.map((load) => load(code))).then(
    () => true,
    () => false,
  );
  const shown = isLoaded && !isTrial ? tag : 'en';
  language.value = { tag: shown, direction: isTrial ? 'rtl' : 'ltr' };
  document.documentElement.lang = language.value.tag;
  document.documentElement.dir = language.value.direction;
}

const kept = browserStorage('sessionStorage');

function wantedTags(): readonly string[] {
  const asked = new URLSearchParams(location.search).get('lang');
  if (asked !== null) kept.setItem(STORED, asked);
  const stored = kept.getItem(STORED);
  return stored === null ? navigator.languages : [stored, ...navigator.languages];
}

/** What is filled in keeps its own direction, and what is around it keeps its place (UAX #9). */
function isolated(value: string): string {
  return language.value.direction === 'rtl' ? `\u2068${value}\u2069` : value;
}

function formOf(message: Message, n: number): string {
  if (typeof message === 'string') return message;
  return message[new Intl.PluralRules(language.value.tag).select(n)] ?? message.other;
}

/** To make one takes as long as a hundred uses. There are no more than languages and currencies. */
const numberFormats = new Map<string, Intl.NumberFormat>();

function numberFormat(name: string, make: () => Intl.NumberFormat): Intl.NumberFormat {
  const known = numberFormats.get(name);
  if (known !== undefined) return known;
  const made = make();
  numberFormats.set(name, made);
  return made;
}

export function numberText(value: number): string {
  const { tag } = language.value;
  return numberFormat(tag, () => new Intl.NumberFormat(tag)).format(value);
}

/** `amount` is in the currency's minor unit, which has `digits` decimals (H1a). */
export function moneyText(amount: number, currency: string, digits: number): string {
  const { tag } = language.value;
  const shownDigits = Math.min(digits, CURRENCY_DIGITS_MAX);
  const format = numberFormat(
    `${tag} ${currency}`,
    () =>
      new Intl.NumberFormat(tag, {
        style: 'currency',
        currency,
        minimumFractionDigits: shownDigits,
        maximumFractionDigits: shownDigits,
      }),
  );
  return format.format(amount / 10 ** digits);
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

/** The time of day with seconds, in the device's zone. */
export function clockTimeText(at: number): string {
  return new Intl.DateTimeFormat(language.value.tag, { timeStyle: 'medium' }).format(at);
}
