// What long work on behalf of an operator is given: a way to say how far it is, and to learn that
// it must stop.

import type { RunProgress } from '../contracts/operator.ts';

export interface RunContext {
  /** Aborted: the work ends soon, and throws the signal's reason. */
  readonly signal: AbortSignal;
  /** Called very often, so it must be cheap. */
  readonly progress: (progress: RunProgress) => void;
}

/** For work that nobody watches and that is not stopped. */
export const UNWATCHED: RunContext = {
  signal: new AbortController().signal,
  progress: () => undefined,
};
