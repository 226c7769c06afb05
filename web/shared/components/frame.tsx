// What every app has around its views: the way past the head, the head, whether the device is
// offline, and the main part, which takes the focus when another view is opened.

import type { ComponentChildren } from 'preact';
import { useLocation } from 'preact-iso';
import { useEffect, useRef } from 'preact/hooks';
import { keepFocus } from '../focus.ts';
import { text } from '../language.ts';
import { isOnline, isSessionEnded } from '../server.ts';

interface FrameProps {
  /** Of the brand. */
  readonly name: string;
  readonly home: string;
  /** Where one logs in. */
  readonly logIn: string;
  /** Inside of the navigation. */
  readonly links: ComponentChildren;
  readonly children: ComponentChildren;
}

export function Frame({ name, home, logIn, links, children }: FrameProps) {
  useEffect(keepFocus, []);
  return (
    <>
      <a class="skip" href="#main">
        {text('skip')}
      </a>
      <header class="top">
        <div class="top-inside">
          <a class="brand" href={home}>
            <img src="/icon.svg" alt="" width="26" height="26" />
            {name}
          </a>
          <nav aria-label={text('nav.label')}>{links}</nav>
        </div>
      </header>
      <Offline />
      <SessionEnded logIn={logIn} />
      <Main>{children}</Main>
    </>
  );
}

/** A part of its own: the views around it are not made anew when the network goes and comes. */
function Offline() {
  return isOnline.value ? null : (
    <p class="band" role="status">
      {text('offline')}
    </p>
  );
}

function SessionEnded({ logIn }: { logIn: string }) {
  const { path } = useLocation();
  if (!isSessionEnded.value) return null;
  return (
    <p class="band" role="alert">
      {text('sessionEnded')}{' '}
      {path !== logIn && (
        <a href={`${logIn}?next=${encodeURIComponent(path)}`}>{text('nav.logIn')}</a>
      )}
    </p>
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
