// The values of the ledger in /metrics, of a node that could write it.

import type { Registry } from 'prom-client';
import { serveValue } from './serve.ts';

export interface LedgerSample {
  readonly isWriting: boolean;
  readonly behind: number;
  readonly lagMs: number;
  readonly size: number;
  readonly stuck: number;
}

type LedgerValue = 'writing' | 'lag_seconds' | 'leaves_behind' | 'heads' | 'stuck_trees';

export function registerLedgerMetrics(registry: Registry, sample: () => LedgerSample): void {
  const ofLedger = (
    name: `livedrops_ledger_${LedgerValue}`,
    read: (ledger: LedgerSample) => number,
  ): void => serveValue(registry, name, () => read(sample()));
  ofLedger('livedrops_ledger_writing', ({ isWriting }) => Number(isWriting));
  ofLedger('livedrops_ledger_lag_seconds', ({ lagMs }) => lagMs / 1000);
  ofLedger('livedrops_ledger_leaves_behind', ({ behind }) => behind);
  ofLedger('livedrops_ledger_heads', ({ size }) => size);
  ofLedger('livedrops_ledger_stuck_trees', ({ stuck }) => stuck);
}
