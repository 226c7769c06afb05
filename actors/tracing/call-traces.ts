// The trace contexts of the commands of one call to an owner, as one text: a `traceparent` of fixed
// width for each command, and blanks for a command without one. It travels beside the commands;
// nodes that do not trace, or are of an earlier version, pass over it.

import { markIn } from './chosen-traces.ts';
import { saysSampled, TRACEPARENT_LENGTH } from './trace-context.ts';

const NONE = ' '.repeat(TRACEPARENT_LENGTH);

/** What an owner knows of the traces of one call's commands. */
export interface CallTraces {
  /** As `joinTraces` made it. */
  readonly joined: string;
  /** When the call came, monotonic. */
  readonly receivedAt: number;
}

/** Undefined where no command has a trace. */
export function joinTraces(
  traced: readonly ({ readonly traceparent?: string | undefined } | null)[],
): string | undefined {
  const texts: string[] = [];
  let count = 0;
  for (const one of traced) {
    const traceparent = one?.traceparent;
    if (traceparent !== undefined) count += 1;
    texts.push(traceparent ?? NONE);
  }
  // One flat text: it is held for seconds, and a tree of small ones would cost as many objects.
  return count === 0 ? undefined : texts.join('');
}

/** Whether a command has a trace that its ratio chose. */
export function isCommandSampled(joined: string, index: number): boolean {
  return saysSampled(joined, index * TRACEPARENT_LENGTH);
}

/** The mark of a command's trace; of no trace where it has none. */
export function markOfCommand(joined: string, index: number): number {
  return markIn(joined, index * TRACEPARENT_LENGTH);
}

/** The `traceparent` of a command; empty where it has none. */
export function traceOfCommand(joined: string, index: number): string {
  const at = index * TRACEPARENT_LENGTH;
  if (joined.charCodeAt(at) === 32) return '';
  return joined.slice(at, at + TRACEPARENT_LENGTH);
}
