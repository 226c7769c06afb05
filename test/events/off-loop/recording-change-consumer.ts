// An off-loop consumer of changes for tests. It records follows in the order in which it gets them.

import { appendFileSync } from 'node:fs';
import type { CreateChangeConsumer } from '../../../events/off-loop/create-consumer.ts';
import type { EntityChange } from '../../../contracts/changes.ts';

export const create: CreateChangeConsumer = ({ options }) => {
  const { file } = options as { file: string };
  const record = (what: number | 'now', change: EntityChange): void => {
    if (change.kind === 'follow') appendFileSync(file, `${what} ${change.userId}\n`);
  };
  return {
    name: 'recording',
    consume: async (records) => {
      for (const { sequence, change } of records) record(sequence, change);
    },
    beginFullPass: async () => undefined,
    addEntities: async (_bucket, entities) => {
      for (const entity of entities) record('now', entity);
    },
    endFullPass: async () => undefined,
  };
};
