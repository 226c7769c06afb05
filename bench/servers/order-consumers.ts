// Consumers for `order-consumers`: what they do for each batch, instead of anything useful.

import type { CreateConsumer } from '../../events/off-loop/create-consumer.ts';
import { PositionedConsumer } from '../../events/positioned-consumer.ts';

export type Habit = 'sleeps' | 'burns';

/** For each batch, whichever it does. */
const BATCH_MS = 1_000;

export const create: CreateConsumer = ({ options, positions }) =>
  new PositionedConsumer({
    name: 'bench',
    placement: 'off-loop',
    positions,
    handle: async () => {
      if (options === 'sleeps') await new Promise((resolve) => setTimeout(resolve, BATCH_MS));
      else burn();
    },
  });

function burn(): void {
  const before = process.threadCpuUsage();
  for (;;) {
    const { user, system } = process.threadCpuUsage(before);
    if (user + system >= BATCH_MS * 1000) return;
  }
}
