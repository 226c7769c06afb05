// An off-loop consumer for tests, in the thread of a real node: it writes down each event it gets.

import { appendFileSync, existsSync, writeFileSync } from 'node:fs';
import type { CreateConsumer } from '../../../composition/off-loop-program.ts';
import { PositionedConsumer } from '../../../events/positioned-consumer.ts';

export interface RecordingOptions {
  readonly file: string;
  /** With this entry, counted from the first it gets, the thread ends once; null: never. */
  readonly dieAfter: number | null;
}

export const create: CreateConsumer = ({ options, positions }) => {
  const { file, dieAfter } = options as RecordingOptions;
  let entries = 0;
  return new PositionedConsumer({
    name: 'recording',
    placement: 'off-loop',
    positions,
    handle: async (batches) => {
      for (const { shard, sequence, facts } of batches) {
        entries += 1;
        if (entries === dieAfter && !existsSync(`${file}.died`)) {
          writeFileSync(`${file}.died`, '');
          process.exit(1);
        }
        for (const { event, order } of facts)
          appendFileSync(file, `${shard} ${sequence} ${event.type} ${order?.userId ?? '-'}\n`);
      }
    },
  });
};
