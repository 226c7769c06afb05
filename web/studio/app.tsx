// The studio's frame, for creators who are logged in.

import { LocationProvider, Route, Router, useLocation } from 'preact-iso';
import { ForUsers } from '../shared/components/for-users.tsx';
import { Frame } from '../shared/components/frame.tsx';
import { LogIn, Register } from '../shared/components/log-in.tsx';
import { Empty } from '../shared/components/parts.tsx';
import { text } from '../shared/language.ts';
import { user } from '../shared/server.ts';
import { FollowersView } from './followers.tsx';
import { StudioHome } from './home.tsx';
import { ProductView } from './product.tsx';
import { SaleView } from './sale.tsx';
import { studioText } from './texts.ts';

const BASE = '/studio';
const FOLLOWERS = `${BASE}/followers`;
const LOG_IN = `${BASE}/log-in`;

export function Studio() {
  return (
    <LocationProvider scope={BASE}>
      <Frame name={studioText('title')} home={BASE} logIn={LOG_IN} links={<Links />}>
        <Router>
          <Route path={BASE} component={OwnHome} />
          <Route path={`${BASE}/products/:id`} component={OwnProduct} />
          <Route path={`${BASE}/drops/:id`} component={OwnSale} />
          <Route path={FOLLOWERS} component={OwnFollowers} />
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
  return (
    <>
      {user.value !== null && (
        <a href={FOLLOWERS} aria-current={path === FOLLOWERS ? 'page' : undefined}>
          {studioText('followers.title')}
        </a>
      )}
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

function StudioLogIn() {
  return <LogIn base={BASE} />;
}

function StudioRegister() {
  return <Register base={BASE} />;
}

function Nothing() {
  return <Empty title={text('notFound.title')} />;
}
