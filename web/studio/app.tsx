// The studio's frame, for creators who are logged in.

import { LocationProvider, Route, Router, useLocation } from 'preact-iso';
import { ForUsers } from '../shared/components/for-users.tsx';
import { Frame } from '../shared/components/frame.tsx';
import { LogIn, Register } from '../shared/components/log-in.tsx';
import { Empty } from '../shared/components/parts.tsx';
import { text } from '../shared/language.ts';
import { user } from '../shared/server.ts';
import { AnalyticsView } from './analytics/analytics-view.tsx';
import { DropAnalyticsView } from './analytics/drop-analytics-view.tsx';
import { analyticsText } from './analytics/texts.ts';
import { FollowersView } from './followers.tsx';
import { StudioHome } from './home.tsx';
import { OrdersView } from './orders/orders-view.tsx';
import { ProductView } from './product.tsx';
import { SaleView } from './sale.tsx';
import { studioText } from './texts.ts';
import { webhookText } from './webhooks/texts.ts';
import { WebhookView } from './webhooks/webhook-view.tsx';
import { WebhooksView } from './webhooks/webhooks-view.tsx';

const BASE = '/studio';
const ANALYTICS = `${BASE}/analytics`;
const FOLLOWERS = `${BASE}/followers`;
const WEBHOOKS = `${BASE}/webhooks`;
const LOG_IN = `${BASE}/log-in`;

export function Studio() {
  return (
    <LocationProvider scope={BASE}>
      <Frame
        name={studioText('title')}
        home={BASE}
        logIn={LOG_IN}
        links={<Links />}
        menu={text('nav.menu')}
      >
        <Router>
          <Route path={BASE} component={OwnHome} />
          <Route path={`${BASE}/products/:id`} component={OwnProduct} />
          <Route path={`${BASE}/drops/:id`} component={OwnSale} />
          <Route path={`${BASE}/drops/:id/orders`} component={OwnOrders} />
          <Route path={`${BASE}/drops/:id/analytics`} component={OwnDropAnalytics} />
          <Route path={ANALYTICS} component={OwnAnalytics} />
          <Route path={FOLLOWERS} component={OwnFollowers} />
          <Route path={WEBHOOKS} component={OwnWebhooks} />
          <Route path={`${WEBHOOKS}/:id`} component={OwnWebhook} />
          <Route path={LOG_IN} component={StudioLogIn} />
          <Route path={`${BASE}/register`} component={StudioRegister} />
          <Route default component={Nothing} />
        </Router>
      </Frame>
    </LocationProvider>
  );
}

function Links() {
  const { path } = useLocation();
  const isUser = user.value !== null;
  const own: readonly (readonly [address: string, name: string])[] = isUser
    ? [
        [BASE, studioText('nav.products')],
        [ANALYTICS, analyticsText('title')],
        [WEBHOOKS, webhookText('title')],
        [FOLLOWERS, studioText('followers.title')],
      ]
    : [];
  return (
    <>
      {own.map(([address, name]) => (
        <a key={address} href={address} aria-current={path === address ? 'page' : undefined}>
          {name}
        </a>
      ))}
      <a href="/">{studioText('visit')}</a>
      {user.value !== null && <a href="/account">{user.value.name}</a>}
    </>
  );
}

function OwnHome() {
  return (
    <ForUsers logIn={LOG_IN}>
      <StudioHome />
    </ForUsers>
  );
}

function OwnFollowers() {
  return (
    <ForUsers logIn={LOG_IN}>
      <FollowersView />
    </ForUsers>
  );
}

function OwnWebhooks() {
  return (
    <ForUsers logIn={LOG_IN}>
      <WebhooksView />
    </ForUsers>
  );
}

function OwnWebhook({ id }: { id: string }) {
  return (
    <ForUsers logIn={LOG_IN}>
      <WebhookView key={id} id={id} />
    </ForUsers>
  );
}

function OwnProduct({ id }: { id: string }) {
  return (
    <ForUsers logIn={LOG_IN}>
      <ProductView key={id} id={id} />
    </ForUsers>
  );
}

function OwnSale({ id }: { id: string }) {
  return (
    <ForUsers logIn={LOG_IN}>
      <SaleView key={id} id={id} />
    </ForUsers>
  );
}

function OwnOrders({ id }: { id: string }) {
  return (
    <ForUsers logIn={LOG_IN}>
      <OrdersView key={id} id={id} />
    </ForUsers>
  );
}

function OwnAnalytics() {
  return (
    <ForUsers logIn={LOG_IN}>
      <AnalyticsView />
    </ForUsers>
  );
}

function OwnDropAnalytics({ id }: { id: string }) {
  return (
    <ForUsers logIn={LOG_IN}>
      <DropAnalyticsView key={id} id={id} />
    </ForUsers>
  );
}

function StudioLogIn() {
  return <LogIn base={BASE} />;
}

function StudioRegister() {
  return <Register base={BASE} />;
}

function Nothing() {
  return <Empty isView title={text('notFound.title')} />;
}
