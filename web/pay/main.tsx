// Begins the page on which an order is paid.

import { render } from 'preact';
import '../shared/tokens.css';
import '../shared/base.css';
import '../shared/components.css';
import '../storefront/storefront.css';
import { chooseLanguage } from '../shared/language.ts';
import { begin } from '../shared/server.ts';
import { App } from './app.tsx';

await chooseLanguage();
begin();
render(<App />, document.querySelector('#app')!);
