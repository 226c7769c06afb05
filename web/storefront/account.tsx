// The buyer's account: name, devices that are logged in, log-out.

import { useLocation } from 'preact-iso';
import { useEffect } from 'preact/hooks';
import { Badge, Shown } from '../shared/components/parts.tsx';
import { momentText, text } from '../shared/language.ts';
import { useLoaded } from '../shared/loaded.ts';
import { client, serverNow, user } from '../shared/server.ts';

export function Account() {
  const { route } = useLocation();
  const loaded = useLoaded((signal) => client.call('GET /v1/account/sessions', { signal }), []);
  useEffect(() => {
    document.title = `${text('account.title')} · LiveDrops`;
  }, []);
  const end = async (id: string): Promise<void> => {
    await client.call('DELETE /v1/account/sessions/{id}', { path: { id } });
    loaded.reload();
  };
  const logOut = (): void => {
    // The session ends here at once; where the server does not hear of it, its token runs out.
    client.logOut().catch(() => undefined);
    route('/');
  };
  const { value: own } = user;
  if (own === null) return null;
  return (
    <div class="stack stack-l narrow">
      <header class="stack">
        <h1>{own.name}</h1>
        <p class="soft">
          {own.email} · {text('account.since', { time: momentText(own.createdAt, serverNow()) })}
        </p>
        <p>
          <button class="button" type="button" onClick={logOut}>
            {text('account.logOut')}
          </button>
        </p>
      </header>
      <section class="stack">
        <h2>{text('account.sessions')}</h2>
        <Shown from={loaded} waiting={<div class="waiting drop-waiting-panel" />}>
          {({ items }) => (
            <ul class="stack" role="list">
              {items.map(({ id, device, lastUsedAt, current }) => (
                <li class="panel row row-apart" key={id}>
                  <span>
                    {device}
                    <br />
                    <span class="soft small">
                      {text('account.session.used', { time: momentText(lastUsedAt, serverNow()) })}
                    </span>
                  </span>
                  {current ? (
                    <Badge tone="good">{text('account.session.current')}</Badge>
                  ) : (
                    <button class="button" type="button" onClick={() => void end(id)}>
                      {text('account.session.end')}
                    </button>
                  )}
                </li>
              ))}
            </ul>
          )}
        </Shown>
      </section>
    </div>
  );
}
