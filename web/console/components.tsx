// All components of `web/shared/` in all of their states, for whoever changes one. It reads nothing
// from the server, and needs no log-in.

import { type Signal, signal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { DataTable } from '../shared/components/data-table.tsx';
import { Fault } from '../shared/components/fault.tsx';
import { PagedList } from '../shared/components/paged-list.tsx';
import { Badge, Empty, Field, Notice, Picture, Shown } from '../shared/components/parts.tsx';
import { text } from '../shared/language.ts';
import type { Loaded } from '../shared/loaded.ts';
import type { Paged } from '../shared/paged.ts';
import { Action } from './action.tsx';
import { consoleText } from './texts.ts';
import { useTitle } from './title.ts';

const TONES = ['plain', 'live', 'good', 'warn', 'bad'] as const;
const NOTICES = ['plain', 'good', 'warn', 'bad'] as const;
const SIZES = ['xl', 'l', 'm', 's'] as const;
const COLOURS = [
  'ground',
  'surface',
  'sunken',
  'ink',
  'ink-soft',
  'line',
  'line-strong',
  'accent',
  'accent-soft',
  'good',
  'good-soft',
  'warn',
  'warn-soft',
  'bad',
  'bad-soft',
  'focus',
] as const;
const NAMES = ['Lamp', 'Bowl', 'Ünlü'] as const;

function ignore(): void {
  // Nothing is done here.
}

function loaded<T>(value: Loaded<T>['state']['value']): Loaded<T> {
  return { state: signal(value), reload: ignore };
}

const LOADING = loaded<string>({ is: 'loading' });
const FAILED = loaded<string>({ is: 'failed', error: new Error('504 Gateway Timeout') });
const READY = loaded<string>({ is: 'ready', value: '42' });

interface NamesPage {
  readonly items: readonly string[];
  readonly nextCursor: string | null;
}

const PAGED: Paged<NamesPage> = {
  first: loaded<NamesPage>({ is: 'ready', value: { items: NAMES, nextCursor: 'next' } }),
  rest: signal(null),
  working: { isBusy: signal(false), fault: signal(null), run: ignore },
  showMore: ignore,
};
const FAULT: Signal<string | null> = signal('503');

export function Components() {
  useTitle(consoleText('components.title'));
  return (
    <div class="stack stack-l">
      <h1>{consoleText('components.title')}</h1>
      <Part name="Tokens">
        <ul class="console-swatches" role="list">
          {COLOURS.map((name) => (
            <li key={name}>
              <span class="console-swatch" style={{ background: `var(--${name})` }} />
              <code class="small">{name}</code>
            </li>
          ))}
        </ul>
        {SIZES.map((size) => (
          <p key={size} style={{ fontSize: `var(--size-${size})` }}>
            size-{size}: 0123456789 {text('home.live')}
          </p>
        ))}
      </Part>
      <Part name="button">
        {['', 'button-main', 'button-plain'].map((kind) => (
          <p class="row" key={kind}>
            <button class={`button ${kind}`} type="button">
              {text('again')}
            </button>
            <button class={`button ${kind}`} type="button" disabled>
              {text('again')}
            </button>
            <code class="small">{kind === '' ? 'button' : kind}</code>
          </p>
        ))}
        <button class="button button-main button-large" type="button">
          {text('again')}
        </button>
      </Part>
      <Part name="Badge">
        <p class="row">
          {TONES.map((tone) => (
            <Badge key={tone} tone={tone}>
              {tone}
            </Badge>
          ))}
          <span class="count">3</span>
        </p>
      </Part>
      <Part name="Notice, Fault">
        {NOTICES.map((tone) => (
          <Notice key={tone} tone={tone}>
            {tone}: {text('home.nothingLive')}
          </Notice>
        ))}
        <Fault of={FAULT} />
      </Part>
      <Part name="Field">
        <Field name="plain-field" label={text('search.field')} isRequired={false} />
        <Field name="hint-field" label={text('logIn.email')} hint={text('register.hint')} />
        <div class="field">
          <label for="invalid-field">{text('account.password.title')}</label>
          <input class="input" id="invalid-field" aria-invalid="true" value="abc" />
        </div>
        <div class="field">
          <label for="disabled-field">{text('order.number')}</label>
          <input class="input" id="disabled-field" disabled value="o_1" />
        </div>
      </Part>
      <Part name="Picture">
        <div class="console-pictures">
          {NAMES.map((name) => (
            <Picture key={name} of={undefined} name={name} />
          ))}
        </div>
      </Part>
      <Part name="meter, waiting">
        {[0, 0.35, 1].map((share) => (
          <div class="meter" key={share}>
            <span style={{ transform: `scaleX(${share})` }} />
          </div>
        ))}
        <div class="waiting console-waiting" />
      </Part>
      <Part name="Shown">
        {[LOADING, FAILED, READY].map((state, index) => (
          <div class="panel" key={index}>
            <Shown from={state} waiting={<div class="waiting">0</div>}>
              {(value) => <p>{value}</p>}
            </Shown>
          </div>
        ))}
      </Part>
      <Part name="Empty, PagedList">
        <Empty title={text('orders.empty.title')}>
          <p>{text('orders.empty.text')}</p>
        </Empty>
        <PagedList of={PAGED} waiting={null} empty={null}>
          {(items) => (
            <ul>
              {items.map((item) => (
                <li key={item}>{item}</li>
              ))}
            </ul>
          )}
        </PagedList>
      </Part>
      <Part name="DataTable, Action">
        <DataTable label="DataTable" heads={[text('order.number'), text('order.price')]}>
          {NAMES.map((name, index) => (
            <tr key={name}>
              <td>{name}</td>
              <td class="number">{index}</td>
            </tr>
          ))}
        </DataTable>
        <Action
          label={text('again')}
          command="verify"
          target="verify"
          run={async () => consoleText('act.done')}
        />
      </Part>
    </div>
  );
}

function Part({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <section class="stack">
      <h2>{name}</h2>
      {children}
    </section>
  );
}
