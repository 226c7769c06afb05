// PromQL that many panels have. Intervals are Grafana's: at least four scrapes.

const INTERVAL = '$__rate_interval';

/** Of counters, summed up over nodes, by the labels given. */
export function perSecond(selector: string, ...by: readonly string[]): string {
  return `sum${byLabels(by)} (rate(${selector}[${INTERVAL}]))`;
}

/** How much counters grew over the time that the board shows. */
export function grownBy(selector: string, ...by: readonly string[]): string {
  return `sum${byLabels(by)} (increase(${selector}[$__range]))`;
}

/** Of the buckets of a histogram. */
export function quantile(share: number, buckets: string, ...by: readonly string[]): string {
  return `histogram_quantile(${share}, ${perSecond(buckets, ...by, 'le')})`;
}

/** Of counters: nothing while nothing is counted. */
export function shareOfRates(part: string, all: string, ...by: readonly string[]): string {
  return `${perSecond(part, ...by)} / ${perSecond(all, ...by)}`;
}

function byLabels(by: readonly string[]): string {
  return by.length === 0 ? '' : ` by (${by.join(', ')})`;
}
