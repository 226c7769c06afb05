// How much the upkeep of a node may take that no shard does: `actors/upkeep.ts` says what for.

import { availableParallelism } from 'node:os';
import { systemClock } from '../actors/clock.ts';
import { SaleMeter } from '../actors/sale-meter.ts';
import { type UpkeepLimits, UpkeepPace, UpkeepShare } from '../actors/upkeep.ts';
import type { Pace } from '../storage/ports/pace.ts';

/** verify and rebuild, on the event loop. An operator waits for them. */
const RUNS: UpkeepLimits = {
  sliceMs: 0.5,
  shareBesideSale: 0.1,
  shareAlone: 1,
  deferralMsMax: 0,
};
/** Merging of user rows, in the thread of `projections.db`. */
const MERGING: UpkeepLimits = {
  sliceMs: 0,
  shareBesideSale: 0.2,
  shareAlone: 0.2,
  deferralMsMax: 10 * 60_000,
};
/** Archiving, in a thread of its own. */
const ARCHIVING: UpkeepLimits = {
  sliceMs: 0,
  shareBesideSale: 0.2,
  shareAlone: 0.5,
  deferralMsMax: 10 * 60_000,
};
/**
 * The ledger, in a thread of its own. It never waits for the end of a sale: what is sold is to be
 * in a signed checkpoint within seconds.
 */
const LEDGER: UpkeepLimits = {
  sliceMs: 0,
  shareBesideSale: 0.2,
  shareAlone: 0.5,
  deferralMsMax: 0,
};
/** A commit costs some milliseconds, whatever it has. */
const LEDGER_INTERVAL_MS = 1_000;
const LEDGER_INTERVAL_BESIDE_SALE_MS = 2_000;
/** Comparing what is derived with its truth, on the event loop. */
const RECONCILING: UpkeepLimits = {
  sliceMs: 0.5,
  shareBesideSale: 0.02,
  shareAlone: 0.2,
  deferralMsMax: 10 * 60_000,
};
/**
 * Encrypting and sending pushes, in a thread of its own. A drop that starts is what most of them
 * tell of, so they do not wait for the end of the sale: beside it they take a fifth of the cores.
 */
const PUSHING: UpkeepLimits = {
  sliceMs: 0,
  shareBesideSale: Math.min(1, 0.2 * availableParallelism()),
  shareAlone: 1,
  deferralMsMax: 0,
};
/**
 * Journal entries of this process that may wait for the end of a sale before they are archived: two
 * million orders.
 */
const ARCHIVING_DEFERRED_BYTES_MAX = 256 << 20;

export interface NodeUpkeep {
  readonly meter: SaleMeter;
  readonly runs: UpkeepShare;
  readonly mergePace: Pace;
  readonly reconciling: UpkeepShare;
}

export function createUpkeep(): NodeUpkeep {
  const meter = new SaleMeter();
  const options = { meter, clock: systemClock };
  return {
    meter,
    runs: new UpkeepShare({ ...options, limits: RUNS }),
    mergePace: new UpkeepPace(new UpkeepShare({ ...options, limits: MERGING })),
    reconciling: new UpkeepShare({ ...options, limits: RECONCILING }),
  };
}

/** Of pushes, in their thread. `shared`: of the `SaleMeter` of this process. */
export function pushingShare(shared: SharedArrayBuffer): UpkeepShare {
  return new UpkeepShare({
    limits: PUSHING,
    meter: new SaleMeter(shared),
    clock: systemClock,
    workMs: () => threadCpuMs(),
  });
}

/** Of the ledger, in its thread. `shared`: of the `SaleMeter` of this process. */
export function ledgerPace(shared: SharedArrayBuffer): {
  readonly pace: UpkeepPace;
  /** From one commit to the next. */
  readonly intervalMs: () => number;
} {
  const meter = new SaleMeter(shared);
  const workMs = () => threadCpuMs();
  const share = new UpkeepShare({ limits: LEDGER, meter, clock: systemClock, workMs });
  const intervalMs = () =>
    share.isSelling() ? LEDGER_INTERVAL_BESIDE_SALE_MS : LEDGER_INTERVAL_MS;
  return { pace: new UpkeepPace(share), intervalMs };
}

/** Of the archiver, in its thread. */
export class ArchivingPace {
  readonly #meter: SaleMeter;
  readonly #pace: UpkeepPace;
  /** Bytes that the shards had appended at the end of the last pass. */
  #bytesBefore = 0;

  /** `shared`: of the `SaleMeter` of this process. */
  constructor(shared: SharedArrayBuffer) {
    this.#meter = new SaleMeter(shared);
    const share = new UpkeepShare({
      limits: ARCHIVING,
      meter: this.#meter,
      clock: systemClock,
      // The thread has a low priority: what it waited for its core is no work.
      workMs: () => threadCpuMs(),
    });
    this.#pace = new UpkeepPace(share);
  }

  readonly giveWay = (): Promise<void> =>
    this.#pace.giveWay(() => this.#meter.bytes - this.#bytesBefore > ARCHIVING_DEFERRED_BYTES_MAX);

  /** A pass has ended. */
  rest(): void {
    this.#bytesBefore = this.#meter.bytes;
    this.#pace.rest();
  }

  stop(): void {
    this.#pace.stop();
  }
}

function threadCpuMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
