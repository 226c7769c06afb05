// The console's frame, for operators who are logged in.

import type { ComponentChildren } from 'preact';
import { LocationProvider, Route, Router, useLocation } from 'preact-iso';
import { ForUsers } from '../shared/components/for-users.tsx';
import { Frame } from '../shared/components/frame.tsx';
import { LogIn } from '../shared/components/log-in.tsx';
import { Empty, Notice } from '../shared/components/parts.tsx';
import { text } from '../shared/language.ts';
import { user } from '../shared/server.ts';
import { AlarmCount, Alarms, AlarmWatch } from './alarms.tsx';
import { Audit } from './audit.tsx';
import { Caches } from './caches.tsx';
import { Cluster } from './cluster.tsx';
import { Components } from './components.tsx';
import { Jobs, OneJob } from './jobs.tsx';
import { Ledger } from './ledger.tsx';
import type { ConsoleKey } from './messages/en.ts';
import { Payments } from './payments.tsx';
import { mayChange, mayLook } from './role.ts';
import { Sellers } from './sellers.tsx';
import { consoleText } from './texts.ts';
import { Upkeep } from './upkeep.tsx';

const BASE = '/console';
const LOG_IN = `${BASE}/log-in`;
const ALARMS = `${BASE}/alarms`;
/** Each component is one for good: a view that is made anew loses what was typed. */
const VIEWS = [
  [BASE, 'nav.cluster', forOperators(Cluster)],
  [ALARMS, 'nav.alarms', forOperators(Alarms)],
  [`${BASE}/upkeep`, 'nav.upkeep', forOperators(Upkeep)],
  [`${BASE}/payments`, 'nav.payments', forOperators(Payments)],
  [`${BASE}/jobs`, 'nav.jobs', forOperators(Jobs)],
  [`${BASE}/sellers`, 'nav.sellers', forOperators(Sellers)],
  [`${BASE}/ledger`, 'nav.ledger', forOperators(Ledger)],
  [`${BASE}/audit`, 'nav.audit', forOperators(Audit)],
  [`${BASE}/caches`, 'nav.caches', forOperators(Caches)],
] as const satisfies readonly (readonly [string, ConsoleKey, () => ComponentChildren])[];

export function Console() {
  return (
    <LocationProvider scope={BASE}>
      <Frame
        name={consoleText('title')}
        home={BASE}
        logIn={LOG_IN}
        links={<Links />}
        menu={user.value === null ? undefined : <MenuName />}
      >
        <Router>
          {VIEWS.map(([path, , View]) => (
            <Route key={path} path={path} component={View} />
          ))}
          <Route path={`${BASE}/jobs/:id`} component={OwnJob} />
          <Route path={`${BASE}/components`} component={Components} />
          <Route path={LOG_IN} component={ConsoleLogIn} />
          <Route default component={Nothing} />
        </Router>
      </Frame>
    </LocationProvider>
  );
}

/** What is wrong shows while the navigation is closed, too. */
function MenuName() {
  return (
    <>
      {text('nav.menu')}
      {mayLook() && (
        <>
          <AlarmWatch />
          <AlarmCount />
        </>
      )}
    </>
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
          {href === ALARMS && mayLook() && <AlarmCount />}
        </a>
      ))}
    </>
  );
}

function OwnJob({ id }: { id: string }) {
  return (
    <ForUsers logIn={LOG_IN}>
      <Operators>
        <OneJob key={id} id={id} />
      </Operators>
    </ForUsers>
  );
}

function ConsoleLogIn() {
  return (
    <div class="stack stack-l">
      <LogIn base={BASE} isClosed />
      <BecomeOperator />
    </div>
  );
}

/** How an account becomes an operator's: nobody can on the pages. */
function BecomeOperator() {
  return (
    <section class="narrow stack soft">
      <h2>{consoleText('become.title')}</h2>
      <p>{consoleText('become.text')}</p>
      <p>
        <code class="console-command">npm run -s livedrops -- operator add you@example.com</code>
      </p>
      <p>{consoleText('become.then')}</p>
      <p>
        <a href="/docs/guides/operations#operators">{consoleText('become.more')}</a>
      </p>
    </section>
  );
}

function Nothing() {
  return <Empty isView title={text('notFound.title')} />;
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
  if (mayLook()) {
    return (
      <div class="stack">
        {!mayChange() && <Notice tone="plain">{consoleText('readOnly')}</Notice>}
        {children}
      </div>
    );
  }
  return (
    <div class="stack stack-l">
      <h1 class="hidden">{consoleText('title')}</h1>
      <Empty title={consoleText('denied')}>
        <p>
          <a class="button" href={LOG_IN}>
            {consoleText('denied.logIn')}
          </a>
        </p>
      </Empty>
      <BecomeOperator />
    </div>
  );
}
