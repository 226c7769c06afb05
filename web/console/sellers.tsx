// Creators who wait to be approved, and those who are approved or suspended; media of anybody.

import { useSignal } from '@preact/signals';
import { SELLER_REASON_LENGTH_MAX } from '../../contracts/bounds.ts';
import type { Media, Seller, SellerChange } from '../../sdk/api.ts';
import { Choice } from '../shared/components/choice.tsx';
import { Fault } from '../shared/components/fault.tsx';
import { valuesOf } from '../shared/components/log-in.tsx';
import { Badge, Field } from '../shared/components/parts.tsx';
import { momentText, numberText } from '../shared/language.ts';
import { client, serverNow } from '../shared/server.ts';
import { useWorking } from '../shared/working.ts';
import { Action } from './action.tsx';
import { flag, option } from './command-line.ts';
import { Pager } from './pager.tsx';
import { usePolled } from './polled.ts';
import { PolledView } from './polled-view.tsx';
import { consoleText } from './texts.ts';
import { useTitle } from './title.ts';

const LOOK_MS = 3_000;
const LIMIT = 50;
const STANDINGS = ['pending', 'approved', 'suspended'] as const;
const TONES = { pending: 'warn', approved: 'good', suspended: 'bad' } as const;

export function Sellers() {
  useTitle(consoleText('nav.sellers'));
  return (
    <div class="stack stack-l">
      <h1>{consoleText('nav.sellers')}</h1>
      <SellerList />
      <FoundSeller />
      <FoundMedia />
    </div>
  );
}

function SellerList() {
  const standing = useSignal<(typeof STANDINGS)[number]>('pending');
  const cursor = useSignal<string | null>(null);
  const polled = usePolled(
    (signal) => {
      const query = {
        standing: standing.value,
        limit: LIMIT,
        ...(cursor.value !== null && { cursor: cursor.value }),
      };
      return client.call('GET /v1/operator/sellers', { query, signal, triesMax: 1 });
    },
    LOOK_MS,
    [standing.value, cursor.value],
  );
  return (
    <section class="stack">
      <div class="row row-apart">
        <h2>{consoleText('sellers.title')}</h2>
        <Choice
          label={consoleText('sellers.standing')}
          of={standing}
          choices={STANDINGS.map((one) => [one, consoleText(`standing.${one}`)] as const)}
          onChange={() => (cursor.value = null)}
        />
      </div>
      <PolledView of={polled}>
        {({ items, nextCursor }) => (
          <>
            {items.length === 0 && <p class="soft">{consoleText('sellers.none')}</p>}
            <ul class="stack" role="list">
              {items.map((seller) => (
                <OneSeller key={seller.creatorId} seller={seller} />
              ))}
            </ul>
            <Pager cursor={cursor} next={nextCursor} />
          </>
        )}
      </PolledView>
    </section>
  );
}

function OneSeller({ seller }: { seller: Seller }) {
  const { creatorId, standing, reason, since, by } = seller;
  return (
    <li class="panel stack">
      <div class="row row-apart">
        <a href={`/creators/${creatorId}`}>
          <b>{creatorId}</b>
        </a>
        {standing !== null && (
          <Badge tone={TONES[standing]}>{consoleText(`standing.${standing}`)}</Badge>
        )}
      </div>
      {since !== null && (
        <p class="soft">
          {[momentText(since, serverNow()), by, reason].filter((part) => part !== null).join(' · ')}
        </p>
      )}
      <div class="row">
        <SellerAction of={seller} name="approve" standing="approved" />
        <SellerAction of={seller} name="suspend" standing="suspended" />
        <SellerAction of={seller} name="reset" standing="none" />
      </div>
    </li>
  );
}

interface SellerActionProps {
  readonly of: Seller;
  /** Of the command. */
  readonly name: 'approve' | 'suspend' | 'reset';
  readonly standing: SellerChange['standing'];
}

function SellerAction({ of: { creatorId, standing: now }, name, standing }: SellerActionProps) {
  if (standing === (now ?? 'none')) return null;
  const pauses = standing === 'suspended';
  return (
    <Action
      label={consoleText(`act.${name}`)}
      command={({ reason, pause }) =>
        `sellers ${name} ${creatorId}${option('reason', reason)}${flag('pause', pause === 'yes')}`
      }
      target={creatorId}
      fields={[
        { name: 'reason', label: consoleText('why'), maxLength: SELLER_REASON_LENGTH_MAX },
        ...(pauses ? [{ name: 'pause', label: consoleText('sellers.pause'), isSwitch: true }] : []),
      ]}
      run={async ({ reason = '', pause }) => {
        const body = {
          standing,
          ...(reason.trim() !== '' && { reason: reason.trim() }),
          ...(pause === 'yes' && { pauseDrops: true }),
        };
        const path = { id: creatorId };
        await client.call('PUT /v1/operator/sellers/{id}', { path, body });
        return consoleText('act.done');
      }}
    />
  );
}

function FoundSeller() {
  const found = useSignal<Seller | null>(null);
  return (
    <section class="stack">
      <h2>{consoleText('sellers.other')}</h2>
      <Finder
        name="creator"
        label={consoleText('sellers.id')}
        find={(id) => client.call('GET /v1/operator/sellers/{id}', { path: { id } })}
        onFound={(seller) => (found.value = seller)}
      />
      {found.value !== null && (
        <ul role="list">
          <OneSeller key={found.value.creatorId} seller={found.value} />
        </ul>
      )}
    </section>
  );
}

function FoundMedia() {
  const found = useSignal<Media | null>(null);
  const media = found.value;
  return (
    <section class="stack">
      <h2>{consoleText('media.title')}</h2>
      <Finder
        name="media"
        label={consoleText('media.id')}
        find={(id) => client.call('GET /v1/operator/media/{id}', { path: { id } })}
        onFound={(one) => (found.value = one)}
      />
      {media !== null && (
        <div class="panel stack">
          <dl class="console-facts">
            <dt>{consoleText('media.owner')}</dt>
            <dd>{media.ownerId}</dd>
            <dt>{consoleText('media.state')}</dt>
            <dd>{media.status}</dd>
            <dt>{consoleText('media.bytes')}</dt>
            <dd class="number">{numberText(media.bytes)}</dd>
          </dl>
          <Action
            key={media.id}
            label={consoleText('act.remove')}
            command={({ reason }) => `media remove ${media.id}${option('reason', reason)}`}
            target={media.id}
            fields={[
              { name: 'reason', label: consoleText('why'), maxLength: SELLER_REASON_LENGTH_MAX },
            ]}
            run={async ({ reason = '' }) => {
              await client.call('DELETE /v1/operator/media/{id}', {
                path: { id: media.id },
                query: reason.trim() === '' ? {} : { reason: reason.trim() },
              });
              return consoleText('media.removed');
            }}
          />
        </div>
      )}
    </section>
  );
}

interface FinderProps<T> {
  readonly name: string;
  readonly label: string;
  readonly find: (id: string) => Promise<T>;
  readonly onFound: (found: T) => void;
}

function Finder<T>({ name, label, find, onFound }: FinderProps<T>) {
  const { isBusy, fault, run } = useWorking();
  return (
    <form
      class="console-filters"
      onSubmit={(event) => {
        event.preventDefault();
        const [id] = valuesOf(event.currentTarget, name);
        run(() => find(id!.trim()), onFound);
      }}
    >
      <Field name={name} label={label} autocomplete="off" />
      <button class="button" type="submit" aria-disabled={isBusy.value}>
        {consoleText('find')}
      </button>
      <Fault of={fault} />
    </form>
  );
}
