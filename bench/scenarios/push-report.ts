// The figures of the scenario `push`, and how it measures.

import { type Figure, figureOf } from '../scenario.ts';

export const PUSH_FIGURES: readonly Figure[] = [
  figureOf('messagesPerSecond', 'messages', 'messages/s', 'more', 0),
  figureOf('cpuMicros', 'CPU a message', 'µs', 'less', 0),
  figureOf('perCore', 'messages of a whole core', 'messages/s', 'more', 0),
  figureOf('failed', 'messages not taken', 'messages', 'less', 0),
  figureOf('ordersPerSecond', 'orders', 'orders/s', 'more', 0),
  figureOf('notPlaced', 'orders not placed', 'orders', 'less', 0),
  figureOf('p50Ms', 'p50 of orders', 'ms', 'less', 2),
  figureOf('p99Ms', 'p99 of orders', 'ms', 'less', 2),
  figureOf('memoryMb', 'memory that it takes, at most', 'MB', 'less', 0),
];
