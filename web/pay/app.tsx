// The frame of the page on which an order is paid. Every link leaves it: what its content policy
// allows ends with the document.

import { LocationProvider } from 'preact-iso';
import { useEffect } from 'preact/hooks';
import { Frame } from '../shared/components/frame.tsx';
import { text } from '../shared/language.ts';
import { isSessionEnded, user } from '../shared/server.ts';
import { PayPage } from './pay-page.tsx';

/** No address: the browser follows all links itself. */
const NO_PATHS = /^(?!)/;
const LOG_IN = '/log-in';

export function App() {
  return (
    <LocationProvider scope={NO_PATHS}>
      <Frame
        name={text('brand')}
        home="/"
        logIn={LOG_IN}
        links={<a href="/orders">{text('nav.orders')}</a>}
      >
        <Own />
      </Frame>
    </LocationProvider>
  );
}

/** Visitors log in first, and come back. Whose session ended is told so, and goes there. */
function Own() {
  const userId = user.value?.id;
  const isVisitor = userId === undefined;
  const { pathname } = location;
  useEffect(() => {
    if (isVisitor && !isSessionEnded.value)
      location.replace(`${LOG_IN}?next=${encodeURIComponent(pathname)}`);
  }, [isVisitor]);
  // `/orders/{id}/pay`
  const [, , id = ''] = pathname.split('/');
  return isVisitor ? null : <PayPage key={userId} id={decodeURIComponent(id)} />;
}
