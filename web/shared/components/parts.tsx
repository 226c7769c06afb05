// Small parts that every view is made of.

import type { ComponentChildren } from 'preact';
import type { Picture as PictureView } from '../../../sdk/api.ts';
import { text } from '../language.ts';
import type { Loaded } from '../loaded.ts';
import { faultText } from '../server.ts';

type Tone = 'plain' | 'live' | 'good' | 'warn' | 'bad';

export function Badge({ tone, children }: { tone: Tone; children: ComponentChildren }) {
  return <span class={`badge badge-${tone}`}>{children}</span>;
}

interface NoticeProps {
  readonly tone: Exclude<Tone, 'live'>;
  /** Read out as soon as it appears. */
  readonly isUrgent?: boolean;
  readonly children: ComponentChildren;
}

export function Notice({ tone, isUrgent = false, children }: NoticeProps) {
  return (
    <div class={`notice notice-${tone}`} role={isUrgent ? 'alert' : undefined}>
      {children}
    </div>
  );
}

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty stack">
      <h2>{title}</h2>
      {children}
    </div>
  );
}

interface ShownProps<T> {
  readonly from: Loaded<T>;
  /** Takes the place of what is not there yet. */
  readonly waiting: ComponentChildren;
  readonly children: (value: T) => ComponentChildren;
}

/** What was loaded, or why it was not, with a way to try again. */
export function Shown<T>({ from, waiting, children }: ShownProps<T>) {
  const state = from.state.value;
  if (state.is === 'ready') return <>{children(state.value)}</>;
  if (state.is === 'loading') {
    return (
      <div aria-busy="true">
        <span class="hidden">{text('loading')}</span>
        {waiting}
      </div>
    );
  }
  return (
    <div class="stack">
      <Notice tone="bad" isUrgent>
        {faultText(state.error)}
      </Notice>
      <button class="button" type="button" onClick={from.reload}>
        {text('again')}
      </button>
    </div>
  );
}

interface PictureProps {
  readonly of: PictureView | undefined;
  /** Of the thing: its first letter stands in for a picture. */
  readonly name: string;
  /** In the window from the first moment: it is loaded before others. */
  readonly isFirst?: boolean;
}

/** Decorative: the name always stands beside it. */
export function Picture({ of, name, isFirst = false }: PictureProps) {
  if (of === undefined) {
    return (
      <div class="picture picture-empty" style={{ '--hue': hueOf(name) }} aria-hidden="true">
        {firstLetter(name)}
      </div>
    );
  }
  return (
    <img
      class="picture"
      src={of.url}
      width={of.width}
      height={of.height}
      alt=""
      loading={isFirst ? 'eager' : 'lazy'}
      fetchpriority={isFirst ? 'high' : 'auto'}
      style={of.preview === undefined ? undefined : { backgroundImage: `url("${of.preview}")` }}
    />
  );
}

function firstLetter(name: string): string {
  const [first] = new Intl.Segmenter().segment(name.trim());
  return first?.segment.toLocaleUpperCase() ?? '·';
}

/** Degrees: the same for the same name. */
function hueOf(name: string): number {
  let hash = 0;
  for (let i = 0; i < name.length; i++) hash = (hash * 31 + name.charCodeAt(i)) % 360;
  return hash;
}

interface FieldProps {
  readonly name: string;
  readonly label: string;
  readonly type?: 'text' | 'email' | 'password';
  readonly autocomplete?: string;
  readonly hint?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly isRequired?: boolean;
}

export function Field(props: FieldProps) {
  const { name, label, hint, type = 'text', isRequired = true, ...input } = props;
  const hintId = hint === undefined ? undefined : `${name}-hint`;
  return (
    <div class="field">
      <label for={name}>{label}</label>
      <input
        class="input"
        id={name}
        name={name}
        required={isRequired}
        aria-describedby={hintId}
        {...input}
        {...({ type } as { type: 'text' })}
      />
      {hint !== undefined && (
        <span class="soft small" id={hintId}>
          {hint}
        </span>
      )}
    </div>
  );
}
