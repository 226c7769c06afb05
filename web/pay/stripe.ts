// Stripe's own script, loaded once and from Stripe alone, as Stripe demands. Card data go from its
// frames to Stripe and never through this page (P1). The types are those parts of Stripe.js that
// the page uses (https://docs.stripe.com/js).

const SCRIPT = 'https://js.stripe.com/v3/';
/** Stripe's script loads further ones, from here too. */
const ORIGINS = /^https:\/\/(?:[a-z0-9-]+\.)*js\.stripe\.com$/;

export interface StripeElements {
  create(type: 'payment'): { mount(element: HTMLElement): void; destroy(): void };
}

export interface Stripe {
  elements(options: { clientSecret: string; locale: string }): StripeElements;
  /** Resolves where no other page has to be shown, with an error that the buyer can read. */
  confirmPayment(options: {
    elements: StripeElements;
    confirmParams: { return_url: string };
    redirect: 'if_required';
  }): Promise<{ error?: { message?: string } }>;
}

interface TrustedTypes {
  createPolicy(name: 'default', rules: { createScriptURL: (url: string) => string }): unknown;
}

type StripeWindow = Window & {
  Stripe?: (publishableKey: string) => Stripe;
  trustedTypes?: TrustedTypes;
};

let loading: Promise<void> | null = null;

/** Rejects where the script cannot be loaded; the next call tries again. */
export async function openStripe(publishableKey: string): Promise<Stripe> {
  loading ??= load().catch((error: unknown) => {
    loading = null;
    throw error;
  });
  await loading;
  const { Stripe: make } = window as StripeWindow;
  if (make === undefined) throw new Error('Stripe’s script defines no Stripe.');
  return make(publishableKey);
}

let isPolicyMade = false;

/** Scripts of Stripe, and no text that becomes script: under Trusted Types nothing else runs. */
function allowStripe(): void {
  const { trustedTypes } = window as StripeWindow;
  if (trustedTypes === undefined || isPolicyMade) return;
  isPolicyMade = true;
  trustedTypes.createPolicy('default', {
    createScriptURL: (url) => {
      if (!ORIGINS.test(new URL(url, location.href).origin))
        throw new TypeError(`${url} is no script of Stripe.`);
      return url;
    },
  });
}

function load(): Promise<void> {
  allowStripe();
  return new Promise((resolve, reject) => {
    const script = document.createElement('script');
    script.addEventListener('load', () => resolve());
    script.addEventListener('error', () => {
      script.remove();
      reject(new Error(`${SCRIPT} cannot be loaded.`));
    });
    script.src = SCRIPT;
    document.head.append(script);
  });
}
