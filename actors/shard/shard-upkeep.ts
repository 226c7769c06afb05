// What the shards of one process have in common, since they share its event loop: the bounds of
// their upkeep (`actors/upkeep.ts`), and what is counted of them.

import { DurationCounts } from '../../domain/duration-counts.ts';
import { DURABLE_BOUNDS_MS } from '../../storage/durable-bounds.ts';
import type { Clock } from '../clock.ts';
import type { SaleMeter } from '../sale-meter.ts';
import { type UpkeepLimits, UpkeepShare } from '../upkeep.ts';

/**
 * Orders that come due by themselves. An event costs five times as much again behind its decision
 * (read models, their thread, garbage), and takes part in the fsyncs that orders wait for.
 */
const DUE: UpkeepLimits = {
  sliceMs: 0.25,
  shareBesideSale: 0.02,
  shareAlone: 0.2,
  deferralMsMax: 0,
};
/** Loading of sealed drops. Commands wait for it. */
const LOADING: UpkeepLimits = {
  sliceMs: 0.5,
  shareBesideSale: 0.1,
  shareAlone: 1,
  deferralMsMax: 0,
};
/** Encoding and writing of drops that are sealed. */
const SEALING: UpkeepLimits = {
  sliceMs: 0.5,
  shareBesideSale: 0.05,
  shareAlone: 1,
  deferralMsMax: 0,
};

export class ShardUpkeep {
  /** Counts what the shards decide. */
  readonly meter: SaleMeter;
  /** The longest wait in a mailbox, of each batch. */
  readonly mailboxWaits = new DurationCounts(DURABLE_BOUNDS_MS);
  readonly due: UpkeepShare;
  readonly loading: UpkeepShare;
  readonly sealing: UpkeepShare;

  constructor(options: { readonly meter: SaleMeter; readonly clock: Clock }) {
    this.meter = options.meter;
    this.due = new UpkeepShare({ ...options, limits: DUE });
    this.loading = new UpkeepShare({ ...options, limits: LOADING });
    this.sealing = new UpkeepShare({ ...options, limits: SEALING });
  }
}
