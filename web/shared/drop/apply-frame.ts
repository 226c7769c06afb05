// A drop after a frame of its live stream. A frame has the whole state: what is optional and not in
// it, such as `paused`, is over.

import type { Drop, DropFrame } from '../types.ts';

type Frame = Pick<DropFrame, 'version' | 'data'>;

/** What a frame has only where it holds. */
const OPTIONAL = [
  'access',
  'earlyAccessSeconds',
  'paused',
  'pausedAt',
  'pauseReason',
  'holdsPaused',
] as const satisfies readonly (keyof Drop & keyof DropFrame['data'])[];

/** The same drop where the frame is older than what is known. */
export function applyFrame(drop: Drop, { version, data }: Frame): Drop {
  if (version < drop.version) return drop;
  const rest: { -readonly [K in keyof Drop]: Drop[K] } = { ...drop };
  for (const name of OPTIONAL) delete rest[name];
  return { ...rest, ...data, revision: data.revision ?? drop.revision, version };
}
