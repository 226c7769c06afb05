// Begins the console.

import { render } from 'preact';
import '../shared/tokens.css';
import '../shared/base.css';
import '../shared/components.css';
import './console.css';
import { chooseLanguage } from '../shared/language.ts';
import { begin } from '../shared/server.ts';
import { Console } from './app.tsx';

await chooseLanguage();
begin();
render(<Console />, document.querySelector('#app')!);
