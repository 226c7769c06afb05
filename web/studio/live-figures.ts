// The figures of a drop while it is looked at: as they are now, and by the second.

import { type Signal, useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Drop, DropAnalytics } from '../../sdk/api.ts';
import { client, serverNow } from '../shared/server.ts';
import { LiveRates, type Rate } from './charts/live-rates.ts';

/** What the server counts is shown there within 2 seconds, and changes each second. */
const READ_MS = 1_000;
const MINUTE_MS = 60_000;
/** Shown from before the page was opened. */
const HISTORY_MS = 15 * MINUTE_MS;

export interface LiveFigures {
  /** Null: not read yet. */
  readonly figures: Signal<DropAnalytics | null>;
  /** Oldest first, of the last quarter of an hour. */
  readonly rates: Signal<readonly Rate[]>;
}

/** Of a drop that is over they are read once. */
export function useLiveFigures({ id, status }: Drop): LiveFigures {
  const figures = useSignal<DropAnalytics | null>(null);
  const rates = useSignal<readonly Rate[]>([]);
  const isCurrent = status === 'live' || status === 'upcoming';
  useEffect(() => {
    const ended = new AbortController();
    const live = new LiveRates();
    let timer: ReturnType<typeof setTimeout>;
    let hasBegun = false;
    const read = async (): Promise<void> => {
      const now = serverNow();
      // After the first read only the sums are wanted, which come with any range.
      const query = hasBegun
        ? ({ step: 'hour', from: new Date(now).toISOString() } as const)
        : ({ step: 'minute', from: new Date(now - HISTORY_MS).toISOString() } as const);
      const asked = { path: { id }, query, signal: ended.signal, triesMax: 1 };
      const value = await client.call('GET /v1/drops/{id}/analytics', asked);
      if (!hasBegun) live.begin(value.points, MINUTE_MS, now);
      hasBegun = true;
      live.add(serverNow(), value.total, value.watching);
      figures.value = value;
      rates.value = live.rates;
    };
    const look = async (): Promise<void> => {
      // The next look shows what this one could not.
      if (!document.hidden || !hasBegun) await read().catch(() => undefined);
      if (!ended.signal.aborted && isCurrent) timer = setTimeout(() => void look(), READ_MS);
    };
    void look();
    return () => {
      clearTimeout(timer);
      ended.abort();
    };
  }, [id, isCurrent]);
  return { figures, rates };
}
