// The buyer's account: name, devices that are logged in, what is told, password, the end of it.

import { useLocation } from 'preact-iso';
import { useEffect } from 'preact/hooks';
import { Fault } from '../shared/components/fault.tsx';
import { Badge, Shown } from '../shared/components/parts.tsx';
import { momentText, text } from '../shared/language.ts';
import { useLoaded } from '../shared/loaded.ts';
import { client, leave, serverNow, user } from '../shared/server.ts';
import { useWorking } from '../shared/working.ts';
import { Deletion, Password, Told } from './account-settings.tsx';

export function Account() {
  const { route } = useLocation();
  const loaded = useLoaded((signal) => client.call('GET /v1/account/sessions', { signal }), []);
  useEffect(() => {
    document.title = `${text('account.title')} · LiveDrops`;
  }, []);
  const { isBusy, fault, run } = useWorking();
  const end = (id: string): void =>
    run(() => client.call('DELETE /v1/account/sessions/{id}', { path: { id } }), loaded.reload);
  const logOut = (): void => {
    // The session ends here at once; where the server does not hear of it, its token runs out.
    leave(() => void client.logOut().catch(() => undefined));
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
        <Fault of={fault} />
        <Shown from={loaded} waiting={<div class="waiting drop-waiting-panel" />}>
          {({ items }) => (
            <ul class="stack" role="list">
              {items.map(({ id, device, lastUsedAt, current }) => (
                <li class="panel row row-apart" key={id}>
                  <span>
                    {deviceText(device)}
                    <br />
                    <span class="soft small">
                      {text('account.session.used', { time: momentText(lastUsedAt, serverNow()) })}
                    </span>
                  </span>
                  {current ? (
                    <Badge tone="good">{text('account.session.current')}</Badge>
                  ) : (
                    <button
                      class="button"
                      type="button"
                      aria-disabled={isBusy.value}
                      onClick={() => end(id)}
                    >
                      {text('account.session.end')}
                    </button>
                  )}
                </li>
              ))}
            </ul>
          )}
        </Shown>
      </section>
      <Told />
      <Password />
      <Deletion />
    </div>
  );
}

/** The names by which people know browsers and systems; the first that is in the text counts. */
const BROWSERS = ['Edg', 'OPR', 'Firefox', 'Chrome', 'Safari'] as const;
const BROWSER_NAMES: Readonly<Record<string, string>> = { Edg: 'Edge', OPR: 'Opera' };
const SYSTEMS = ['iPhone', 'iPad', 'Android', 'Windows', 'Mac', 'Linux'] as const;

/** `Firefox, Linux` of a User-Agent; any other text as it is. */
function deviceText(device: string): string {
  const browser = BROWSERS.find((name) => device.includes(`${name}/`));
  const system = SYSTEMS.find((name) => device.includes(name));
  if (browser === undefined || system === undefined) return device;
  return `${BROWSER_NAMES[browser] ?? browser}, ${system}`;
}
