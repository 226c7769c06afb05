// Reads of single drops (C2, C4): from the gateway's copies where those are fresh, else from the
// drop's actor, who is asked once however many read. That there is no such drop is remembered
// shortly: for less time than a change may take to be seen, since no message tells of new drops.

import { LRUCache } from 'lru-cache';
import type { CommandRouter } from '../../actors/command-router.ts';
import type { DropView } from '../../contracts/drops.ts';
import type { Outcome } from '../../contracts/refusals.ts';
import { refusal, success } from '../../domain/refusal.ts';
import type { DropViews } from '../drop-views.ts';
import type { CacheCounts, Served } from './read-cache.ts';

const MISS_MS = 200;
const MISSES_MAX = 10_000;
/** How long after an actor was asked others wait for the same reply. */
const JOIN_MS = 250;

const NO_DROP = refusal('not-found');

export interface DropCardsOptions {
  readonly views: DropViews;
  readonly router: CommandRouter;
  readonly monotonic: () => number;
}

export interface DropRead {
  readonly outcome: Outcome<DropView>;
  readonly served: Served;
}

interface Ask {
  readonly askedAt: number;
  readonly reply: Promise<Outcome<DropView>>;
}

export class DropCards {
  readonly #options: DropCardsOptions;
  /** By drop; not more than there are requests in flight. */
  readonly #asks = new Map<string, Ask>();
  /** When an actor was asked for a drop that there was not. */
  readonly #missing = new LRUCache<string, number>({ max: MISSES_MAX });
  #hits = 0;
  #misses = 0;
  #collapsed = 0;
  #faults = 0;

  constructor(options: DropCardsOptions) {
    this.#options = options;
  }

  /**
   * The drop's durable view: at most a second old, and not older than any reply of this gateway.
   * Where there is no such view, the actor's reply.
   */
  async read(dropId: string): Promise<DropRead> {
    const { views, monotonic } = this.#options;
    const view = views.fresh(dropId);
    const now = monotonic();
    if (view !== null || now - (this.#missing.get(dropId) ?? -Infinity) < MISS_MS) {
      this.#hits += 1;
      return { outcome: view === null ? NO_DROP : success(view), served: 'hit' };
    }
    const known = this.#asks.get(dropId);
    if (known === undefined || now - known.askedAt >= JOIN_MS) {
      this.#misses += 1;
      return { outcome: this.#newest(dropId, await this.#ask(dropId, now)), served: 'miss' };
    }
    const least = views.find(dropId)?.versionShown ?? 0;
    const reply = await known.reply;
    // The actor was asked before a reply of this gateway showed more.
    if (reply.ok && reply.value.version < least) return await this.read(dropId);
    this.#collapsed += 1;
    return { outcome: this.#newest(dropId, reply), served: 'collapsed' };
  }

  counts(): CacheCounts {
    const { views } = this.#options;
    return {
      entries: views.size,
      bytes: views.bytes,
      hits: this.#hits,
      misses: this.#misses,
      collapsed: this.#collapsed,
      stale: 0,
      faults: this.#faults,
      evictions: views.evictions,
    };
  }

  async #ask(dropId: string, askedAt: number): Promise<Outcome<DropView>> {
    const { views, router } = this.#options;
    const ask: Ask = { askedAt, reply: router.send({ type: 'get-drop', dropId }) };
    this.#asks.set(dropId, ask);
    const reply = await ask.reply;
    if (this.#asks.get(dropId) === ask) this.#asks.delete(dropId);
    if (reply.ok) views.accept(reply.value);
    else if (reply.code !== 'not-found') this.#faults += 1;
    else {
      views.forget(dropId);
      this.#missing.set(dropId, askedAt);
    }
    return reply;
  }

  /** What came over the bus meanwhile may be newer than the reply. */
  #newest(dropId: string, reply: Outcome<DropView>): Outcome<DropView> {
    const view = this.#options.views.fresh(dropId);
    return view !== null && reply.ok && view.version > reply.value.version ? success(view) : reply;
  }
}
