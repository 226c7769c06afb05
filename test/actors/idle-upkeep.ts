// Upkeep of a process that sells nothing: each pause is one turn of the event loop.

import { systemClock } from '../../actors/clock.ts';
import { SaleMeter } from '../../actors/sale-meter.ts';
import { UpkeepShare } from '../../actors/upkeep.ts';

const LIMITS = { sliceMs: 0, shareBesideSale: 1, shareAlone: 1, deferralMsMax: 0 };

export function idleUpkeep(): UpkeepShare {
  return new UpkeepShare({ limits: LIMITS, meter: new SaleMeter(), clock: systemClock });
}

export async function turn(): Promise<void> {
  await new Promise((resolve) => void setImmediate(resolve));
}
