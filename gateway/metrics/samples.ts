// Some metrics of a registry as values, without their text.

import type { Registry } from 'prom-client';
import type { Sample } from '../../contracts/alarms.ts';
import type { MetricName } from '../../contracts/metrics.ts';

/** One after the other, in this order. Metrics that the registry lacks are left out. */
export async function readSamples(
  registry: Registry,
  names: readonly MetricName[],
): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (const metricName of names) {
    const values = (await registry.getSingleMetric(metricName)?.get())?.values ?? [];
    for (const one of values) {
      // Buckets of histograms have names of their own.
      const { metricName: name = metricName } = one as { readonly metricName?: string };
      samples.push({ name, labels: textsOf(one.labels), value: one.value });
    }
  }
  return samples;
}

/** Labels that are numbers are texts in an exposition, too. */
function textsOf(labels: Readonly<Record<string, unknown>>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, String(value)]));
}
