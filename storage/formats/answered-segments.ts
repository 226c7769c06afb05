// Answered requests in snapshots and sealed drops (H11). They are numbered in order of time, and
// 256 of them are a segment. A full segment is a part that is written once, although its oldest
// requests may have ended since; the unfinished one goes with the rest of the drop.

import type { AnsweredRequest, AnsweredRequests } from '../../domain/answered-requests.ts';
import type { DropState } from '../../domain/drop-state.ts';
import type { DropView } from '../../contracts/drops.ts';
import type { OrderView } from '../../contracts/orders.ts';
import { type Stored, withOurNames, withStoredNames } from './amount-names.ts';

const SEGMENT_LENGTH = 256;

type Answer = DropView | OrderView;

export interface StoredAnswered {
  /** The number of the first one. */
  from: number;
  requests: [id: string, fingerprint: string, at: number, answer: Stored<Answer>][];
}

type Numbers = readonly [first: number, next: number];

export function numbersOf({ first, size }: AnsweredRequests): [number, number] {
  return [first, first + size];
}

/** The segments that are parts. */
export function fullSegments([first, next]: Numbers = [0, 0]): number[] {
  const begin = Math.floor(first / SEGMENT_LENGTH);
  const end = Math.floor(next / SEGMENT_LENGTH);
  return Array.from({ length: Math.max(0, end - begin) }, (_, i) => begin + i);
}

export function answeredSegment(answered: AnsweredRequests, segment: number): StoredAnswered {
  const begin = segment * SEGMENT_LENGTH;
  return stored(answered, begin, begin + SEGMENT_LENGTH);
}

/** The unfinished segment. */
export function lastAnswered(answered: AnsweredRequests): StoredAnswered {
  const [, next] = numbersOf(answered);
  return stored(answered, next - (next % SEGMENT_LENGTH), next);
}

function stored(answered: AnsweredRequests, begin: number, end: number): StoredAnswered {
  const requests = answered
    .slice(begin, end)
    .map(({ id, fingerprint, at, answer }): StoredAnswered['requests'][number] => {
      return [id, fingerprint, at, withStoredNames(answer)];
    });
  return { from: Math.max(begin, answered.first), requests };
}

/** Leaves out those that had ended when the head was written. */
export function adoptAnswered(
  state: DropState,
  { answered: [first] = [0, 0] }: { readonly answered?: Numbers },
  { from, requests }: StoredAnswered,
): void {
  const ended = Math.max(0, first - from);
  state.restoreAnswered(
    from + ended,
    requests.slice(ended).map(([id, fingerprint, at, answer]): AnsweredRequest => {
      return { id, fingerprint, at, answer: withOurNames<Answer>(answer) };
    }),
  );
}
