// The figures of the scenario `media`.

import type { Figure } from '../scenario.ts';

export const MEDIA_FIGURES: readonly Figure[] = [
  figure('picturesPerSecond', 'pictures made', 'pictures/s', 'more', 2),
  figure('filesPerSecond', 'variants made', 'files/s', 'more', 1),
  figure('pictureCpuMs', 'CPU a picture', 'ms', 'less', 0),
  figure('makerMb', 'memory of the maker, at most', 'MB', 'less', 0),
  figure('variantsPerSecond', 'variants read', 'replies/s', 'more', 0),
  figure('variantCpuMicros', 'CPU of a reply', 'µs', 'less', 0),
  figure('variantP99Ms', 'p99 of a reply', 'ms', 'less', 1),
  figure('rangesPerSecond', 'ranges read', 'replies/s', 'more', 0),
  figure('deliveryMb', 'memory of the delivery', 'MB', 'less', 0),
  figure('ordersPerSecond', 'orders', 'orders/s', 'more', 0),
  figure('notPlaced', 'orders not placed', 'orders', 'less', 0),
  figure('p50Ms', 'p50 of orders', 'ms', 'less', 2),
  figure('p99Ms', 'p99 of orders', 'ms', 'less', 2),
  figure('orderCpuMicros', 'CPU of an order', 'µs', 'less', 1),
];

function figure(
  key: string,
  label: string,
  unit: string,
  better: Figure['better'],
  digits: number,
): Figure {
  return { key, label, unit, better, digits };
}
