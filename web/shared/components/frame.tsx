// What every app has around its views: the way past the head, the head, whether the device is
// offline, and the main part, which takes the focus when another view is opened.

import type { ComponentChildren } from 'preact';
import { useLocation } from 'preact-iso';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
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
  /** Of the button that opens the navigation in narrow windows; absent: it always stands there. */
  readonly menu?: ComponentChildren;
  readonly children: ComponentChildren;
}

export function Frame({ name, home, logIn, links, menu, children }: FrameProps) {
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
          {menu === undefined ? (
            <nav aria-label={text('nav.label')}>{links}</nav>
          ) : (
            <Menu name={menu} links={links} />
          )}
        </div>
      </header>
      <Offline />
      <SessionEnded logIn={logIn} />
      <Main>{children}</Main>
    </>
  );
}

/** Wide windows have the links alone. It closes when another view is opened, and by Escape. */
function Menu({ name, links }: { name: ComponentChildren; links: ComponentChildren }) {
  const [isOpen, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();
  const { path } = useLocation();
  useEffect(() => setOpen(false), [path]);
  return (
    <>
      <button
        class="button menu-button"
        type="button"
        ref={button}
        aria-expanded={isOpen}
        aria-controls={id}
        onClick={() => setOpen(!isOpen)}
      >
        {name}
      </button>
      <nav
        class={isOpen ? 'menu menu-open' : 'menu'}
        id={id}
        aria-label={text('nav.label')}
        onKeyDown={({ key }) => {
          if (key !== 'Escape' || !isOpen) return;
          button.current?.focus();
          setOpen(false);
        }}
      >
        {links}
      </nav>
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
