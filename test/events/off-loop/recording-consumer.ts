// An off-loop consumer for tests, in the thread of a real node. It writes each entry into a file,
// which outlives its process.

import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { FactBatch } from '../../../actors/shard/facts.ts';
import type { CreateConsumer } from '../../../events/off-loop/create-consumer.ts';
import { PositionedConsumer } from '../../../events/positioned-consumer.ts';

export interface RecordingOptions {
  readonly name: string;
  readonly file: string;
  /** A behaviour that happens once among all consumers with the same `marker`; none by default. */
  readonly fault?: {
    readonly kind: 'thread-ends' | 'never-ends';
    /** At this entry, counted from the first one that the thread gets. */
    readonly atEntry: number;
    /** A file that exists from then on. */
    readonly marker: string;
  };
  /** Set by the consumer to 1 when it has entries; its thread is blocked until it is 2. */
  readonly gate?: Int32Array;
}

export const create: CreateConsumer = ({ options, positions }) => {
  const { name, file, fault, gate } = options as RecordingOptions;
  let entries = 0;
  return new PositionedConsumer({
    name,
    placement: 'off-loop',
    positions,
    handle: async (batches) => {
      if (gate !== undefined && Atomics.compareExchange(gate, 0, 0, 1) === 0)
        Atomics.notify(gate, 0);
      if (gate !== undefined) Atomics.wait(gate, 0, 1);
      for (const batch of batches) {
        entries += 1;
        if (fault !== undefined && entries === fault.atEntry && !existsSync(fault.marker)) {
          writeFileSync(fault.marker, '');
          if (fault.kind === 'thread-ends') process.exit(1);
          await new Promise(() => undefined);
        }
        appendFileSync(file, `${JSON.stringify(batch)}\n`);
      }
    },
  });
};

/** The written entries, repeats included. */
export function readRecorded(file: string): FactBatch[] {
  if (!existsSync(file)) return [];
  // A killed process may have left part of a line.
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as FactBatch);
}
