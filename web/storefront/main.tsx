// Begins the storefront.

import { render } from 'preact';
import '../shared/tokens.css';
import '../shared/base.css';
import '../shared/components.css';
import './storefront.css';
import { chooseLanguage } from '../shared/language.ts';
import { registerWorker } from '../shared/push.ts';
import { begin } from '../shared/server.ts';
import { App } from './app.tsx';
import { countUnread } from './unread.ts';

await chooseLanguage();
begin();
countUnread();
render(<App />, document.querySelector('#app')!);
// After the first view: it competes with nothing.
void registerWorker();
