// A creator: who it is, a button to follow, and the drops.

import { useSignal } from '@preact/signals';
import { useLocation } from 'preact-iso';
import { useEffect } from 'preact/hooks';
import { Fault } from '../shared/components/fault.tsx';
import { Empty, Picture } from '../shared/components/parts.tsx';
import { ShownView } from '../shared/components/shown-view.tsx';
import { text } from '../shared/language.ts';
import { useLoaded } from '../shared/loaded.ts';
import { client, faultText, user } from '../shared/server.ts';
import { DropCard } from './drop-card.tsx';
import type { Profile, SearchItem } from '../shared/types.ts';

const DROPS = 24;

interface CreatorData {
  readonly profile: Profile;
  readonly drops: readonly SearchItem[];
  readonly isFollowed: boolean;
}

async function load(
  id: string,
  buyer: string | undefined,
  signal: AbortSignal,
): Promise<CreatorData> {
  const query = {
    type: 'drops',
    creator_id: id,
    sort: 'newest',
    limit: DROPS,
    counts: false,
  } as const;
  const [profile, { items: drops }, follow] = await Promise.all([
    client.call('GET /v1/users/{id}', { path: { id }, signal }),
    client.call('GET /v1/search', { query, signal }),
    buyer === undefined ? false : isFollowing(buyer, id, signal),
  ]);
  return { profile, drops, isFollowed: follow };
}

async function isFollowing(buyer: string, id: string, signal: AbortSignal): Promise<boolean> {
  const path = { id: buyer };
  for await (const { userId } of client.items('GET /v1/users/{id}/following', { path, signal }))
    if (userId === id) return true;
  return false;
}

export function Creator({ id }: { id: string }) {
  const buyer = user.value?.id;
  const loaded = useLoaded((signal) => load(id, buyer, signal), [id, buyer]);
  return (
    <ShownView
      from={loaded}
      title={text('search.type.creator')}
      waiting={<div class="waiting drop-waiting-panel" />}
    >
      {(data) => <CreatorView key={`${data.profile.id} ${buyer ?? ''}`} {...data} />}
    </ShownView>
  );
}

function CreatorView({ profile, drops, isFollowed }: CreatorData) {
  const followed = useSignal(isFollowed);
  const fault = useSignal<string | null>(null);
  const { route } = useLocation();
  const path = { id: profile.id };
  useEffect(() => {
    document.title = `${profile.name} · LiveDrops`;
  }, []);
  const toggle = async (): Promise<void> => {
    if (user.value === null)
      return route(`/log-in?next=/creators/${encodeURIComponent(profile.id)}`);
    const wanted = !followed.value;
    followed.value = wanted;
    try {
      if (wanted) await client.call('POST /v1/creators/{id}/follow', { path });
      else await client.call('DELETE /v1/creators/{id}/follow', { path });
      fault.value = null;
    } catch (error) {
      followed.value = !wanted;
      fault.value = faultText(error);
    }
  };
  return (
    <div class="stack stack-l">
      <header class="creator">
        <div class="creator-picture">
          <Picture of={profile.picture} name={profile.name} turn="early" />
        </div>
        <div class="stack">
          <h1>{profile.name}</h1>
          <p class="soft">{text('creator.followers', { n: profile.followerCount })}</p>
          {user.value?.id !== profile.id && (
            <p>
              <button
                class={followed.value ? 'button' : 'button button-main'}
                type="button"
                aria-pressed={followed.value}
                onClick={() => void toggle()}
              >
                {text(followed.value ? 'creator.unfollow' : 'creator.follow')}
              </button>
            </p>
          )}
          <Fault of={fault} />
        </div>
      </header>
      <section class="stack">
        <h2>{text('creator.drops')}</h2>
        {drops.length === 0 && <Empty title={text('creator.empty')} />}
        <ul class="cards" role="list">
          {drops.map((item) => (
            <DropCard key={item.id} item={item} />
          ))}
        </ul>
      </section>
    </div>
  );
}
