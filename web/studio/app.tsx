// The studio's frame, for creators who are logged in.

import type { ComponentChildren } from 'preact';
import { LocationProvider, Route, Router, useLocation } from 'preact-iso';
import { useEffect } from 'preact/hooks';
import { LogIn, Register } from '../shared/components/log-in.tsx';
import { Empty } from '../shared/components/parts.tsx';
import { text } from '../shared/language.ts';
import { isOnline, user } from '../shared/server.ts';
import { StudioHome } from './home.tsx';
import { ProductView } from './product.tsx';
import { SaleView } from './sale.tsx';
import { studioText } from './texts.ts';

const BASE = '/studio';

export function Studio() {
  return (
    <LocationProvider scope={BASE}>
      <a class="skip" href="#main">
        {text('skip')}
      </a>
      <header class="top">
        <div class="top-inside">
          <a class="brand" href="/studio">
            <img src="/icon.svg" alt="" width="26" height="26" />
            {studioText('title')}
          </a>
          <nav aria-label={text('nav.label')}>
            <a href="/">{studioText('visit')}</a>
            {user.value !== null && <a href="/account">{user.value.name}</a>}
          </nav>
        </div>
      </header>
      {!isOnline.value && (
        <p class="offline" role="status">
          {text('offline')}
        </p>
      )}
      <main class="page" id="main" tabIndex={-1}>
        <Router>
          <Route path="/studio" component={() => <ForCreators>{<StudioHome />}</ForCreators>} />
          <Route
            path="/studio/products/:id"
            component={({ id }: { id: string }) => (
              <ForCreators>
                <ProductView key={id} id={id} />
              </ForCreators>
            )}
          />
          <Route
            path="/studio/drops/:id"
            component={({ id }: { id: string }) => (
              <ForCreators>
                <SaleView key={id} id={id} />
              </ForCreators>
            )}
          />
          <Route path="/studio/log-in" component={() => <LogIn base={BASE} />} />
          <Route path="/studio/register" component={() => <Register base={BASE} />} />
          <Route default component={() => <Empty title={text('notFound.title')} />} />
        </Router>
      </main>
    </LocationProvider>
  );
}

function ForCreators({ children }: { children: ComponentChildren }) {
  const { path, route } = useLocation();
  const isVisitor = user.value === null;
  useEffect(() => {
    if (isVisitor) route(`${BASE}/log-in?next=${encodeURIComponent(path)}`, true);
  }, [isVisitor]);
  return isVisitor ? null : <>{children}</>;
}
