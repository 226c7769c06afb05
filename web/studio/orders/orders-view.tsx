// All orders of a drop: filtered by the server, searched in what is loaded, refunded, and as files.

import { useSignal } from '@preact/signals';
import { useEffect, useId, useRef } from 'preact/hooks';
import type { Drop, Job, Order } from '../../../sdk/api.ts';
import { Choice } from '../../shared/components/choice.tsx';
import { Fault } from '../../shared/components/fault.tsx';
import { PagedList } from '../../shared/components/paged-list.tsx';
import { Empty } from '../../shared/components/parts.tsx';
import { usePaged } from '../../shared/paged.ts';
import { client, watchDrop } from '../../shared/server.ts';
import { useWorking } from '../../shared/working.ts';
import { download } from '../download.ts';
import { type DropWithProduct, useDropWithProduct } from '../drop-with-product.ts';
import { ShownView } from '../shown-view.tsx';
import { studioText } from '../texts.ts';
import { isOver } from './followed-job.ts';
import { nameOf, useNames } from './names.ts';
import { OrderDialog } from './order-dialog.tsx';
import { OrderList } from './order-list.tsx';
import { matches } from './order-search.ts';
import { RefundJob } from './refund-job.tsx';
import { RefundMany } from './refund-many.tsx';
import { orderText } from './texts.ts';

const LIMIT = 50;
/** While a sale runs the first page is read again at most so often. */
const REFRESH_MS = 3_000;
const JOBS_LOOKED_AT = 20;
const FORMATS = ['csv', 'ndjson'] as const;
const STATUSES = [
  'reserved',
  'confirmed',
  'failed',
  'cancelled',
  'expired',
  'refunded',
] as const satisfies readonly Order['status'][];

type Status = Order['status'] | 'disputed' | '';

export function OrdersView({ id }: { id: string }) {
  const loaded = useDropWithProduct(id);
  return (
    <ShownView from={loaded} title={orderText('title')}>
      {({ drop, product }) => <Orders key={drop.id} drop={drop} product={product} />}
    </ShownView>
  );
}

/** Rises while the drop changes and `mayRefresh`, at most every three seconds. */
function useTurns(drop: Drop, mayRefresh: () => boolean): number {
  const shown = useSignal(drop.version);
  const may = useRef(mayRefresh);
  may.current = mayRefresh;
  useEffect(() => {
    let newest = drop.version;
    const end = watchDrop(drop.id, { onFrame: ({ version }) => (newest = version) });
    const timer = setInterval(() => {
      if (!document.hidden && may.current()) shown.value = newest;
    }, REFRESH_MS);
    return () => {
      end();
      clearInterval(timer);
    };
  }, [drop.id]);
  return shown.value;
}

function Orders({ drop, product: { name } }: DropWithProduct) {
  const status = useSignal<Status>('');
  const buyer = useSignal<string | null>(null);
  const words = useSignal('');
  const chosen = useSignal<readonly Order[]>([]);
  const open = useSignal<Order | null>(null);
  const refunds = useSignal<{ job: Job; orders: readonly Order[] } | null>(null);
  const changes = useSignal(0);
  const path = { id: drop.id };
  // Rows do not move under who chooses some of them, or reads older pages.
  const turn = useTurns(
    drop,
    () => paged.rest.peek() === null && chosen.peek().length === 0 && open.peek() === null,
  );
  const paged = usePaged(
    (cursor, signal) => {
      const filter =
        status.value === 'disputed'
          ? { disputed: true }
          : { ...(status.value !== '' && { status: status.value }) };
      const whose = buyer.value === null ? {} : { user_id: buyer.value };
      const query = { limit: LIMIT, cursor, ...filter, ...whose };
      return client.call('GET /v1/drops/{id}/orders', { path, query, signal });
    },
    [drop.id, status.value, buyer.value],
    [turn, changes.value],
  );
  useEffect(() => {
    document.title = `${orderText('title')}: ${name} · ${studioText('title')}`;
    const ended = new AbortController();
    const asked = { query: { limit: JOBS_LOOKED_AT }, signal: ended.signal };
    // Refunds that were begun before the page was left go on, and are shown again.
    client.call('GET /v1/jobs', asked).then(
      ({ items }) => {
        const job = items.find(
          (one) => one.kind === 'refund-orders' && one.subject === drop.id && !isOver(one),
        );
        if (job !== undefined && refunds.value === null) refunds.value = { job, orders: [] };
      },
      () => undefined,
    );
    return () => ended.abort();
  }, []);
  const clearChoice = (): void => void (chosen.value = []);
  return (
    <div class="stack orders">
      <p>
        <a href={`/studio/drops/${drop.id}`}>{orderText('of.sale')}</a>
      </p>
      <h1>
        {orderText('title')}: {name}
      </h1>
      <div class="order-filters">
        <Search words={words} />
        <Choice
          label={orderText('status')}
          of={status}
          choices={[
            ['', orderText('status.any')],
            ...STATUSES.map((one) => [one, orderText(`state.${one}`)] as const),
            ['disputed', orderText('status.disputed')],
          ]}
          onChange={clearChoice}
        />
      </div>
      {buyer.value !== null && (
        <p class="row">
          <b>{orderText('buyer.only', { name: nameOf(buyer.value) })}</b>
          <button
            class="button"
            type="button"
            onClick={() => {
              buyer.value = null;
              clearChoice();
            }}
          >
            {orderText('buyer.all')}
          </button>
        </p>
      )}
      {refunds.value !== null && (
        <RefundJob
          key={refunds.value.job.id}
          {...refunds.value}
          onEnd={() => changes.value++}
          onClose={() => (refunds.value = null)}
        />
      )}
      <PagedList
        of={paged}
        waiting={<div class="waiting studio-waiting" />}
        empty={
          status.value === '' && buyer.value === null ? (
            <Empty title={orderText('none.title')}>
              <p>{orderText('none.text')}</p>
            </Empty>
          ) : (
            <p class="soft">{orderText('none.filtered')}</p>
          )
        }
      >
        {(items) => (
          <>
            {refunds.value === null && (
              <RefundMany
                drop={drop}
                name={name}
                chosen={chosen}
                onBegun={(job, orders) => (refunds.value = { job, orders })}
              />
            )}
            <Found
              orders={items}
              words={words.value}
              chosen={chosen}
              onOpen={(order) => (open.value = order)}
              onBuyer={(userId) => {
                buyer.value = userId;
                clearChoice();
              }}
            />
          </>
        )}
      </PagedList>
      <Files dropId={drop.id} />
      {open.value !== null && (
        <OrderDialog
          key={open.value.id}
          order={open.value}
          onChange={() => changes.value++}
          onClose={() => (open.value = null)}
        />
      )}
    </div>
  );
}

type FoundProps = Parameters<typeof OrderList>[0] & { readonly words: string };

/** Of the orders that are loaded, those that match what was typed. */
function Found({ orders, words, ...list }: FoundProps) {
  useNames(orders.map(({ userId }) => userId));
  const found = orders.filter((order) => matches(order, nameOf(order.userId), words));
  return (
    <>
      {words.trim() !== '' && (
        <p class="soft small" role="status">
          {orderText('search.in', { n: orders.length })}{' '}
          {found.length === 0 && orderText('none.filtered')}
        </p>
      )}
      {found.length > 0 && <OrderList orders={found} {...list} />}
    </>
  );
}

function Search({ words }: { words: { value: string } }) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{orderText('search')}</label>
      <input
        class="input"
        id={id}
        type="search"
        autocomplete="off"
        spellcheck={false}
        aria-describedby={`${id}-hint`}
        value={words.value}
        onInput={({ currentTarget }) => (words.value = currentTarget.value)}
      />
      <span class="soft small" id={`${id}-hint`}>
        {orderText('search.hint')}
      </span>
    </div>
  );
}

function Files({ dropId }: { dropId: string }) {
  const { isBusy, fault, run } = useWorking();
  const path = { id: dropId };
  return (
    <>
      <p class="row">
        {orderText('export')}
        {FORMATS.map((format) => (
          <button
            key={format}
            class="button"
            type="button"
            aria-disabled={isBusy.value}
            onClick={() =>
              run(() =>
                download(
                  client.open('GET /v1/drops/{id}/orders/export', { path, query: { format } }),
                  `${dropId}.${format}`,
                ),
              )
            }
          >
            {format.toUpperCase()}
          </button>
        ))}
      </p>
      <Fault of={fault} />
    </>
  );
}
