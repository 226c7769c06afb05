// The storefront's frame: the head of the page, and the view of the address.

import type { ComponentChildren } from 'preact';
import { LocationProvider, Route, Router, useLocation } from 'preact-iso';
import { useEffect, useRef } from 'preact/hooks';
import { Empty } from '../shared/components/parts.tsx';
import { text } from '../shared/language.ts';
import type { MessageKey } from '../shared/messages/en.ts';
import { isOnline, user } from '../shared/server.ts';
import { Account } from './account.tsx';
import { Creator } from './creator.tsx';
import { DropPage } from './drop/drop-page.tsx';
import { Home } from './home.tsx';
import { LogIn, Register } from '../shared/components/log-in.tsx';
import { ConfirmEmail, ResetPassword } from './mailed-links.tsx';
import { News } from './news.tsx';
import { OrderPage, Orders } from './orders.tsx';
import { Product } from './product.tsx';
import { Search } from './search.tsx';
import { unread } from './unread.ts';

/** Links to other apps and pages leave this one. */
const OWN_PATHS = /^\/(?!studio|docs)/;

export function App() {
  return (
    <LocationProvider scope={OWN_PATHS}>
      <a class="skip" href="#main">
        {text('skip')}
      </a>
      <Head />
      {!isOnline.value && (
        <p class="offline" role="status">
          {text('offline')}
        </p>
      )}
      <Main>
        <Router>
          <Route path="/" component={Home} />
          <Route path="/search" component={Search} />
          <Route path="/drops/:id" component={DropPage} />
          <Route path="/creators/:id" component={Creator} />
          <Route path="/products/:id" component={Product} />
          <Route path="/orders" component={() => <ForUsers view={Orders} />} />
          <Route
            path="/orders/:id"
            component={({ id }: { id: string }) => <ForUsers view={() => <OrderPage id={id} />} />}
          />
          <Route path="/news" component={() => <ForUsers view={News} />} />
          <Route path="/account" component={() => <ForUsers view={Account} />} />
          <Route path="/log-in" component={() => <LogIn />} />
          <Route path="/register" component={() => <Register />} />
          <Route path="/reset-password" component={ResetPassword} />
          <Route path="/confirm-email" component={ConfirmEmail} />
          <Route default component={Nothing} />
        </Router>
      </Main>
      <footer class="page foot row soft">
        <a href="/studio">{text('foot.sell')}</a>
        <a href="/docs">{text('foot.docs')}</a>
      </footer>
    </LocationProvider>
  );
}

function Head() {
  const { path } = useLocation();
  const link = (href: string, key: MessageKey, more?: ComponentChildren) => (
    <a href={href} aria-current={path === href ? 'page' : undefined}>
      {text(key)}
      {more}
    </a>
  );
  return (
    <header class="top">
      <div class="top-inside">
        <a class="brand" href="/">
          <img src="/icon.svg" alt="" width="26" height="26" />
          {text('brand')}
        </a>
        <nav aria-label={text('nav.label')}>
          {link('/search', 'nav.search')}
          {user.value === null ? (
            link('/log-in', 'nav.logIn')
          ) : (
            <>
              {link('/orders', 'nav.orders')}
              {link(
                '/news',
                'nav.news',
                unread.value > 0 && (
                  <span class="count" aria-label={text('unread', { n: unread.value })}>
                    {unread.value}
                  </span>
                ),
              )}
              {link('/account', 'nav.account')}
            </>
          )}
        </nav>
      </div>
    </header>
  );
}

/** After another view was opened, keyboard and screen reader begin at its start. */
function Main({ children }: { children: ComponentChildren }) {
  const element = useRef<HTMLElement>(null);
  const { path } = useLocation();
  const before = useRef(path);
  useEffect(() => {
    if (before.current === path) return;
    before.current = path;
    element.current?.focus({ preventScroll: true });
    scrollTo(0, 0);
  }, [path]);
  return (
    <main class="page" id="main" tabIndex={-1} ref={element}>
      {children}
    </main>
  );
}

/** Views that need somebody: visitors log in first, and come back. */
function ForUsers({ view: View }: { view: () => ComponentChildren }) {
  const { path, route } = useLocation();
  const isVisitor = user.value === null;
  useEffect(() => {
    if (isVisitor) route(`/log-in?next=${encodeURIComponent(path)}`, true);
  }, [isVisitor]);
  return isVisitor ? null : <View />;
}

function Nothing() {
  return (
    <Empty title={text('notFound.title')}>
      <p>{text('notFound.text')}</p>
      <p>
        <a class="button" href="/">
          {text('notFound.home')}
        </a>
      </p>
    </Empty>
  );
}
