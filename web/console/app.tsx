// The console's frame, for operators who are logged in.

import type { ComponentChildren } from 'preact';
import { LocationProvider, Route, Router, useLocation } from 'preact-iso';
import { useEffect } from 'preact/hooks';
import { LogIn } from '../shared/components/log-in.tsx';
import { Empty } from '../shared/components/parts.tsx';
import { text } from '../shared/language.ts';
import { isOnline, user } from '../shared/server.ts';
import { Audit } from './audit.tsx';
import { Caches } from './caches.tsx';
import { Cluster } from './cluster.tsx';
import { Jobs } from './jobs.tsx';
import { Ledger } from './ledger.tsx';
import type { ConsoleKey } from './messages/en.ts';
import { Refunds } from './refunds.tsx';
import { consoleText } from './texts.ts';

const BASE = '/console';
const VIEWS = [
  [BASE, 'nav.cluster', Cluster],
  [`${BASE}/refunds`, 'nav.refunds', Refunds],
  [`${BASE}/jobs`, 'nav.jobs', Jobs],
  [`${BASE}/ledger`, 'nav.ledger', Ledger],
  [`${BASE}/audit`, 'nav.audit', Audit],
  [`${BASE}/caches`, 'nav.caches', Caches],
] as const satisfies readonly (readonly [string, ConsoleKey, () => ComponentChildren])[];
/** Who may look; changes need the operator's role, and the server has the last word. */
const ROLES = ['operator', 'auditor'];

export function Console() {
  return (
    <LocationProvider scope={BASE}>
      <a class="skip" href="#main">
        {text('skip')}
      </a>
      <Head />
      {!isOnline.value && (
        <p class="offline" role="status">
          {text('offline')}
        </p>
      )}
      <main class="page" id="main" tabIndex={-1}>
        <Router>
          {VIEWS.map(([path, , View]) => (
            <Route
              key={path}
              path={path}
              component={() => (
                <ForOperators>
                  <View />
                </ForOperators>
              )}
            />
          ))}
          <Route path={`${BASE}/log-in`} component={() => <LogIn base={BASE} isClosed />} />
          <Route default component={() => <Empty title={text('notFound.title')} />} />
        </Router>
      </main>
    </LocationProvider>
  );
}

function Head() {
  const { path } = useLocation();
  return (
    <header class="top">
      <div class="top-inside">
        <a class="brand" href={BASE}>
          <img src="/icon.svg" alt="" width="26" height="26" />
          {consoleText('title')}
        </a>
        {user.value !== null && (
          <nav aria-label={text('nav.label')}>
            {VIEWS.map(([href, key]) => (
              <a key={href} href={href} aria-current={path === href ? 'page' : undefined}>
                {consoleText(key)}
              </a>
            ))}
          </nav>
        )}
      </div>
    </header>
  );
}

function ForOperators({ children }: { children: ComponentChildren }) {
  const { path, route } = useLocation();
  const isVisitor = user.value === null;
  useEffect(() => {
    if (isVisitor) route(`${BASE}/log-in?next=${encodeURIComponent(path)}`, true);
  }, [isVisitor]);
  if (user.value === null) return null;
  if (!user.value.roles.some((role) => ROLES.includes(role))) {
    return (
      <Empty title={consoleText('denied')}>
        <p>
          <a class="button" href={`${BASE}/log-in`}>
            {consoleText('denied.logIn')}
          </a>
        </p>
      </Empty>
    );
  }
  return <>{children}</>;
}
