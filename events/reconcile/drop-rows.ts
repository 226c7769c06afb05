// Compares drops' rows in the catalogue with what their owners say, and mends those that differ
// (L3). Of a drop that is live or upcoming the row has the terms, and stock as it was last written:
// only the terms are compared. A row follows its drop a moment later, so one that differs is looked
// at again. A row that does not differ is put once more, for what the change stream has of it
// (decision 081): on Redis that is stored beside the row, and a failover may have lost it alone.
// Where units sold are too old to say how popular the drop is, the view is put in its place.

import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../../actors/clock.ts';
import type { CommandRouter } from '../../actors/command-router.ts';
import type { DropView } from '../../contracts/drops.ts';
import type { Catalogue } from '../../storage/ports/catalogue.ts';
import type { DropOrders } from '../../storage/ports/read-models.ts';
import { soldStep } from '../../storage/rows/drop-summary.ts';
import type { ReconcileRun } from './reconciler.ts';

/** Rows follow their drops within a second (D4). */
const LAG_MS = 2_000;
/** Drops that are looked at again together. */
const DOUBTFUL_MAX = 1_024;

export interface DropRowsOptions {
  readonly catalogue: Catalogue;
  readonly router: CommandRouter;
  readonly clock: Clock;
}

export class DropRows {
  readonly #options: DropRowsOptions;

  constructor(options: DropRowsOptions) {
    this.#options = options;
  }

  /** The ids of the drops whose rows differed, and are mended. Errors: `store-unavailable`. */
  async mend(
    drops: Iterable<DropOrders>,
    run: Pick<ReconcileRun, 'pause' | 'signal'>,
  ): Promise<string[]> {
    const mended: string[] = [];
    let doubtful: string[] = [];
    for (const { dropId } of drops) {
      run.signal.throwIfAborted();
      await run.pause();
      if ((await this.#difference(dropId)) !== null) doubtful.push(dropId);
      if (doubtful.length < DOUBTFUL_MAX) continue;
      mended.push(...(await this.#lookAgain(doubtful)));
      doubtful = [];
    }
    mended.push(...(await this.#lookAgain(doubtful)));
    return mended;
  }

  async #lookAgain(doubtful: readonly string[]): Promise<string[]> {
    if (doubtful.length === 0) return [];
    const { catalogue, clock } = this.#options;
    await new Promise<void>((resolve) => void clock.after(LAG_MS, resolve));
    const mended: string[] = [];
    for (const dropId of doubtful) {
      const found = await this.#difference(dropId);
      if (found === null) continue;
      const { row, view } = found;
      if (row === null || row.version < view.version) await catalogue.putDrops([view]);
      else if (!(await catalogue.replaceDrop(view, row.version))) continue;
      mended.push(dropId);
    }
    return mended;
  }

  /** Null where the row is right, or where no owner answers now. */
  async #difference(dropId: string): Promise<{ row: DropView | null; view: DropView } | null> {
    const { catalogue, router } = this.#options;
    const row = await catalogue.findDrop(dropId);
    const reply = await router.send({ type: 'get-drop', dropId });
    if (!reply.ok) return null;
    const view = reply.value;
    if (row === null || !isRowOf(row, view)) return { row, view };
    await catalogue.putDrops([soldStep(row.sold) === soldStep(view.sold) ? row : view]);
    return null;
  }
}

function isRowOf(row: DropView, view: DropView): boolean {
  const isOver = view.status === 'ended' || view.status === 'cancelled';
  return isOver
    ? isDeepStrictEqual(plain(row), plain(view))
    : row.version <= view.version && isDeepStrictEqual(termsOf(row), termsOf(view));
}

/** What an order changes is left out. */
function termsOf(view: DropView): object {
  return { ...plain(view), held: 0, sold: 0, free: 0, soldOut: false, version: 0 };
}

/** A store leaves out what is undefined. */
function plain(view: DropView): DropView {
  return JSON.parse(JSON.stringify(view)) as DropView;
}
