// A view of something polled: nothing yet, what there is, and how old it is where reads fail.

import type { ComponentChildren } from 'preact';
import { Notice } from '../shared/components/parts.tsx';
import { text } from '../shared/language.ts';
import type { Polled } from './polled.ts';
import { consoleText } from './texts.ts';

interface PolledViewProps<T> {
  readonly of: Polled<T>;
  readonly children: (value: T) => ComponentChildren;
}

export function PolledView<T>({ of: { value, fault, ageMs }, children }: PolledViewProps<T>) {
  const shown = value.value;
  return (
    <>
      {fault.value !== null && (
        <Notice tone="bad" isUrgent={shown === null}>
          {shown === null
            ? fault.value
            : consoleText('stale', {
                seconds: Math.round(ageMs.value / 1_000),
                reason: fault.value,
              })}
        </Notice>
      )}
      {shown === null && fault.value === null && (
        <div class="waiting console-waiting" aria-busy="true">
          {text('loading')}
        </div>
      )}
      {shown !== null && children(shown)}
    </>
  );
}
