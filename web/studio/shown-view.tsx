// A whole view of what is loaded. Its own title is loaded too: until then it has one of its kind.

import type { ComponentChildren } from 'preact';
import { Shown } from '../shared/components/parts.tsx';
import type { Loaded } from '../shared/loaded.ts';

interface ShownViewProps<T> {
  readonly from: Loaded<T>;
  /** Until it is there, and where it cannot be read. */
  readonly title: string;
  readonly children: (value: T) => ComponentChildren;
}

export function ShownView<T>({ from, title, children }: ShownViewProps<T>) {
  if (from.state.value.is === 'ready') return <>{children(from.state.value.value)}</>;
  return (
    <div class="stack">
      <h1>{title}</h1>
      <Shown from={from} waiting={<div class="waiting studio-waiting" />}>
        {children}
      </Shown>
    </div>
  );
}
