// Begins the studio.

import { render } from 'preact';
import '../shared/tokens.css';
import '../shared/base.css';
import '../shared/components.css';
import './studio.css';
import './charts/charts.css';
import './orders/orders.css';
import './schedule/schedule.css';
import './webhooks/webhooks.css';
import { chooseLanguage } from '../shared/language.ts';
import { begin } from '../shared/server.ts';
import { Studio } from './app.tsx';

await chooseLanguage();
begin();
render(<Studio />, document.querySelector('#app')!);
