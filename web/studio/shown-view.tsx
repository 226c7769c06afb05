// A whole view of the studio that is loaded.

import type { ComponentChildren } from 'preact';
import { ShownView as SharedView } from '../shared/components/shown-view.tsx';
import type { Loaded } from '../shared/loaded.ts';

interface ShownViewProps<T> {
  readonly from: Loaded<T>;
  /** Until it is there, and where it cannot be read. */
  readonly title: string;
  readonly children: (value: T) => ComponentChildren;
}

export function ShownView<T>(props: ShownViewProps<T>) {
  return <SharedView {...props} waiting={<div class="waiting studio-waiting" />} />;
}
