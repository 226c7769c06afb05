// What a scenario is, and what it leaves behind: plain data that is kept as JSON, printed as a table, drawn as charts and compared
// with another day's. A scenario measures subjects (LiveDrops, what people would use instead, the hardware's ceiling) in turns, so
// that a slow minute of the machine is everybody's: each round gives every subject one sample.

/** At which percentiles latencies are kept. */
export const LATENCY_PERCENTILES: readonly number[] = [50, 75, 90, 95, 99, 99.9, 100];

/** `[percentile, milliseconds]`, at `LATENCY_PERCENTILES`. */
export type LatencyPoint = readonly [percentile: number, ms: number];

export type Role = 'livedrops' | 'peer' | 'ceiling';

/** What one measurement of one subject gave. */
export interface Sample {
  /** By the key of the figure; a figure that a subject does not have is left out. */
  readonly figures: Readonly<Record<string, number>>;
  readonly latency?: readonly LatencyPoint[];
}

export interface Subject {
  readonly key: string;
  readonly label: string;
  readonly role: Role;
  /** One sentence: what it is, in which version, and how it makes an order durable. */
  readonly about: string;
  /** One for each round. */
  readonly samples: readonly Sample[];
}

export interface Figure {
  readonly key: string;
  readonly label: string;
  /** Such as `orders/s`, `ms`, `µs`, `bytes`; empty for a ratio. */
  readonly unit: string;
  readonly better: 'more' | 'less' | 'neither';
  readonly digits: number;
}

/** What the scenario is about, in one number: mostly a ratio of two subjects measured in the same round. */
export interface Finding {
  readonly label: string;
  readonly unit: string;
  readonly digits: number;
  /** One for each round. */
  readonly samples: readonly number[];
  readonly better: 'more' | 'less';
  /** What is aimed at: the median is at least (`more`) or at most (`less`) this; null where nothing is. */
  readonly aim: number | null;
}

export interface ScenarioReport {
  readonly name: string;
  readonly title: string;
  /** What is done and what is measured, in a few sentences for a reader who has only the report. */
  readonly method: string;
  readonly settings: Readonly<Record<string, string | number | boolean>>;
  readonly figures: readonly Figure[];
  readonly subjects: readonly Subject[];
  readonly findings: readonly Finding[];
  /** Where the load was the limit, what was left out for want of a program, where LiveDrops loses. */
  readonly notes: readonly string[];
}

export interface ScenarioOption {
  /** As commander takes them: `--connections <n>`. */
  readonly flags: string;
  readonly description: string;
  readonly parse?: (text: string) => unknown;
  readonly default?: unknown;
}

/** What every scenario takes. */
export interface CommonOptions {
  /** How often every subject is measured; medians are shown. */
  readonly rounds: number;
  /** Length of each measurement. */
  readonly seconds: number;
  /** Where CPU profiles of LiveDrops' processes go, or null. */
  readonly profileDirectory: string | null;
  /** Without the peers: LiveDrops and the ceiling alone. */
  readonly peers: boolean;
}

/** Tells how it goes, a line each, on standard error. */
export type Tell = (line: string) => void;

export interface Scenario<Options extends CommonOptions = CommonOptions> {
  readonly name: string;
  /** For the list of scenarios: what it measures, in one line. */
  readonly description: string;
  /** Beside those that every scenario takes, by their camel-case names. */
  readonly options: readonly ScenarioOption[];
  /** Where they differ from what is usual. */
  readonly defaults?: Partial<Pick<CommonOptions, 'rounds' | 'seconds'>>;
  /** Too long for everyday: runs only when it is named. */
  readonly longRunning?: true;
  run(options: Options, tell: Tell): Promise<ScenarioReport>;
}

/** `--connections` and the like. Throws for what is not a whole number of at least 1. */
export function count(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new RangeError('must be a whole number, 1 or more');
  return value;
}

/** A finding of a ratio between two subjects, round by round. */
export function ratio(
  options: Pick<Finding, 'label' | 'aim'> & {
    readonly of: Subject;
    readonly to: Subject;
    readonly figure: string;
    /** For costs: `to` divided by `of`, so that more is better. */
    readonly inverse?: true;
  },
): Finding {
  const { label, aim, of, to, figure, inverse } = options;
  const samples = of.samples.map((sample, round) => {
    const [own, other] = [sample.figures[figure]!, to.samples[round]!.figures[figure]!];
    return inverse === true ? other / own : own / other;
  });
  return { label, unit: '', digits: 2, samples, better: 'more', aim };
}
