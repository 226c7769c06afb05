// The types of a scenario and of its report. A report is plain data: it is stored as JSON, printed
// as a table, drawn as charts, and compared with other reports. A scenario measures its subjects
// (LiveDrops, alternatives, the ceiling of the hardware) in turns: each round gives every subject
// one sample, so that a slow minute of the machine affects all subjects alike.

/** The percentiles at which latencies are stored. */
export const LATENCY_PERCENTILES: readonly number[] = [50, 75, 90, 95, 99, 99.9, 100];

/** `[percentile, milliseconds]`, at `LATENCY_PERCENTILES`. */
export type LatencyPoint = readonly [percentile: number, ms: number];

export type Role = 'livedrops' | 'peer' | 'ceiling';

/** The figures of one measurement of one subject. */
export interface Sample {
  /** By the key of the figure. A figure that a subject does not have is absent. */
  readonly figures: Readonly<Record<string, number>>;
  readonly latency?: readonly LatencyPoint[];
}

export interface Subject {
  readonly key: string;
  readonly label: string;
  readonly role: Role;
  /** One sentence: the software, its version, and how it makes an order durable. */
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

export function figureOf(
  key: string,
  label: string,
  unit: string,
  better: Figure['better'],
  digits: number,
): Figure {
  return { key, label, unit, better, digits };
}

/**
 * The main result of a scenario, in one number: mostly a ratio of two subjects in the same round.
 */
export interface Finding {
  readonly label: string;
  readonly unit: string;
  readonly digits: number;
  /** One for each round. */
  readonly samples: readonly number[];
  readonly better: 'more' | 'less';
  /**
   * The aim: the median should be at least (`more`) or at most (`less`) this; null without an aim.
   */
  readonly aim: number | null;
}

export interface ScenarioReport {
  readonly name: string;
  readonly title: string;
  /** The method, in a few sentences for a reader who has only the report. */
  readonly method: string;
  readonly settings: Readonly<Record<string, string | number | boolean>>;
  readonly figures: readonly Figure[];
  readonly subjects: readonly Subject[];
  readonly findings: readonly Finding[];
  /** Where the load was the limit, what a missing program excluded, where LiveDrops loses. */
  readonly notes: readonly string[];
}

export interface ScenarioOption {
  /** In commander's syntax: `--connections <n>`. */
  readonly flags: string;
  readonly description: string;
  readonly parse?: (text: string) => unknown;
  readonly default?: unknown;
}

/** The options of every scenario. */
export interface CommonOptions {
  /** Measurements of each subject; reports show their medians. */
  readonly rounds: number;
  /** Length of each measurement. */
  readonly seconds: number;
  /** The directory for CPU profiles of LiveDrops' processes, or null. */
  readonly profileDirectory: string | null;
  /** False: measure only LiveDrops and the ceiling. */
  readonly peers: boolean;
}

/** Writes one line about the progress to standard error. */
export type Log = (line: string) => void;

export interface Scenario<Options extends CommonOptions = CommonOptions> {
  readonly name: string;
  /** What the scenario measures, in one line, for the list of scenarios. */
  readonly description: string;
  /** Further options, beside those of every scenario. */
  readonly options: readonly ScenarioOption[];
  /** Defaults that differ from the usual ones. */
  readonly defaults?: Partial<Pick<CommonOptions, 'rounds' | 'seconds'>>;
  /** Too long for a usual run: runs only by its name. */
  readonly longRunning?: true;
  run(options: Options, log: Log): Promise<ScenarioReport>;
}

/** Parses a whole number of at least 1; throws otherwise. */
export function count(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1)
    throw new RangeError('must be a whole number, 1 or more');
  return value;
}

/** An option that takes such a number; null: none unless given. */
export function counted(
  flags: string,
  description: string,
  byDefault: number | null,
): ScenarioOption {
  return { flags, description, parse: count, default: byDefault };
}

/** Returns a finding with the ratio of two subjects in each round. */
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
