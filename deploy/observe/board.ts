// What a board of Grafana is made of: rows of panels, each with what it shows, in which unit, and
// from where on it is no longer good. `dashboard.ts` makes Grafana's JSON of it.

/** Grafana's names of units. */
export type Unit =
  | 'bytes'
  | 'Bps'
  | 'cps'
  | 'ops'
  | 'percentunit'
  | 'reqps'
  | 's'
  | 'short'
  | 'none';

export interface Query {
  /** PromQL. `series` and `ofNodes` give its names. */
  readonly expr: string;
  /** Grafana's template: `{{instance}}`. */
  readonly legend: string;
}

/** From where on a value wants a look, and from where on it is wrong. */
export type Thresholds =
  | { readonly when: 'above'; readonly warn: number; readonly wrong: number }
  | { readonly when: 'below'; readonly warn: number; readonly wrong: number }
  /** Any value above 0 is wrong, or wants a look. */
  | { readonly when: 'any'; readonly is: 'wrong' | 'warn' }
  /** No value is good or bad by itself. */
  | { readonly when: 'never' };

export interface Panel {
  readonly title: string;
  /** What one reads from it. */
  readonly description: string;
  readonly unit: Unit;
  /** `lines` over time, the last value as a `number`, or a `table` of last values. */
  readonly kind: 'lines' | 'number' | 'table';
  readonly queries: readonly Query[];
  readonly thresholds: Thresholds;
  /** Shown instead of nothing, where that is usual: what it means. */
  readonly whenEmpty?: string;
  /** Its values may be below 0. */
  readonly isSigned?: boolean;
  /** Columns of 24. Default: 6 for a number, 12 for the others. */
  readonly width?: number;
}

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

export interface Board {
  /** Names its file and, behind `livedrops-`, is its id in Grafana. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly rows: readonly Row[];
}
