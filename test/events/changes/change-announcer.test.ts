// What is announced of changes, by which process, and what becomes of what a process did not
// announce (C3).

import test, { type ExecutionContext } from 'ava';
import pino from 'pino';
import { type ChangedEntity, CHANGES_TOPIC, InProcessLiveBus } from '../../../actors/live-bus.ts';
import {
  ChangeAnnouncer,
  type ChangeAnnouncerOptions,
} from '../../../events/changes/change-announcer.ts';
import { memoryStores } from '../../../storage/memory/stores.ts';
import { PositionTrimmedError } from '../../../storage/ports/change-stream.ts';
import { flush, ManualClock } from '../../actors/manual-clock.ts';

const log = pino({ level: 'silent' });
type Changes = ChangeAnnouncerOptions['changes'];

function partOf(changes: Changes): Changes {
  return {
    bucketCount: changes.bucketCount,
    head: (bucket) => changes.head(bucket),
    read: (...asked) => changes.read(...asked),
    onAppend: (listener) => changes.onAppend(listener),
  };
}

const PRODUCT = {
  id: 'prd_1',
  creatorId: 'creator',
  name: 'Shoe',
  description: '',
  imageUrls: [],
  createdAt: 1,
  revision: 1,
};

function setUp(t: ExecutionContext) {
  const stores = memoryStores();
  const bus = new InProcessLiveBus();
  const clock = new ManualClock(0);
  const told: (ChangedEntity | 'anything')[] = [];
  bus.subscribe(CHANGES_TOPIC, (message) => {
    if (message.type === 'entities-changed')
      told.push(...(message.changes ?? (['anything'] as const)));
  });
  const start = async (changes: Changes = stores.changes) => {
    const announcer = new ChangeAnnouncer({ changes, bus, clock, log });
    await announcer.start();
    t.teardown(() => announcer.stop());
    return announcer;
  };
  return { stores, bus, clock, told, start };
}

test('C3: a change is announced once it can be read, and those from before the start are not', async (t) => {
  const { stores, told, start } = setUp(t);
  await stores.catalogue.addProduct({ ...PRODUCT, id: 'prd_0' });
  await start();
  await stores.catalogue.addProduct(PRODUCT);
  await stores.catalogue.changeProduct('prd_1', { name: 'Boot' });
  await stores.follows.follow('fan', 'creator', 5);
  await flush();
  const product = { kind: 'product', productId: 'prd_1', creatorId: 'creator' } as const;
  const byText = (changes: readonly unknown[]) =>
    changes.map((one) => JSON.stringify(one)).toSorted();
  t.deepEqual(
    byText(told),
    byText([
      { ...product, revision: 1 },
      { ...product, revision: 2 },
      { kind: 'follow', userId: 'fan', creatorId: 'creator' },
    ]),
  );
});

test('C3: what a process did not announce before it ended, the next one to write announces', async (t) => {
  const { stores, told, start } = setUp(t);
  // The records of the other process: nobody here hears of their appends.
  let isOther = true;
  await start({
    ...partOf(stores.changes),
    onAppend: (listener: (bucket: number) => void) =>
      stores.changes.onAppend((bucket) => {
        if (!isOther) listener(bucket);
      }),
  });
  await stores.follows.follow('fan', 'a', 1);
  await flush();
  t.deepEqual(told, []);
  isOther = false;
  await stores.follows.unfollow('fan', 'a');
  await flush();
  t.is(told.length, 2);
});

test('C3: a process that has heard of records does not announce them with its own again', async (t) => {
  const { stores, told, start } = setUp(t);
  let appendedThere = (_bucket: number): void => undefined;
  await start();
  await start({
    ...partOf(stores.changes),
    onAppend: (listener: (bucket: number) => void) => {
      appendedThere = listener;
      return () => undefined;
    },
  });
  for (let i = 0; i < 5; i++) await stores.follows.follow('fan', `creator_${i}`, i);
  await flush();
  t.is(told.length, 5);
  for (let bucket = 0; bucket < stores.changes.bucketCount; bucket++) appendedThere(bucket);
  await flush();
  t.is(told.length, 5);
});

test('C3: records that are gone are told as anything, and faults of the store are retried', async (t) => {
  const { stores, clock, told, start } = setUp(t);
  const faults: Error[] = [new Error('lost'), new PositionTrimmedError('gone')];
  await start({
    ...partOf(stores.changes),
    async read(...asked: Parameters<Changes['read']>) {
      const fault = faults.shift();
      if (fault !== undefined) throw fault;
      return await stores.changes.read(...asked);
    },
  });
  await stores.follows.follow('fan', 'a', 1);
  await flush();
  t.deepEqual(told, []);
  await clock.advance(500);
  t.deepEqual(told, ['anything']);
});
