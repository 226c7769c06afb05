// The settings of payments: who takes them, and the secrets of each provider.

import { Type } from 'typebox';
import { minorDigits } from '../contracts/currencies.ts';
import { PAYMENT_BEHAVIOURS } from '../contracts/payments.ts';
import { meaning, oneOf, unsetOr, wordList, wordsOf } from './setting-shapes.ts';

export const PAYMENT_SECRET_PREFIX = 'whsec_';
const PAYMENT_SECRET_BYTES_MIN = 16;
const SETTLE_AFTER_MS_MAX = 24 * 60 * 60 * 1000;
const STRIPE_CALLS_PER_SECOND_MAX = 10_000;
const STRIPE_API = 'https://api.stripe.com';

/** By the variable's name without `LIVEDROPS_`. */
export const PAYMENT_SETTINGS = {
  PAYMENT_SECRET: wordList(
    {
      default: '',
      secret: true,
      description: 'Signs and verifies the calls of the payment provider.',
      requirement:
        `must be one or more secrets with spaces between, each ${PAYMENT_SECRET_PREFIX} ` +
        `and the base64 of at least ${PAYMENT_SECRET_BYTES_MIN} bytes`,
    },
    (text) => wordsOf(text).every(isPaymentSecret),
  ),
  PAYMENT_PROVIDER: oneOf(['development', 'stripe'], {
    default: 'development',
    description: 'Who takes payments: Stripe, or nobody really.',
  }),
  STRIPE_SECRET_KEY: unsetOr(
    Type.String({ pattern: '^[sr]k_(?:test|live)_[A-Za-z0-9_]{1,255}$' }),
    {
      default: '',
      secret: true,
      description: 'The key of Stripe’s API, secret or restricted.',
      requirement: 'must be a secret or restricted key of Stripe, such as sk_test_…',
    },
  ),
  STRIPE_PUBLISHABLE_KEY: unsetOr(
    Type.String({ pattern: '^pk_(?:test|live)_[A-Za-z0-9_]{1,255}$' }),
    {
      default: '',
      description: 'Stripe’s publishable key, which buyers’ devices are given.',
      requirement: 'must be a publishable key of Stripe, such as pk_test_…, or unset',
    },
  ),
  STRIPE_WEBHOOK_SECRET: wordList(
    {
      default: '',
      secret: true,
      description: 'Verifies Stripe’s events; two while it rotates.',
      requirement:
        'must be one or more secrets of a webhook endpoint, whsec_…, with spaces between',
    },
    (text) => wordsOf(text).every((word) => /^whsec_[!-~]{1,255}$/.test(word)),
  ),
  STRIPE_CALLS_PER_SECOND: Type.Integer({
    minimum: 1,
    maximum: STRIPE_CALLS_PER_SECOND_MAX,
    default: '25',
    description: 'Calls of Stripe’s API that all nodes make together at most.',
    requirement: `must be a number, 1 to ${STRIPE_CALLS_PER_SECOND_MAX}`,
  }),
  STRIPE_API: meaning<string>(
    {
      default: STRIPE_API,
      description: 'Stripe’s API, or a stand-in of it on this machine, for tests.',
      requirement: `must be ${STRIPE_API}, or a stand-in such as http://127.0.0.1:12111`,
    },
    (text) => isStripeApi(text),
    (text) => new URL(text).origin,
  ),
  PAYMENT_SETTLE_AFTER_MS: unsetOr(Type.Integer({ minimum: 0, maximum: SETTLE_AFTER_MS_MAX }), {
    default: '',
    description: 'After how long the development provider settles a payment by itself.',
    requirement: `must be milliseconds, 0 to ${SETTLE_AFTER_MS_MAX}, or unset for never`,
  }),
  PAYMENT_SETTLE_AS: oneOf([...PAYMENT_BEHAVIOURS, 'by-amount'], {
    default: 'success',
    description:
      'As what the development provider settles by itself; by-amount: by the last two digits of ' +
      'the total, 00 success, 01 failure and so on.',
  }),
  PAYMENT_REFUNDS_AS: oneOf(['accepted', 'refused', 'silence'], {
    default: 'accepted',
    description: 'How the development provider answers refunds; silence is no answer, ever.',
  }),
  PAYMENT_DIGITS: unsetOr(
    Type.Refine(Type.String(), (text) => wordsOf(text).every(isCurrencyDigits)),
    {
      default: '',
      description: 'Currencies that the provider counts with other digits than ISO 4217.',
      requirement:
        'must be codes of ISO 4217 and digits from 0 to 4, such as ISK=2 KWD=2, or unset',
    },
  ),
  PAYMENT_WEBHOOK_URL: unsetOr(Type.Refine(Type.String({ pattern: '^https?://' }), isUrl), {
    default: '',
    description: 'Where the development provider sends its calls; unset: to this node itself.',
    requirement: 'must be a URL such as http://127.0.0.1:8080/v1/payments/webhook',
  }),
};

/** The problems of Stripe's settings with each other. */
export function stripeContradictions(settings: {
  readonly provider: string;
  readonly secretKey: string | null;
  readonly publishableKey: string | null;
  readonly webhookSecrets: readonly string[];
  readonly api: string;
}): readonly string[] {
  const { provider, secretKey: key, publishableKey: shown, webhookSecrets, api } = settings;
  if (provider !== 'stripe') return [];
  const problems: string[] = [];
  const needed = 'must be set where LIVEDROPS_PAYMENT_PROVIDER is stripe';
  if (key === null) problems.push(`LIVEDROPS_STRIPE_SECRET_KEY ${needed}`);
  if (webhookSecrets.length === 0)
    problems.push(`LIVEDROPS_STRIPE_WEBHOOK_SECRET ${needed}: that of the webhook endpoint`);
  const isStandIn = api !== STRIPE_API;
  if (isStandIn && key !== null && !key.includes('_test_'))
    problems.push('LIVEDROPS_STRIPE_API is no place for a live key: use one that begins sk_test_');
  if (key !== null && shown !== null && key.includes('_test_') !== shown.includes('_test_'))
    problems.push('LIVEDROPS_STRIPE_PUBLISHABLE_KEY and the secret key must both be test or live');
  return problems;
}

function isUrl(text: string): boolean {
  return URL.canParse(text);
}

/** Only Stripe itself, or this machine: the secret key goes there. */
function isStripeApi(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { host, origin } = new URL(text);
  if (origin === STRIPE_API) return true;
  return origin === `http://${host}` && /^(?:127\.0\.0\.1|localhost|\[::1\])(?::|$)/.test(host);
}

/** Such as `ISK=2`. */
function isCurrencyDigits(word: string): boolean {
  return /^[A-Z]{3}=[0-4]$/.test(word) && minorDigits(word.slice(0, 3)) !== null;
}

function isPaymentSecret(secret: string): boolean {
  const base64 = secret.replace(PAYMENT_SECRET_PREFIX, '');
  const bytes = Buffer.from(base64, 'base64');
  const same = bytes.toString('base64').replace(/=+$/, '') === base64.replace(/=+$/, '');
  return same && bytes.length >= PAYMENT_SECRET_BYTES_MIN;
}
