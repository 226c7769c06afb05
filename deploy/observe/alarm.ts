// What an alarm of Prometheus is made of. `rules.ts` makes Prometheus' rules of it.

/** `page`: somebody is called now. `ticket`: somebody looks within a day. */
export type Severity = 'page' | 'ticket';

export interface Alarm {
  /** PromQL; each series that it gives is an alert. */
  readonly expr: string;
  /** How long it has to be so. */
  readonly forSeconds: number;
  readonly severity: Severity;
  /** One sentence; `{{ $labels.instance }}` is a label of the series. */
  readonly summary: string;
  /** The heading of its section in docs/OPERATIONS.md. */
  readonly runbook: string;
}

export interface Recording {
  /** PromQL. */
  readonly expr: string;
}
