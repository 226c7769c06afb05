// A whole view of what is loaded. Its own heading is loaded too: until then it has one of its kind.

import type { ComponentChildren } from 'preact';
import type { Loaded } from '../loaded.ts';
import { Shown } from './parts.tsx';

interface ShownViewProps<T> {
  readonly from: Loaded<T>;
  /** Said while it is loaded, and shown where it cannot be. */
  readonly title: string;
  /** Takes the place of what is not there yet. */
  readonly waiting: ComponentChildren;
  readonly children: (value: T) => ComponentChildren;
}

export function ShownView<T>({ from, title, ...shown }: ShownViewProps<T>) {
  const { is } = from.state.value;
  if (is === 'ready') return <Shown from={from} {...shown} />;
  return (
    <div class="stack">
      <h1 class={is === 'loading' ? 'hidden' : undefined}>{title}</h1>
      <Shown from={from} {...shown} />
    </div>
  );
}
