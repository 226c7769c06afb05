// Waits until planned moves have ended, looking at the cluster again and again.

import { ApiError, MOVES_LISTED_MAX, type OperatorApi } from './api-client.ts';
import type { MoveEnd, MoveProgress } from './move-progress.ts';
import type { Pace } from './pace.ts';

export type MovesApi = Pick<OperatorApi, 'moves' | 'shards'>;

export interface FollowOptions {
  readonly api: MovesApi;
  readonly progress: MoveProgress;
  /** After which nobody waits any longer. */
  readonly timeoutMs: number;
  readonly pace: Pace;
  readonly onEnd: (end: MoveEnd) => void;
}

/** Between two looks: far more often, and many who wait would be told to be patient. */
export const LOOK_INTERVAL_MS = 500;

/** Resolves when all have ended, well or not, or time is up. */
export async function followMoves(options: FollowOptions): Promise<void> {
  const { api, progress, timeoutMs, pace, onEnd } = options;
  const deadline = pace.now() + timeoutMs;
  while (progress.openCount > 0) {
    const seen = await orNothing(Promise.all([api.moves(MOVES_LISTED_MAX), api.shards()]));
    if (seen !== null) for (const end of progress.look(...seen)) onEnd(end);
    if (progress.openCount === 0) return;
    if (pace.now() >= deadline) {
      const why = seen === null ? 'Nobody answers.' : `Not ended after ${timeoutMs / 1000} s.`;
      for (const end of progress.giveUp(why)) onEnd(end);
      return;
    }
    await pace.pause(LOOK_INTERVAL_MS);
  }
}

/** Null where waiting may help: nodes come and go while shards move. */
export async function orNothing<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ApiError && error.passing) return null;
    throw error;
  }
}
