// Waits until planned moves have ended: polls the cluster and reports each end.

import { MOVES_LISTED_MAX, type OperatorApi } from './api-client.ts';
import { ApiError } from './api-error.ts';
import type { MoveEnd, MoveProgress } from './move-progress.ts';
import type { Pace } from './pace.ts';

export type MovesApi = Pick<OperatorApi, 'moves' | 'shards'>;

export interface FollowOptions {
  readonly api: MovesApi;
  readonly progress: MoveProgress;
  /** After this time the moves that are still open end as `unfinished`. */
  readonly timeoutMs: number;
  readonly pace: Pace;
  readonly onEnd: (end: MoveEnd) => void;
}

/** Polling much more often would exceed the rate limit when several commands wait at once. */
export const POLL_INTERVAL_MS = 500;

/** Resolves when every move has ended, with or without success, or when the time is up. */
export async function followMoves(options: FollowOptions): Promise<void> {
  const { api, progress, timeoutMs, pace, onEnd } = options;
  const deadline = pace.now() + timeoutMs;
  while (progress.openCount > 0) {
    const state = await nullIfTransient(Promise.all([api.moves(MOVES_LISTED_MAX), api.shards()]));
    if (state !== null) for (const end of progress.update(...state)) onEnd(end);
    if (progress.openCount === 0) return;
    if (pace.now() >= deadline) {
      const why = state === null ? 'No node answers.' : `Not ended after ${timeoutMs / 1000} s.`;
      for (const end of progress.endOpenMoves(why)) onEnd(end);
      return;
    }
    await pace.pause(POLL_INTERVAL_MS);
  }
}

/** Null after an error that may pass: nodes stop and start while shards move. */
export async function nullIfTransient<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ApiError && error.transient) return null;
    throw error;
  }
}
