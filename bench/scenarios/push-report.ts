// The figures of the scenario `push`, and how it measures.

import { type Figure, figure } from '../scenario.ts';

export const PUSH_FIGURES: readonly Figure[] = [
  figure('messagesPerSecond', 'messages', 'messages/s', 'more', 0),
  figure('cpuMicros', 'CPU a message', 'µs', 'less', 0),
  figure('perCore', 'messages of a whole core', 'messages/s', 'more', 0),
  figure('failed', 'messages not taken', 'messages', 'less', 0),
  figure('ordersPerSecond', 'orders', 'orders/s', 'more', 0),
  figure('notPlaced', 'orders not placed', 'orders', 'less', 0),
  figure('p50Ms', 'p50 of orders', 'ms', 'less', 2),
  figure('p99Ms', 'p99 of orders', 'ms', 'less', 2),
  figure('memoryMb', 'memory that it takes, at most', 'MB', 'less', 0),
];
