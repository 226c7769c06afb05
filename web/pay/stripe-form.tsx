// Stripe's Payment Element, and the button that confirms. Whether the order is paid is told by the
// server, by way of the webhook: the answer of Stripe's script alone changes nothing here.

import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { Notice } from '../shared/components/parts.tsx';
import { text } from '../shared/language.ts';
import { openStripe, type Stripe, type StripeElements } from './stripe.ts';
import { payText } from './texts.ts';

interface StripeFormProps {
  readonly clientSecret: string;
  readonly publishableKey: string;
  readonly price: string;
}

interface Form {
  readonly stripe: Stripe;
  readonly elements: StripeElements;
}

export function StripeForm({ clientSecret, publishableKey, price }: StripeFormProps) {
  const place = useRef<HTMLDivElement>(null);
  const form = useSignal<Form | 'loading' | 'failed'>('loading');
  const state = useSignal<'idle' | 'sending' | 'sent'>('idle');
  const fault = useSignal<string | null>(null);
  const turn = useSignal(0);
  useEffect(() => {
    let isOver = false;
    let destroy: (() => void) | null = null;
    form.value = 'loading';
    openStripe(publishableKey).then(
      (stripe) => {
        if (isOver || place.current === null) return;
        const locale = document.documentElement.lang;
        const elements = stripe.elements({ clientSecret, locale });
        const element = elements.create('payment');
        element.mount(place.current);
        destroy = () => element.destroy();
        form.value = { stripe, elements };
      },
      () => {
        if (!isOver) form.value = 'failed';
      },
    );
    return () => {
      isOver = true;
      destroy?.();
    };
  }, [publishableKey, clientSecret, turn.value]);
  const confirm = async ({ stripe, elements }: Form): Promise<void> => {
    state.value = 'sending';
    fault.value = null;
    const confirmParams = { return_url: location.href };
    const { error } = await stripe
      .confirmPayment({ elements, confirmParams, redirect: 'if_required' })
      .catch((reason: unknown) => ({ error: { message: String(reason) } }));
    state.value = error === undefined ? 'sent' : 'idle';
    if (error !== undefined) fault.value = error.message ?? text('order.declined');
  };
  const opened = form.value;
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault();
        if (typeof opened === 'object' && state.value === 'idle') void confirm(opened);
      }}
    >
      <div ref={place} />
      {opened === 'loading' && <p role="status">{payText('stripe.loading')}</p>}
      {opened === 'failed' && (
        <>
          <Notice tone="bad" isUrgent>
            {payText('stripe.failed')}
          </Notice>
          <button class="button" type="button" onClick={() => (turn.value += 1)}>
            {text('again')}
          </button>
        </>
      )}
      {fault.value !== null && (
        <Notice tone="bad" isUrgent>
          {fault.value}
        </Notice>
      )}
      {typeof opened === 'object' && (
        <button
          class="button button-main button-large"
          type="submit"
          disabled={state.value !== 'idle'}
        >
          {text('order.pay', { price })}
        </button>
      )}
      <p role="status">{state.value !== 'idle' && payText('settling')}</p>
    </form>
  );
}
