// What the first visit of an empty server offers: a sample shop by one press, to look around in.

import { signal } from '@preact/signals';
import { useLocation } from 'preact-iso';
import type { SampleShop } from '../../sdk/api.ts';
import { Fault } from '../shared/components/fault.tsx';
import { Notice } from '../shared/components/parts.tsx';
import { text } from '../shared/language.ts';
import { useLoaded } from '../shared/loaded.ts';
import { client, user } from '../shared/server.ts';
import { useWorking } from '../shared/working.ts';

/** The server draws pictures meanwhile. */
const MADE_MAX_MS = 60_000;

/** What was made while this page is open; null once it was read. */
const made = signal<SampleShop | null>(null);

/** Nothing where the server offers none: to strangers, with real payments, in a cluster. */
export function SampleOffer() {
  const loaded = useLoaded(
    (ended) => client.call('GET /v1/sample-shop', { signal: ended, triesMax: 1 }),
    [],
  );
  const { isBusy, fault, run } = useWorking();
  const { route } = useLocation();
  const state = loaded.state.value;
  if (state.is !== 'ready' || !state.value.isOffered) return null;
  return (
    <>
      <p>{text('sample.text')}</p>
      <p>
        <button
          class="button"
          type="button"
          aria-disabled={isBusy.value}
          onClick={() =>
            run(make, (shop) => {
              made.value = shop;
              route(`/drops/${shop.dropId}`);
            })
          }
        >
          {text(isBusy.value ? 'sample.making' : 'sample.make')}
        </button>
      </p>
      <Fault of={fault} />
    </>
  );
}

/** Logs visitors in as a creator of the shop, so that they can buy and look into the studio. */
async function make(): Promise<SampleShop> {
  const shop = await client.call('POST /v1/sample-shop', { body: {}, timeoutMs: MADE_MAX_MS });
  const { email, password } = shop;
  if (user.value === null) await client.logIn({ email, password });
  return shop;
}

/** On every view until it was read: the password is shown nowhere else. */
export function SampleNotice() {
  const shop = made.value;
  if (shop === null) return null;
  const { email, password } = shop;
  return (
    <div class="sample-notice">
      <Notice tone="good">
        <div class="row row-apart">
          <span>
            {text('sample.made')} {text('logIn.email')} <b class="sample-secret">{email}</b>,{' '}
            {text('logIn.password')} <b class="sample-secret">{password}</b>
          </span>
          <span class="row">
            <a class="button" href="/studio">
              {text('sample.studio')}
            </a>
            <button class="button" type="button" onClick={() => (made.value = null)}>
              {text('sample.read')}
            </button>
          </span>
        </div>
      </Notice>
    </div>
  );
}
