// The first page: what is live, what comes, what has just ended.

import { Empty, Shown } from '../shared/components/parts.tsx';
import { text } from '../shared/language.ts';
import { useLoaded } from '../shared/loaded.ts';
import { client, user } from '../shared/server.ts';
import { useEffect } from 'preact/hooks';
import { DropCard } from './drop-card.tsx';
import { Followed } from './followed.tsx';
import { SampleOffer } from './sample-shop.tsx';
import type { SearchItem } from '../shared/types.ts';

const LISTS = [
  { status: 'live', sort: 'newest', limit: 24, title: 'home.live' },
  { status: 'upcoming', sort: 'starting', limit: 12, title: 'home.next' },
  { status: 'ended', sort: 'newest', limit: 8, title: 'home.ended' },
] as const;
/** Of pictures: a wide window has four in its first row, a narrow one the first of them. */
const TURNS: readonly ('first' | 'early')[] = ['first', 'early', 'early', 'early'];
/** Starts and ends move drops from one list to the next. */
const REFRESH_MS = 15_000;

async function load(signal: AbortSignal): Promise<readonly (readonly SearchItem[])[]> {
  return await Promise.all(
    LISTS.map(async ({ status, sort, limit }) => {
      const query = { type: 'drops', status, sort, limit, counts: false } as const;
      return (await client.call('GET /v1/search', { query, signal })).items;
    }),
  );
}

export function Home() {
  const loaded = useLoaded(load, []);
  const buyer = user.value?.id;
  useEffect(() => {
    document.title = 'LiveDrops';
    const timer = setInterval(() => {
      if (document.hidden || loaded.state.value.is !== 'ready') return;
      const ended = AbortSignal.timeout(REFRESH_MS);
      load(ended).then(
        (value) => (loaded.state.value = { is: 'ready', value }),
        () => undefined,
      );
    }, REFRESH_MS);
    return () => clearInterval(timer);
  }, []);
  return (
    <div class="stack stack-l">
      <h1 class="hidden">{text('home.title')}</h1>
      <Shown from={loaded} waiting={<WaitingCards />}>
        {(lists) => <Lists lists={lists} />}
      </Shown>
      {buyer !== undefined && <Followed userId={buyer} />}
    </div>
  );
}

function Lists({ lists }: { lists: readonly (readonly SearchItem[])[] }) {
  if (lists.every((items) => items.length === 0)) {
    return (
      <Empty title={text('home.empty.title')}>
        <p>{text('home.empty.text')}</p>
        <p>
          <a class="button button-main" href={user.value === null ? '/studio/register' : '/studio'}>
            {text('foot.sell')}
          </a>
        </p>
        <SampleOffer />
      </Empty>
    );
  }
  return (
    <>
      {LISTS.map(({ title, status }, i) => {
        const items = lists[i]!;
        if (items.length === 0 && status !== 'live') return null;
        return (
          <section class="stack" key={status}>
            <h2>{text(title)}</h2>
            {items.length === 0 && <p class="soft">{text('home.nothingLive')}</p>}
            <ul class="cards" role="list">
              {items.map((item, at) => (
                <DropCard key={item.id} item={item} turn={i === 0 ? TURNS[at] : undefined} />
              ))}
            </ul>
          </section>
        );
      })}
    </>
  );
}

/** As high as a list of live drops, so that nothing moves when they come. */
function WaitingCards() {
  return (
    <div class="stack" aria-hidden="true">
      <p class="home-waiting-title">{text('home.live')}</p>
      <div class="cards">
        {Array.from({ length: 4 }, (_, i) => (
          <div class="card" key={i}>
            <div class="picture waiting" />
            <div class="waiting home-waiting-text" />
          </div>
        ))}
      </div>
    </div>
  );
}
