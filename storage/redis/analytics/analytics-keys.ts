// The keys of analytics on Redis. All of them share one hash tag, so that sums and positions of all
// shards change in one step: they are a few kilobytes a second, whatever is sold. Part of the
// stored format.
//
// Sums of a subject are in hashes by piece of time, so that whole keys expire. A field is the start
// and the name: `1700000040000 orders`.

import { FINE_KEPT_MS, type Step, STEP_MS } from '../../ports/analytics.ts';

const TAG = '{analytics}';
/** Of the counted part; generations of the exact part are counted from 1. */
export const COUNTED = 0;

export const KEYS = {
  serving: `${TAG}:serving`,
  unfinished: `${TAG}:unfinished`,
  begun: `${TAG}:begun`,
  /** Generations whose keys are being removed. */
  leaving: `${TAG}:leaving`,
  gateways: `${TAG}:gateways`,
} as const;

/** Milliseconds of one hash of sums; all of time is one. */
const PIECE_MS: Readonly<Record<Exclude<Step, 'all'>, number>> = {
  second: STEP_MS.hour,
  minute: 24 * STEP_MS.hour,
  hour: 30 * 24 * STEP_MS.hour,
};

export function generationKeys(generation: number) {
  const prefix = `${TAG}:${generation}`;
  return {
    positions: `${prefix}:positions`,
    drops: `${prefix}:drops`,
    /** The names of the generation's other keys, but for those that expire by themselves. */
    register: `${prefix}:keys`,
    dropsOf: (creatorId: string) => `${prefix}:of:${creatorId}`,
    segments: (dropId: string) => `${prefix}:orders:${dropId}`,
  };
}

export function gatewayKeys(gateway: string) {
  return {
    flush: `${TAG}:flush:${gateway}`,
    watching: `${TAG}:watching:${gateway}`,
  };
}

export function sumsKey(part: number, subject: string, step: Step, start: number): string {
  const piece = step === 'all' ? 0 : Math.floor(start / PIECE_MS[step]);
  return `${TAG}:${part}:${step}:${piece}:${subject}`;
}

/** The starts of the pieces in which sums from `from` up to before `to` are. */
export function piecesOf(step: Step, from: number, to: number): number[] {
  if (step === 'all') return [0];
  const piece = PIECE_MS[step];
  const starts: number[] = [];
  for (let start = from - (from % piece); start < to; start += piece) starts.push(start);
  return starts;
}

/** When the hash with this sum ends, in seconds since the Unix epoch; 0: never. */
export function sumsEnd(step: Step, start: number): number {
  if (step === 'hour' || step === 'all') return 0;
  const piece = PIECE_MS[step];
  return Math.ceil((start - (start % piece) + piece + FINE_KEPT_MS) / 1_000);
}
