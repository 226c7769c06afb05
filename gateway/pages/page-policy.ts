// The Content-Security-Policy of the pages (U4): nothing inline, nothing of another origin but
// media, and no text that becomes script (Trusted Types).

/**
 * The one policy of Trusted Types: it makes the address of the service worker, and nothing else.
 */
const TRUSTED_TYPES = 'livedrops';

/**
 * What Stripe's script needs of the page that it takes a payment on, and of no other
 * (https://docs.stripe.com/security/guide#content-security-policy). It makes addresses of scripts
 * by the default policy of Trusted Types; `web/pay/stripe.ts` makes one for Stripe's origins only.
 */
const STRIPE = {
  scripts: ' https://js.stripe.com https://*.js.stripe.com',
  frames: 'https://js.stripe.com https://*.js.stripe.com https://hooks.stripe.com',
  calls: ' https://api.stripe.com',
  trustedTypes: ' default',
};

export interface PagePolicyOptions {
  /** Where pictures come from and uploads go; null: nowhere. */
  readonly mediaOrigin: string | null;
  /** Stripe takes a payment on this page. */
  readonly hasStripe?: boolean;
}

export function pagePolicy({ mediaOrigin, hasStripe = false }: PagePolicyOptions): string {
  const media = mediaOrigin === null ? '' : ` ${mediaOrigin}`;
  return [
    "default-src 'none'",
    `script-src 'self'${hasStripe ? STRIPE.scripts : ''}`,
    "style-src 'self'",
    `img-src 'self' data: blob:${media}`,
    ...(mediaOrigin === null ? [] : [`media-src${media}`]),
    ...(hasStripe ? [`frame-src ${STRIPE.frames}`] : []),
    `connect-src 'self'${media}${hasStripe ? STRIPE.calls : ''}`,
    "manifest-src 'self'",
    "worker-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    `trusted-types ${TRUSTED_TYPES}${hasStripe ? STRIPE.trustedTypes : ''}`,
  ].join('; ');
}

/** Of the service worker: it reads what the server serves, and runs nothing else. */
export const WORKER_POLICY = "default-src 'none'; connect-src 'self'; frame-ancestors 'none'";
