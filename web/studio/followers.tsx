// Who follows the creator: how many, and the newest first.

import { useEffect } from 'preact/hooks';
import { PagedList } from '../shared/components/paged-list.tsx';
import { Empty } from '../shared/components/parts.tsx';
import { momentText, text } from '../shared/language.ts';
import { useLoaded } from '../shared/loaded.ts';
import { usePaged } from '../shared/paged.ts';
import { client, serverNow, user } from '../shared/server.ts';
import { studioText } from './texts.ts';

const LIMIT = 50;

export function FollowersView() {
  const path = { id: user.value!.id };
  const profile = useLoaded(
    (signal) => client.call('GET /v1/users/{id}', { path, signal }),
    [path.id],
  );
  const paged = usePaged(
    (cursor, signal) => {
      const query = { limit: LIMIT, cursor };
      return client.call('GET /v1/creators/{id}/followers', { path, query, signal });
    },
    [path.id],
  );
  useEffect(() => {
    document.title = `${studioText('followers.title')} · ${studioText('title')}`;
  }, []);
  const counted = profile.state.value;
  return (
    <div class="stack">
      <h1>{studioText('followers.title')}</h1>
      {counted.is === 'ready' && counted.value.followerCount > 0 && (
        <p class="soft">{text('creator.followers', { n: counted.value.followerCount })}</p>
      )}
      <PagedList
        of={paged}
        waiting={<div class="waiting studio-waiting" />}
        empty={
          <Empty title={studioText('followers.empty.title')}>
            <p>{studioText('followers.empty.text')}</p>
          </Empty>
        }
      >
        {(followers) => (
          <ul class="stack" role="list">
            {followers.map(({ userId, name, since }) => (
              <li key={userId} class="panel row row-apart studio-follower">
                <b>{name}</b>
                <span class="soft">
                  {text('account.since', { time: momentText(since, serverNow()) })}
                </span>
              </li>
            ))}
          </ul>
        )}
      </PagedList>
    </div>
  );
}
