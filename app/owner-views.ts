// The present views of drops in lists. Owners are asked, but a list never waits for them for longer
// than `OWNER_WAIT_MAX_MS`: a drop whose owner does not answer, because its node is gone or its
// shard is stuck, is shown as it is stored, and with what is known of its age. Each drop is asked
// for once at a time, however many lists show it, and a list does not wait for an owner who has let
// another list wait already. So lists neither queue behind a lost node nor fill the router.

import type { Clock } from '../actors/clock.ts';
import type { CommandRouter } from '../actors/command-router.ts';
import type { DropView } from '../contracts/drops.ts';

/** For all owners of a page together. */
const OWNER_WAIT_MAX_MS = 250;
/** Drops being asked for. Past it a drop is shown as it is stored. */
const ASKS_MAX = 4_096;
/** Drops whose last answer is remembered, some 500 bytes each; the oldest are forgotten. */
const ANSWERS_MAX = 10_000;

export interface OwnerViewsOptions {
  readonly router: CommandRouter;
  readonly clock: Clock;
}

export interface ListedDrop {
  readonly view: DropView;
  /** The drop was so at this monotonic time, or later. Null: not known. */
  readonly asOf: number | null;
}

interface Ask {
  readonly askedAt: number;
  readonly answered: Promise<void>;
}

interface Answer {
  readonly view: DropView;
  readonly askedAt: number;
}

export class OwnerViews {
  readonly #router: CommandRouter;
  readonly #clock: Clock;
  readonly #asks = new Map<string, Ask>();
  /** The newest answered last. */
  readonly #answers = new Map<string, Answer>();

  constructor(options: OwnerViewsOptions) {
    this.#router = options.router;
    this.#clock = options.clock;
  }

  /** The monotonic time until which a list that begins now may wait for owners. */
  deadline(): number {
    return this.#clock.monotonic() + OWNER_WAIT_MAX_MS;
  }

  /** The rows as their owners have them, as far as those answer until the deadline. */
  async read(rows: readonly DropView[], deadline: number): Promise<ListedDrop[]> {
    const beganAt = this.#clock.monotonic();
    const answers: Promise<void>[] = [];
    for (const row of rows) {
      if (isFinal(row)) continue;
      const ask = this.#ask(row.id);
      if (ask !== null && beganAt < ask.askedAt + OWNER_WAIT_MAX_MS) answers.push(ask.answered);
    }
    if (answers.length > 0 && beganAt < deadline) await this.#wait(answers, deadline - beganAt);
    return rows.map((row) => this.#listed(row, beganAt));
  }

  async #wait(answers: readonly Promise<void>[], waitMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = this.#clock.after(waitMs, resolve);
      void Promise.all(answers).then(() => {
        timer.cancel();
        resolve();
      });
    });
  }

  /** Null where too many are asked for already. */
  #ask(dropId: string): Ask | null {
    const known = this.#asks.get(dropId);
    if (known !== undefined) return known;
    if (this.#asks.size >= ASKS_MAX) return null;
    const askedAt = this.#clock.monotonic();
    const answered = new Promise<void>((resolve) => {
      this.#router.submit(
        { type: 'get-drop', dropId },
        {
          complete: (reply) => {
            this.#asks.delete(dropId);
            if (reply.ok) this.#remember(reply.value as DropView, askedAt);
            resolve();
          },
        },
      );
    });
    const ask = { askedAt, answered };
    this.#asks.set(dropId, ask);
    return ask;
  }

  #remember(view: DropView, askedAt: number): void {
    this.#answers.delete(view.id);
    this.#answers.set(view.id, { view, askedAt });
    if (this.#answers.size <= ANSWERS_MAX) return;
    for (const oldest of this.#answers.keys()) {
      this.#answers.delete(oldest);
      return;
    }
  }

  /** The newer of the row and the last answer is as the drop was when that answer was asked for. */
  #listed(row: DropView, now: number): ListedDrop {
    if (isFinal(row)) return { view: row, asOf: now };
    const answer = this.#answers.get(row.id);
    if (answer === undefined) return { view: row, asOf: null };
    const view = answer.view.version >= row.version ? answer.view : row;
    return { view, asOf: answer.askedAt };
  }
}

/** Over and without open holds: only a refund can still change it, and the relay writes that. */
function isFinal({ status, held }: DropView): boolean {
  return (status === 'ended' || status === 'cancelled') && held === 0;
}
