// Begins the storefront.

import { effect } from '@preact/signals';
import { render } from 'preact';
import '../shared/tokens.css';
import '../shared/base.css';
import '../shared/components.css';
import './storefront.css';
import { chooseLanguage } from '../shared/language.ts';
import { keepPush, registerWorker } from '../shared/push.ts';
import { begin, user } from '../shared/server.ts';
import { App } from './app.tsx';
import { countUnread } from './unread.ts';

await chooseLanguage();
begin();
countUnread();
render(<App />, document.querySelector('#app')!);
// After the first view: it competes with nothing.
await registerWorker();
effect(() => {
  // Where it fails the browser hears nothing until the next log-in or visit.
  if (user.value !== null) keepPush().catch(() => undefined);
});
