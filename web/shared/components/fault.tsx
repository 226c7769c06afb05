// What went wrong with the last press, read out as it appears.

import type { ReadonlySignal } from '@preact/signals';
import { Notice } from './parts.tsx';

export function Fault({ of }: { of: ReadonlySignal<string | null> }) {
  return of.value === null ? null : (
    <Notice tone="bad" isUrgent>
      {of.value}
    </Notice>
  );
}
