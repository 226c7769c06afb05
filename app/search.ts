// What a node with a search index answers (Q1 to Q5). Nodes without one ask it over the broker.

import type { Clock, Timer } from '../actors/clock.ts';
import type { ActionParams } from '../contracts/actions.ts';
import type { Outcome } from '../contracts/refusals.ts';
import type {
  FoundPage,
  OpenedResult,
  SearchItem,
  SearchLag,
  SearchNodeStatus,
  Suggested,
} from '../contracts/search.ts';
import { refusal, success } from '../domain/refusal.ts';
import type { Hideable, RestrictionSet } from '../events/restriction-set.ts';
import {
  IndexNotThereError,
  type SearchHit,
  type SearchKey,
  type SearchReader,
  type SearchStream,
  StreamExpiredError,
} from '../storage/ports/search-index.ts';

/** A stream that is not read for so long is closed. */
const STREAM_IDLE_MAX_MS = 30_000;
/** Neither in an id of a node nor in a cursor of an index. */
const SEPARATOR = '.';
/** Upper bounds of the buckets of durations. */
const BOUNDS_MS: readonly number[] = [1, 2.5, 5, 10, 20, 50, 100, 200, 500, 1_000, 5_000];

export interface SearchUseCasesOptions {
  readonly reader: SearchReader;
  readonly nodeId: string;
  /** Null where the index is not open. */
  readonly status: () => SearchNodeStatus | null;
  /** Makes the index anew, in the background. */
  readonly rebuild: () => void;
  /** What is taken down (A11): it is left out. */
  readonly hidden: Pick<RestrictionSet, 'isHidden'>;
  readonly clock: Clock;
}

interface OpenStream {
  readonly stream: SearchStream;
  idle: Timer;
}

export class SearchUseCases {
  readonly #options: SearchUseCasesOptions;
  readonly #streams = new Map<string, OpenStream>();
  readonly #counts = new Float64Array(BOUNDS_MS.length + 1);
  #streamsOpened = 0;
  #sumMs = 0;
  #waiting = 0;

  constructor(options: SearchUseCasesOptions) {
    this.#options = options;
  }

  /** Searches and suggestions that are not answered yet. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Of searches and suggestions since the start, their wait included. */
  durations(): { boundsMs: readonly number[]; counts: Float64Array; sumMs: number } {
    return { boundsMs: BOUNDS_MS, counts: this.#counts, sumMs: this.#sumMs };
  }

  /** Refuses `unavailable` where there is no index yet, as `suggest` and `open` do. */
  find(params: ActionParams<'search.find'>): Promise<Outcome<FoundPage>> {
    return whereIndexed(() => this.#find(params));
  }

  suggest(params: ActionParams<'search.suggest'>): Promise<Outcome<Suggested>> {
    return whereIndexed(() => this.#suggest(params));
  }

  open(params: ActionParams<'search.open'>): Promise<Outcome<OpenedResult>> {
    return whereIndexed(() => this.#open(params));
  }

  async #find({
    filter,
    page,
    withCounts,
    withExplanations,
  }: ActionParams<'search.find'>): Promise<Outcome<FoundPage>> {
    const { nodeId } = this.#options;
    const cursor = page.cursor === null ? null : cursorOfNode(page.cursor).cursor;
    const request = { ...filter, page: { ...page, cursor }, withCounts, withExplanations };
    const found = await this.#measured(() => this.#options.reader.search(request));
    const { hits, nextCursor, counts, corrections } = found;
    const result = {
      items: hits.filter((hit) => this.#isShown(hit)).map(itemOf),
      nextCursor: nextCursor && `${nodeId}${SEPARATOR}${nextCursor}`,
      counts: counts && [...counts],
      corrections: [...corrections],
    };
    return success({ ...this.#lag(), result });
  }

  async #suggest({
    text,
    type,
    limit,
  }: ActionParams<'search.suggest'>): Promise<Outcome<Suggested>> {
    const { reader, hidden } = this.#options;
    const items = await this.#measured(() => reader.suggest(text, type ?? null, limit));
    const shown = items.filter((item) => !hidden.isHidden(hideableOf(item)));
    return success({ ...this.#lag(), items: shown });
  }

  async #open({ filter }: ActionParams<'search.open'>): Promise<Outcome<OpenedResult>> {
    const { reader, nodeId } = this.#options;
    const stream = await reader.stream(filter);
    if (stream === null) return refusal('overloaded', 'Too many results are being read.');
    this.#streamsOpened += 1;
    const streamId = String(this.#streamsOpened);
    this.#streams.set(streamId, { stream, idle: this.#closeWhenIdle(streamId) });
    return success({ ...this.#lag(), nodeId, streamId });
  }

  /**
   * Null at the end. Refuses `not-found` for a stream that is closed, and `overloaded` where it was
   * read too slowly.
   */
  async read({
    streamId,
  }: ActionParams<'search.read'>): Promise<Outcome<readonly SearchItem[] | null>> {
    const opened = this.#streams.get(streamId);
    if (opened === undefined) return refusal('not-found', 'The result is closed.');
    opened.idle.cancel();
    opened.idle = this.#closeWhenIdle(streamId);
    let hits: readonly SearchHit[] | null;
    try {
      hits = await opened.stream.next();
    } catch (error) {
      await this.#close(streamId);
      if (!(error instanceof StreamExpiredError)) throw error;
      return refusal('overloaded', `The result was read too slowly: ${error.message}.`);
    }
    if (hits !== null) return success(hits.filter((hit) => this.#isShown(hit)).map(itemOf));
    await this.#close(streamId);
    return success(null);
  }

  async close({ streamId }: ActionParams<'search.close'>): Promise<Outcome<null>> {
    await this.#close(streamId);
    return success(null);
  }

  async status(): Promise<Outcome<SearchNodeStatus>> {
    const status = this.#options.status();
    return status === null ? refusal('unavailable') : success(status);
  }

  async rebuild(): Promise<Outcome<null>> {
    const status = this.#options.status();
    if (status === null) return refusal('unavailable');
    if (status.rebuild !== null) return refusal('already-running', 'The index is being made anew.');
    this.#options.rebuild();
    return success(null);
  }

  /** Closes the streams that are open. */
  async stop(): Promise<void> {
    await Promise.all([...this.#streams.keys()].map((streamId) => this.#close(streamId)));
  }

  /**
   * Hits alone are left out: counts have what is hidden, and suggestions the names of what belongs
   * to it.
   */
  #isShown({ document: { type, id, productId, creatorId } }: SearchHit): boolean {
    const { hidden } = this.#options;
    if (type === 'drop')
      return !hidden.isHidden({ id, creatorId, ...(productId !== null && { productId }) });
    return !hidden.isHidden(type === 'product' ? { productId: id, creatorId } : { creatorId });
  }

  #lag(): SearchLag {
    const status = this.#options.status();
    return { lagMs: status === null || status.isBuilding ? null : status.lagMs };
  }

  #closeWhenIdle(streamId: string): Timer {
    return this.#options.clock.after(STREAM_IDLE_MAX_MS, () => void this.#close(streamId));
  }

  async #close(streamId: string): Promise<void> {
    const opened = this.#streams.get(streamId);
    if (opened === undefined) return;
    this.#streams.delete(streamId);
    opened.idle.cancel();
    await opened.stream.close();
  }

  async #measured<T>(ask: () => Promise<T>): Promise<T> {
    const { clock } = this.#options;
    const startedAt = clock.monotonic();
    this.#waiting += 1;
    try {
      return await ask();
    } finally {
      this.#waiting -= 1;
      const durationMs = clock.monotonic() - startedAt;
      const bucket = BOUNDS_MS.findIndex((boundMs) => durationMs <= boundMs);
      this.#counts[bucket < 0 ? BOUNDS_MS.length : bucket]! += 1;
      this.#sumMs += durationMs;
    }
  }
}

async function whereIndexed<T>(ask: () => Promise<Outcome<T>>): Promise<Outcome<T>> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof IndexNotThereError)) throw error;
    return refusal('unavailable', 'There is no search index yet.');
  }
}

/**
 * Indexes of different nodes have their documents in different places, so a cursor names the node
 * it is of. Another node takes it, too, and may then show a hit twice or leave one out.
 */
export function cursorOfNode(text: string): { nodeId: string; cursor: string } {
  const at = text.indexOf(SEPARATOR);
  return { nodeId: text.slice(0, Math.max(at, 0)), cursor: text.slice(at + 1) };
}

/** Of a suggestion only its own id is known. */
function hideableOf({ type, id }: SearchKey): Hideable {
  if (type === 'creator') return { creatorId: id };
  return type === 'product' ? { productId: id, creatorId: '' } : { id, creatorId: '' };
}

function itemOf({ document, name, creatorName, description, explanation }: SearchHit): SearchItem {
  const { type, id, creatorId, productId, status, amount, currency, startsAt, createdAt } =
    document;
  return {
    type,
    id,
    name: document.name,
    creatorId,
    creatorName: document.creatorName,
    productId,
    status,
    unitAmount: amount,
    currency,
    startsAt,
    createdAt,
    highlights: {
      name: [...name],
      creatorName: [...creatorName],
      description: [...description],
    },
    explanation: explanation && { ...explanation, words: [...explanation.words] },
  };
}
