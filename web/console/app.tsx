// The console's frame, for operators who are logged in.

import type { ComponentChildren } from 'preact';
import { LocationProvider, Route, Router, useLocation } from 'preact-iso';
import { ForUsers } from '../shared/components/for-users.tsx';
import { Frame } from '../shared/components/frame.tsx';
import { LogIn } from '../shared/components/log-in.tsx';
import { Empty } from '../shared/components/parts.tsx';
import { text } from '../shared/language.ts';
import { user } from '../shared/server.ts';
import { Audit } from './audit.tsx';
import { Caches } from './caches.tsx';
import { Cluster } from './cluster.tsx';
import { Jobs } from './jobs.tsx';
import { Ledger } from './ledger.tsx';
import type { ConsoleKey } from './messages/en.ts';
import { Refunds } from './refunds.tsx';
import { consoleText } from './texts.ts';

const BASE = '/console';
const LOG_IN = `${BASE}/log-in`;
/** Each component is one for good: a view that is made anew loses what was typed. */
const VIEWS = [
  [BASE, 'nav.cluster', forOperators(Cluster)],
  [`${BASE}/refunds`, 'nav.refunds', forOperators(Refunds)],
  [`${BASE}/jobs`, 'nav.jobs', forOperators(Jobs)],
  [`${BASE}/ledger`, 'nav.ledger', forOperators(Ledger)],
  [`${BASE}/audit`, 'nav.audit', forOperators(Audit)],
  [`${BASE}/caches`, 'nav.caches', forOperators(Caches)],
] as const satisfies readonly (readonly [string, ConsoleKey, () => ComponentChildren])[];
/** Who may look; changes need the operator's role, and the server has the last word. */
const ROLES = ['operator', 'auditor'];

export function Console() {
  return (
    <LocationProvider scope={BASE}>
      <Frame name={consoleText('title')} home={BASE} links={<Links />}>
        <Router>
          {VIEWS.map(([path, , View]) => (
            <Route key={path} path={path} component={View} />
          ))}
          <Route path={LOG_IN} component={ConsoleLogIn} />
          <Route default component={Nothing} />
        </Router>
      </Frame>
    </LocationProvider>
  );
}

function Links() {
  const { path } = useLocation();
  if (user.value === null) return null;
  return (
    <>
      {VIEWS.map(([href, key]) => (
        <a key={href} href={href} aria-current={path === href ? 'page' : undefined}>
          {consoleText(key)}
        </a>
      ))}
    </>
  );
}

function ConsoleLogIn() {
  return <LogIn base={BASE} isClosed />;
}

function Nothing() {
  return <Empty title={text('notFound.title')} />;
}

function forOperators(View: () => ComponentChildren): () => ComponentChildren {
  return () => (
    <ForUsers logIn={LOG_IN}>
      <Operators>
        <View />
      </Operators>
    </ForUsers>
  );
}

function Operators({ children }: { children: ComponentChildren }) {
  if (user.value?.roles.some((role) => ROLES.includes(role)) === true) return <>{children}</>;
  return (
    <Empty title={consoleText('denied')}>
      <p>
        <a class="button" href={LOG_IN}>
          {consoleText('denied.logIn')}
        </a>
      </p>
    </Empty>
  );
}
