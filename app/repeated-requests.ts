// What a use case does with a request that carries an Idempotency-Key (H11). Where the effect is in
// a store, the store keeps the answer in the same step, and only its outcome is made here. An
// effect outside the stores has its target noted first, so that a repeat can never hit another one.

import type { Outcome } from '../contracts/refusals.ts';
import type { KeyedRequest } from '../contracts/requests.ts';
import { refusal, success } from '../domain/refusal.ts';
import type { FeatureLevels } from '../storage/ports/feature-level.ts';
import type { Answered, RequestLog } from '../storage/ports/requests.ts';

const TOO_MANY = 'Too many requests with keys are remembered; without a key it is not refused.';
const UNKNOWN =
  'An older version began this and kept no answer: look whether it is done, and take another key.';
/** Nodes below it kept these answers behind the effect, where a crash could lose them. */
const ONCE_LEVEL = 4;

/**
 * A value that is kept as text: the answer; or the target of an effect outside the stores. `by` is
 * of versions below `ONCE_LEVEL`: who tried.
 */
type Note =
  | { readonly answer: unknown }
  | { readonly target: string }
  | { readonly by: string; readonly until: number };

export function outcomeOf<T>(answered: Answered<T>): Outcome<T> {
  switch (answered.result) {
    case 'new':
      return success(answered.value);
    case 'repeated':
      return { ok: true, value: answered.value, replayed: true };
    case 'reused':
      return refusal('idempotency-key-reused');
    case 'no-room': {
      const { ofCaller, retryAfterMs } = answered;
      return { ...refusal(ofCaller ? 'rate-limited' : 'overloaded', TOO_MANY), retryAfterMs };
    }
  }
}

/** The text to keep for an answer, which must be plain data. */
export function answerText(answer: unknown): string {
  return JSON.stringify({ answer } satisfies Note);
}

/** Of an answer kept by `answerText`. */
export function answerOf<T>(answered: Answered<string>): Outcome<T> {
  const outcome = outcomeOf(answered);
  if (!outcome.ok) return outcome;
  const note = JSON.parse(outcome.value) as Note;
  return 'answer' in note
    ? { ...outcome, value: note.answer as T }
    : refusal('request-in-progress', UNKNOWN);
}

/** Null: nothing is kept for the request, or it has no key. */
export async function findAnswer<T>(
  requests: Pick<RequestLog, 'find'>,
  request: KeyedRequest | undefined,
): Promise<Outcome<T> | null> {
  const kept = request === undefined ? null : await requests.find(request);
  return kept === null ? null : answerOf<T>(kept);
}

/** Keeps an answer where nothing was to be changed, so that a repeat changes nothing either. */
export async function keepAnswer<T>(
  requests: Pick<RequestLog, 'keep'>,
  request: KeyedRequest | undefined,
  answer: T,
): Promise<Outcome<T>> {
  if (request === undefined) return success(answer);
  return answerOf<T>(await requests.keep(request, answerText(answer)));
}

/** A store whose compare-and-set keeps answers. */
export interface AnsweringStore<T> {
  replace(after: T): Promise<boolean>;
  replaceOnce(request: KeyedRequest, after: T, answer: string): Promise<Answered<string | null>>;
}

/** Null: the stored one has changed meanwhile. */
export async function replaceOnce<T, A>(
  store: AnsweringStore<T>,
  request: KeyedRequest | undefined,
  after: T,
  answer: A,
): Promise<Outcome<A> | null> {
  if (request === undefined) return (await store.replace(after)) ? success(answer) : null;
  const answered = await store.replaceOnce(request, after, answerText(answer));
  if (answered.result === 'new' && answered.value === null) return null;
  return answerOf<A>(answered as Answered<string>);
}

/**
 * For an effect outside the stores: the same target for every try of a request, durable before the
 * first try begins. `replayed` says that an earlier try noted it.
 */
export async function targetOf(
  requests: RequestLog,
  request: KeyedRequest | undefined,
  find: () => Promise<Outcome<string>>,
): Promise<Outcome<string>> {
  if (request === undefined) return await find();
  const before = await requests.find(request);
  const found = before === null ? await find() : null;
  if (found?.ok === false) return found;
  const kept = before ?? (await requests.keep(request, targetText(found!.value)));
  const outcome = outcomeOf(kept);
  if (!outcome.ok) return outcome;
  const note = JSON.parse(outcome.value) as Note;
  return 'target' in note
    ? { ...outcome, value: note.target }
    : refusal('request-in-progress', UNKNOWN);
}

/** The target turned out not to be there: a further try may find another one. */
export async function forgetTarget(
  requests: RequestLog,
  request: KeyedRequest | undefined,
  target: string,
): Promise<void> {
  if (request !== undefined) await requests.remove(request, targetText(target));
}

function targetText(target: string): string {
  return JSON.stringify({ target } satisfies Note);
}

export interface OnceOptions {
  readonly requests: RequestLog;
  /** Of the store. */
  readonly levels: Pick<FeatureLevels, 'reached'>;
}

/**
 * Does the work of a request that was not answered before. Versions below `ONCE_LEVEL` kept all
 * answers in `requests`; while such a node lives, a request with a key is `unavailable`, since that
 * node would not find what is kept elsewhere.
 */
export async function unlessAnswered<T>(
  { requests, levels }: OnceOptions,
  request: KeyedRequest | undefined,
  work: () => Promise<Outcome<T>>,
): Promise<Outcome<T>> {
  if (request === undefined) return await work();
  if (levels.reached() < ONCE_LEVEL) return refusal('unavailable');
  const kept = await requests.find(request);
  const isTarget = kept?.result === 'repeated' && 'target' in (JSON.parse(kept.value) as Note);
  return kept === null || isTarget ? await work() : answerOf<T>(kept);
}
