// The service levels, and the alarms on them by burn rate: how fast the share of requests that may
// fail or be late over 30 days is being used up. An alarm needs two windows: the long one says that
// it matters, the short one that it goes on. After "Alerting on SLOs" of The Site Reliability
// Workbook (<https://sre.google/workbook/alerting-on-slos/>, table 5-8). A sale lasts a minute,
// which an hour hides: 30 s and 2 min stand beside them.

import { SERVICE_BUDGETS, SLOW_AFTER_MS } from '../../contracts/service-levels.ts';
import type { Alarm, Recording, Severity } from './alarm.ts';
import { SALE_BURNS } from '../../contracts/alarm-limits.ts';
import { type MetricSeries, series } from './promql.ts';

const WINDOWS = ['30s', '2m', '5m', '30m', '1h', '6h', '3d'] as const;
type Window = (typeof WINDOWS)[number];

/** The share of requests that failed or were slow, recorded for each window. */
const SHARES = {
  failures: 'livedrops:service_failures:share_rate',
  slowReads: 'livedrops:service_slow_reads:share_rate',
  slowOrders: 'livedrops:service_slow_orders:share_rate',
} as const;
type Level = keyof typeof SHARES;

export type RecordedSeries = `${(typeof SHARES)[Level]}${Window}`;

export function shareOf(level: Level, window: Window): RecordedSeries {
  return `${SHARES[level]}${window}`;
}

interface Counted {
  readonly bad: string;
  readonly all: string;
}

/** `series` with the node that boards choose, or without. */
type Selector = (name: MetricSeries, labels?: Readonly<Record<string, string>>) => string;

/** What counts as bad, and of what. */
export function countedOf(level: Level, of: Selector = series): Counted {
  switch (level) {
    case 'failures':
      return {
        bad: of('livedrops_service_failures_total'),
        all: of('livedrops_service_requests_total'),
      };
    case 'slowReads':
      return {
        bad: of('livedrops_service_slow_total', { kind: 'reads' }),
        all: of('livedrops_service_requests_total', { kind: 'reads' }),
      };
    case 'slowOrders':
      return {
        bad: of('livedrops_service_slow_total', { kind: 'orders' }),
        all: of('livedrops_service_requests_total', { kind: 'orders' }),
      };
  }
}

const LEVELS = Object.keys(SHARES) as readonly Level[];

/** Longer windows than this are evaluated once a minute: each reads all of its window again. */
const OFTEN: readonly Window[] = ['30s', '2m', '5m'];

export type Recordings = Readonly<Partial<Record<RecordedSeries, Recording>>>;

function recordingsOf(windows: readonly Window[]): Recordings {
  return Object.fromEntries(
    LEVELS.flatMap((level) =>
      windows.map((window) => {
        const { bad, all } = countedOf(level);
        const expr = `sum(rate(${bad}[${window}])) / sum(rate(${all}[${window}]))`;
        return [shareOf(level, window), { expr }];
      }),
    ),
  );
}

export const SHORT_SHARES = recordingsOf(OFTEN);
export const LONG_SHARES = recordingsOf(WINDOWS.filter((window) => !OFTEN.includes(window)));

/** Names end with it. */
const BURNS = {
  InSale: { long: '2m', short: '30s', forSeconds: 0, severity: 'page', burn: null },
  BurnFast: { long: '1h', short: '5m', forSeconds: 120, severity: 'page', burn: 14.4 },
  BurnSlow: { long: '6h', short: '30m', forSeconds: 900, severity: 'page', burn: 6 },
  BurnLow: { long: '3d', short: '6h', forSeconds: 3600, severity: 'ticket', burn: 1 },
} as const satisfies Record<
  string,
  {
    readonly long: Window;
    readonly short: Window;
    readonly forSeconds: number;
    readonly severity: Severity;
    /** Times the budget's even use; null: the one of the level within a sale. */
    readonly burn: number | null;
  }
>;
type Burn = keyof typeof BURNS;

interface Named {
  readonly name: string;
  readonly what: string;
  readonly runbook: string;
  /** In a sale. */
  readonly burn: number;
}

const NAMED = {
  failures: {
    name: 'Failures',
    what: 'requests fail',
    runbook: 'Requests fail',
    burn: SALE_BURNS.failures,
  },
  slowReads: {
    name: 'SlowReads',
    what: `reads take longer than ${SLOW_AFTER_MS.reads} ms`,
    runbook: 'Reads are slow',
    burn: SALE_BURNS.slow,
  },
  slowOrders: {
    name: 'SlowOrders',
    what: `orders take longer than ${SLOW_AFTER_MS.orders} ms`,
    runbook: 'Orders are slow',
    burn: SALE_BURNS.slow,
  },
} as const satisfies Record<Level, Named>;

/** Fewer bad requests than this in the long window are no reason to call anybody. */
const BAD_MIN = 10;

type LevelName = (typeof NAMED)[Level]['name'];

function alarmsOf<B extends Burn>(
  suffixes: readonly B[],
): Readonly<Record<`LiveDrops${LevelName}${B}`, Alarm>> {
  return Object.fromEntries(
    LEVELS.flatMap((level) =>
      suffixes.map((suffix) => [`LiveDrops${NAMED[level].name}${suffix}`, alarmOf(level, suffix)]),
    ),
  ) as never;
}

function alarmOf(level: Level, suffix: Burn): Alarm {
  const { what, runbook, burn: inSale } = NAMED[level];
  const { long, short, forSeconds, severity, burn } = BURNS[suffix];
  const most = Number(((burn ?? inSale) * SERVICE_BUDGETS[level]).toPrecision(4));
  return {
    expr: [
      `${series(shareOf(level, short))} > ${most}`,
      `and ${series(shareOf(level, long))} > ${most}`,
      `and sum(increase(${countedOf(level).bad}[${long}])) >= ${BAD_MIN}`,
    ].join('\n'),
    forSeconds,
    severity,
    summary: `More than ${percent(most)} of the ${what}, over ${short} and ${long}.`,
    runbook,
  };
}

export const SALE_ALARMS = alarmsOf(['InSale']);
export const BUDGET_ALARMS = alarmsOf(['BurnFast', 'BurnSlow', 'BurnLow']);

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(3))} %`;
}
