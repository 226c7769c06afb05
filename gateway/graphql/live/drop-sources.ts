// Sources of shared subscriptions on the channels of the hub: one drop, and the drops of a creator.

import type { Milestone } from '../../../actors/live-bus.ts';
import type { DropView } from '../../../contracts/drops.ts';
import type { DropFrameType } from '../../../contracts/live.ts';
import type { Outcome, RefusalCode } from '../../../contracts/refusals.ts';
import { refusal, success } from '../../../domain/refusal.ts';
import type { CreatorChannel } from '../../live/creator-channel.ts';
import type { DropChannel, DropSubscriber } from '../../live/drop-channel.ts';
import type { LiveContext } from '../../live/live-context.ts';
import type { DropSource, SharedStream } from './shared-stream.ts';

/** Live drops of a creator that a subscriber is shown first: the newest ones. */
const CREATOR_DROPS_MAX = 100;
/** Longer than a list lags. */
const RECENT_MS = 1_000;

export class OneDrop implements DropSource, DropSubscriber {
  readonly #context: LiveContext;
  readonly #dropId: string;
  #stream: SharedStream | null = null;
  #channel: DropChannel | null = null;

  constructor(context: LiveContext, dropId: string) {
    this.#context = context;
    this.#dropId = dropId;
  }

  open(stream: SharedStream): void {
    this.#stream = stream;
    this.#channel = this.#context.dropChannel(this.#dropId);
    this.#channel.join(this);
  }

  present(): Outcome<readonly DropView[]> {
    const { published } = this.#channel!;
    return this.#context.hidden.isHidden(published) ? refusal('not-found') : success([published]);
  }

  close(): void {
    this.#channel?.leave(this);
    this.#channel = null;
  }

  dropJoined(): void {
    this.#stream!.ready();
  }

  dropRefused(_channel: DropChannel, code: RefusalCode): void {
    this.#channel = null;
    this.#stream!.refused(code);
  }

  dropPublished(type: DropFrameType, view: DropView): void {
    this.#stream!.published({ type, view });
  }
}

export class CreatorDrops implements DropSource {
  readonly #context: LiveContext;
  readonly #creatorId: string;
  #channel: CreatorChannel | null = null;
  #listener: ((milestone: Milestone) => void) | null = null;
  /** By drop: the newest of the last second, which lists may not have yet (D4a). */
  readonly #recent = new Map<string, { readonly view: DropView; readonly at: number }>();

  constructor(context: LiveContext, creatorId: string) {
    this.#context = context;
    this.#creatorId = creatorId;
  }

  open(stream: SharedStream): void {
    this.#listener = ({ type, view }) => {
      this.#remember(view);
      stream.published({ type: `drop.${type}`, view });
    };
    this.#channel = this.#context.creatorChannel(this.#creatorId);
    this.#channel.listen(this.#listener);
    void this.#listen(stream);
  }

  /** What was published before the bus listens is among the drops that are read then (D4a). */
  async #listen(stream: SharedStream): Promise<void> {
    const { bus, clock, bounds } = this.#context;
    try {
      await bus.settled();
      await new Promise<void>((resolve) => clock.after(bounds.dropListLagMs, resolve));
      stream.ready();
    } catch {
      stream.refused('unavailable');
    }
  }

  async present(): Promise<Outcome<readonly DropView[]>> {
    const listed = await this.#context.call('catalogue.drops', {
      creatorId: this.#creatorId,
      status: 'live',
      page: { limit: CREATOR_DROPS_MAX, cursor: null },
    });
    if (!listed.ok) return listed;
    const views = new Map(listed.value.items.map((view) => [view.id, view]));
    for (const { view } of this.#recentOnes()) {
      const isNewer = view.version > (views.get(view.id)?.version ?? 0);
      if (isNewer && view.status === 'live') views.set(view.id, view);
      else if (isNewer) views.delete(view.id);
    }
    const { hidden } = this.#context;
    return success([...views.values()].filter((view) => !hidden.isHidden(view)));
  }

  #remember(view: DropView): void {
    this.#recent.delete(view.id);
    this.#recent.set(view.id, { view, at: this.#context.clock.monotonic() });
    if (this.#recent.size > CREATOR_DROPS_MAX)
      this.#recent.delete(this.#recent.keys().next().value!);
  }

  #recentOnes() {
    const since = this.#context.clock.monotonic() - RECENT_MS;
    for (const [id, { at }] of this.#recent) if (at < since) this.#recent.delete(id);
    return this.#recent.values();
  }

  close(): void {
    if (this.#listener !== null) this.#channel?.unlisten(this.#listener);
    this.#channel = null;
  }
}
