// The page of one drop: what is sold, how much is left, and one press to buy.

import { useSignal } from '@preact/signals';
import { useLocation } from 'preact-iso';
import { useEffect, useMemo } from 'preact/hooks';
import { Fault } from '../../shared/components/fault.tsx';
import { Picture } from '../../shared/components/parts.tsx';
import { ShownView } from '../../shared/components/shown-view.tsx';
import { momentText, text } from '../../shared/language.ts';
import { useLoaded } from '../../shared/loaded.ts';
import { priceText } from '../../shared/money.ts';
import {
  client,
  faultText,
  isOnline,
  ordersChanged,
  serverNow,
  user,
  watchDrop,
} from '../../shared/server.ts';
import { StatusBadge } from '../../shared/components/status-badge.tsx';
import type { Drop, Product, Profile } from '../../shared/types.ts';
import { Announcer } from './announcer.tsx';
import { useNoIndex } from '../no-index.ts';
import { BuyPanel } from './buy-panel.tsx';
import { CountdownView } from '../../shared/drop/countdown-view.tsx';
import { applyFrame } from '../../shared/drop/apply-frame.ts';
import { phaseOf } from '../../shared/drop/phase.ts';
import { Purchase } from './purchase.ts';

interface DropPageData {
  readonly drop: Drop;
  readonly product: Product;
  /** Null where the account is gone. */
  readonly creator: Profile | null;
}

async function load(id: string, signal: AbortSignal): Promise<DropPageData> {
  const drop = await client.call('GET /v1/drops/{id}', { path: { id }, signal });
  const [product, creator] = await Promise.all([
    client.call('GET /v1/products/{id}', { path: { id: drop.productId }, signal }),
    client.call('GET /v1/users/{id}', { path: { id: drop.creatorId }, signal }).catch(() => null),
  ]);
  return { drop, product, creator };
}

export function DropPage({ id }: { id: string }) {
  const loaded = useLoaded((signal) => load(id, signal), [id]);
  return (
    <ShownView from={loaded} title={text('search.type.drop')} waiting={<Waiting />}>
      {(data) => <DropView key={data.drop.id} {...data} />}
    </ShownView>
  );
}

function Waiting() {
  return (
    <div class="drop" aria-hidden="true">
      <div class="picture waiting" />
      <div class="stack">
        <div class="waiting drop-waiting-line" />
        <div class="waiting drop-waiting-panel" />
      </div>
    </div>
  );
}

function DropView({ drop, product, creator }: DropPageData) {
  const shown = useSignal(drop);
  const isConnected = useSignal(true);
  const fault = useSignal<string | null>(null);
  const { route } = useLocation();
  const buyer = user.value?.id;
  const purchase = useMemo(() => new Purchase(drop.id), [drop.id, buyer]);
  const changes = ordersChanged.value;
  const online = isOnline.value;
  useNoIndex(drop.unlisted === true || product.unlisted === true);

  useEffect(() => {
    document.title = `${product.name} · LiveDrops`;
    return watchDrop(drop.id, {
      onFrame: (frame) => (shown.value = applyFrame(shown.value, frame)),
      onConnected: (is) => (isConnected.value = is),
    });
  }, [drop.id]);

  const run = (work: Promise<void>): void => {
    work.then(
      () => (fault.value = null),
      (error: unknown) => (fault.value = faultText(error)),
    );
  };
  useEffect(() => {
    if (buyer !== undefined && online) run(purchase.restore());
  }, [purchase, online]);
  useEffect(() => {
    if (changes > 0) run(purchase.refresh());
  }, [changes]);

  const state = shown.value;
  const order = purchase.order.value;
  const phase = phaseOf(state, order, purchase.press.value);
  const phaseOfDrop = phaseOf(state, null, { is: 'none' });
  useEffect(() => purchase.forgetRefusal(), [phaseOfDrop]);
  const buy = (quantity: number, pass: string | undefined): void => {
    if (buyer === undefined) return route(`/log-in?next=/drops/${drop.id}`);
    run(purchase.buy(quantity, pass));
  };

  return (
    <article class="drop">
      <Picture of={product.picture} name={product.name} turn="first" isLarge />
      <div class="stack">
        <div class="row">
          <StatusBadge drop={state} />
          {creator !== null && (
            <a class="soft" href={`/creators/${encodeURIComponent(creator.id)}`}>
              {text('by', { name: creator.name })}
            </a>
          )}
        </div>
        <h1>{product.name}</h1>
        <p class="drop-price number">{priceText(state.unitAmount, state.currency)}</p>
        {state.status === 'upcoming' && (
          <p class="stack drop-clock">
            <span class="soft">{text('drop.startsIn')}</span>
            <CountdownView until={state.startsAt} class="drop-count" />
            <span class="soft">
              {text('drop.startsAt', { time: momentText(state.startsAt, serverNow()) })}
            </span>
          </p>
        )}
        <BuyPanel
          drop={state}
          order={order}
          phase={phase}
          press={purchase.press.value}
          isBuyer={buyer !== undefined}
          onBuy={buy}
          onCancel={() => run(purchase.cancel())}
        />
        <Fault of={fault} />
        {!isConnected.value && <p class="soft small">{text('drop.connecting')}</p>}
        {product.description !== '' && (
          <p class="drop-about" dir="auto">
            {product.description}
          </p>
        )}
        <p class="soft small">{text('drop.limit', { n: state.limitPerUser })}</p>
      </div>
      <Announcer drop={state} />
    </article>
  );
}
