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

interface EmptyProps {
  readonly title: string;
  /** All of a view. */
  readonly isView?: boolean;
  readonly children?: ComponentChildren;
}

export function Empty({ title, isView = false, children }: EmptyProps) {
  return (
    <div class="empty stack">
      {isView ? <h1>{title}</h1> : <h2>{title}</h2>}
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

/**
 * How wide a picture is shown, for the browser's choice: of a card, and of a page's own picture.
 */
const CARD_SIZES = '(max-width: 30rem) 92vw, 17rem';
const PAGE_SIZES = '(max-width: 50rem) 92vw, 37rem';
/** In pixels. */
const SMALLER_WIDTHS = [160, 320];

interface PictureProps {
  readonly of: PictureView | undefined;
  /** Of the thing: its first letter stands in for a picture. */
  readonly name: string;
  /**
   * `first`: the largest thing in the window, which is loaded before all others. `early`: in the
   * window from the first moment where it is wide. Others are loaded when they come near.
   */
  readonly turn?: 'first' | 'early' | undefined;
  /** It is the page's own. */
  readonly isLarge?: boolean;
}

/** Decorative: the name always stands beside it. */
export function Picture({ of, name, turn, isLarge = false }: PictureProps) {
  if (of === undefined) {
    return (
      <div class="picture picture-empty" style={{ '--hue': hueOf(name) }} aria-hidden="true">
        {firstLetter(name)}
      </div>
    );
  }
  const small = smallSources(of);
  return (
    <picture>
      {small !== null && (
        <source type="image/avif" srcset={small} sizes={isLarge ? PAGE_SIZES : CARD_SIZES} />
      )}
      <img
        class="picture"
        src={of.url}
        width={of.width}
        height={of.height}
        alt=""
        loading={turn === undefined ? 'lazy' : 'eager'}
        fetchpriority={turn === 'first' ? 'high' : 'auto'}
        style={of.preview === undefined ? undefined : { backgroundImage: `url("${of.preview}")` }}
      />
    </picture>
  );
}

/** In AVIF, and narrower ones: they stand beside the URL (docs/MEDIA.md), unless it is signed. */
function smallSources({ url, width }: PictureView): string | null {
  const [, base = '', name, recipe = ''] = /^(.+\/w)(\d+)(-\d+)\.(?:jpg|png)$/.exec(url) ?? [];
  if (name === undefined) return null;
  return [
    ...SMALLER_WIDTHS.filter((one) => one < Number(name)).map(
      (one) => `${base}${one}${recipe}.avif ${one}w`,
    ),
    `${base}${name}${recipe}.avif ${width}w`,
  ].join();
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
