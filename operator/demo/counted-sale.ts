// What the analytics have of the demo's drop.

import { setTimeout as pause } from 'node:timers/promises';
import type { LiveDrops } from '../../sdk/client.ts';

/** They give way to the sale. */
const COMPLETE_TIMEOUT_MS = 30_000;
const POLL_INTERVAL_MS = 200;

export interface CountedSale {
  /** Orders, whatever became of them. */
  readonly placed: number;
  /** Units sold. */
  readonly units: number;
}

/** Waits until they have all `sold` units. The client acts for an operator. */
export async function countedSale(
  client: LiveDrops,
  dropId: string,
  sold: number,
): Promise<CountedSale> {
  const path = { id: dropId };
  const deadline = performance.now() + COMPLETE_TIMEOUT_MS;
  for (;;) {
    const { total } = await client.call('GET /v1/drops/{id}/analytics', { path });
    if (total.units >= sold || performance.now() > deadline) return total;
    await pause(POLL_INTERVAL_MS);
  }
}
