// What a rehearsal found, by the lines of the demo's proof, from what a creator sees of the drop.
// Pure.

import type { AcknowledgedOrder } from '../demo/crowd.ts';
import {
  acknowledged,
  answered,
  duplicates,
  type JournalOrder,
  line,
  live,
  type ProofLine,
} from '../demo/proof.ts';
import { format } from '../demo/screen.ts';

export interface RehearsalEvidence {
  readonly buyers: number;
  readonly buyersAnswered: number;
  readonly stock: number;
  readonly drop: { readonly stocked: number; readonly sold: number; readonly free: number };
  readonly acknowledged: readonly AcknowledgedOrder[];
  /** The drop's orders, as its creator lists them after the sale. */
  readonly orders: readonly JournalOrder[];
  readonly repeats: number;
  /** Requests that were sent again after 429, 503 or a lost connection. */
  readonly retried: number;
  /** In milliseconds; null before any answer. */
  readonly latencies: { readonly p50: number | null; readonly p99: number | null };
  /** From the first request to the last first answer of a buyer. */
  readonly crowdMs: number;
  readonly watchers: number;
  readonly sawStart: number;
  readonly sawSellOut: number;
  readonly frames: number;
  readonly crowdFindings: readonly string[];
  readonly liveFindings: readonly string[];
  /** Lists and searches that showed what is unlisted. */
  readonly shownIn: readonly string[];
  /** What could not be taken away afterwards. */
  readonly leftBehind: readonly string[];
}

export function judge(evidence: RehearsalEvidence): ProofLine[] {
  const { orders: journal, watchers: followers, buyers, stock } = evidence;
  // With more units than buyers there is no sell-out to be seen.
  const sawSellOut = buyers < stock ? followers : evidence.sawSellOut;
  return [
    answered(evidence),
    sold(evidence),
    duplicates({ ...evidence, journal }),
    acknowledged({ ...evidence, journal }, 'the list of the drop'),
    live({ ...evidence, followers, sawSellOut }, 'watchers'),
    speed(evidence),
    line('the drop was unlisted: no list and no search had it', evidence.shownIn),
    line('the drop is cancelled and hidden', evidence.leftBehind),
  ];
}

function sold({ stock, buyers, drop, orders }: RehearsalEvidence): ProofLine {
  const units = orders.reduce((sum, { quantity }) => sum + quantity, 0);
  const wanted = Math.min(stock, buyers);
  const over = Math.max(0, units - stock);
  return line(
    `${format(units)} units sold of ${format(stock)}, ${format(over)} oversold; ` +
      `${format(drop.sold)} in the server's answer`,
    [],
    units === wanted && drop.sold === units && drop.free === stock - units,
  );
}

/** It tells; what is quick enough, the service levels say. */
function speed({ latencies, buyersAnswered, crowdMs, retried }: RehearsalEvidence): ProofLine {
  const ms = (value: number | null) => (value === null ? '-' : `${value.toFixed(1)} ms`);
  const perSecond = crowdMs === 0 ? 0 : (buyersAnswered / crowdMs) * 1_000;
  return line(
    `p50 ${ms(latencies.p50)}, p99 ${ms(latencies.p99)}, ${format(Math.round(perSecond))} ` +
      `buyers answered/s, ${format(retried)} requests sent again`,
    [],
  );
}
