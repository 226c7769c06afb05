// The storefront's frame, and the view of each address.

import { LocationProvider, Route, Router, useLocation } from 'preact-iso';
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { ForUsers } from '../shared/components/for-users.tsx';
import { Frame } from '../shared/components/frame.tsx';
import { LogIn, Register } from '../shared/components/log-in.tsx';
import { Empty } from '../shared/components/parts.tsx';
import { text } from '../shared/language.ts';
import type { MessageKey } from '../shared/messages/en.ts';
import { user } from '../shared/server.ts';
import { Account } from './account.tsx';
import { Creator } from './creator.tsx';
import { DropPage } from './drop/drop-page.tsx';
import { Home } from './home.tsx';
import { ConfirmEmail, ResetPassword } from './mailed-links.tsx';
import { News } from './news.tsx';
import { OrderPage, Orders } from './orders.tsx';
import { Product } from './product.tsx';
import { SampleNotice } from './sample-shop.tsx';
import { Search } from './search.tsx';
import { unread } from './unread.ts';

/** Links to other apps and pages leave this one. */
const OWN_PATHS = /^\/(?!studio|console|docs|orders\/[^/]+\/pay$)/;
const LOG_IN = '/log-in';

export function App() {
  return (
    <LocationProvider scope={OWN_PATHS}>
      <Frame name={text('brand')} home="/" logIn={LOG_IN} links={<Links />}>
        <SampleNotice />
        <Router>
          <Route path="/" component={Home} />
          <Route path="/search" component={Search} />
          <Route path="/drops/:id" component={DropPage} />
          <Route path="/creators/:id" component={Creator} />
          <Route path="/products/:id" component={Product} />
          <Route path="/orders" component={OwnOrders} />
          <Route path="/orders/:id" component={OwnOrder} />
          <Route path="/orders/:id/pay" component={Leave} />
          <Route path="/news" component={OwnNews} />
          <Route path="/account" component={OwnAccount} />
          <Route path={LOG_IN} component={LogIn} />
          <Route path="/register" component={Register} />
          <Route path="/reset-password" component={ResetPassword} />
          <Route path="/confirm-email" component={ConfirmEmail} />
          <Route default component={Nothing} />
        </Router>
      </Frame>
      <footer class="page foot row soft">
        <a href="/studio">{text('foot.sell')}</a>
        <a href="/docs">{text('foot.docs')}</a>
      </footer>
    </LocationProvider>
  );
}

function Links() {
  const { path } = useLocation();
  const link = (href: string, key: MessageKey, more?: ComponentChildren) => (
    <a href={href} aria-current={path === href ? 'page' : undefined}>
      {text(key)}
      {more}
    </a>
  );
  if (user.value === null) {
    return (
      <>
        {link('/search', 'nav.search')}
        {link(LOG_IN, 'nav.logIn')}
      </>
    );
  }
  const count = unread.value > 0 && (
    <span class="count" aria-label={text('unread', { n: unread.value })}>
      {unread.value}
    </span>
  );
  return (
    <>
      {link('/search', 'nav.search')}
      {link('/orders', 'nav.orders')}
      {link('/news', 'nav.news', count)}
      {link('/account', 'nav.account')}
    </>
  );
}

// Each is one component for good: a view that is made anew loses what was typed.

function OwnOrders() {
  return (
    <ForUsers logIn={LOG_IN}>
      <Orders />
    </ForUsers>
  );
}

function OwnOrder({ id }: { id: string }) {
  return (
    <ForUsers logIn={LOG_IN}>
      <OrderPage key={id} id={id} />
    </ForUsers>
  );
}

function OwnNews() {
  return (
    <ForUsers logIn={LOG_IN}>
      <News />
    </ForUsers>
  );
}

function OwnAccount() {
  return (
    <ForUsers logIn={LOG_IN}>
      <Account />
    </ForUsers>
  );
}

/** The log-in leads back to an address of another app: the server has its page. */
function Leave() {
  useEffect(() => location.reload(), []);
  return null;
}

function Nothing() {
  return (
    <Empty isView title={text('notFound.title')}>
      <p>{text('notFound.text')}</p>
      <p>
        <a class="button" href="/">
          {text('notFound.home')}
        </a>
      </p>
    </Empty>
  );
}
