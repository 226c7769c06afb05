// Amounts have the names of 9994b20 in what is stored under names and in what crosses the network,
// so that nodes of any version read it. That what 9994b20 wrote is read is in
// `recorded.long.test.ts`, `wire.test.ts` and `test/storage/old-catalogue.test.ts`.

import test, { type ExecutionContext } from 'ava';
import { Packr } from 'msgpackr';
import { ServiceBroker } from 'moleculer';
import { unpackCommands, packCommands } from '../../actors/cluster/execute-wire.ts';
import { decodeLiveMessage, encodeLiveMessage, encodeLiveText } from '../../actors/live-frame.ts';
import type { DropTerms } from '../../contracts/drops.ts';
import { success } from '../../domain/refusal.ts';
import { createDrop } from '../../domain/apply.ts';
import { brokerOptions } from '../../moleculer.config.ts';
import {
  withOurNames,
  withOurNamesInside,
  withStoredNames,
  withStoredNamesInside,
} from '../../storage/formats/amount-names.ts';
import { decodeChecksummed } from '../../storage/formats/checksummed.ts';
import { encodeShardHead, restoreHead, snapshotDrop } from '../../storage/formats/drop-snapshot.ts';
import { decodeEntry, encodeEntry } from '../../storage/formats/entry.ts';

const packr = new Packr({ useRecords: false });
const terms: DropTerms = {
  id: 'd_1',
  productId: 'p_1',
  creatorId: 'cleo',
  startsAt: 1,
  endsAt: 2,
  unitAmount: 1_500,
  currency: 'KWD',
  limitPerUser: 3,
  holdSeconds: 60,
  payment: 'provider',
};
const created = { type: 'drop-created', terms, stock: 5 } as const;
const data = { orderId: 'd_1-0', dropId: 'd_1', quantity: 2, totalAmount: 3_000, currency: 'KWD' };

/** The same value has the old names, in the same order, and no new one. */
function isAsBefore(t: ExecutionContext, written: unknown, value: object) {
  const before = JSON.stringify(value)
    .replaceAll('"unitAmount":', '"priceCents":')
    .replaceAll('"totalAmount":', '"totalCents":');
  t.is(JSON.stringify(written), before);
}

test('H1a: a journal entry has the terms of a drop as 9994b20 reads them', (t) => {
  const changes = [{ dropId: 'd_1', versionBefore: 0, events: [created] }];
  const bytes = encodeEntry({ shard: 1, sequence: 2, time: 3, changes });
  const body = packr.unpack(bytes.subarray(8)) as [
    number,
    number,
    number,
    string,
    number,
    unknown[],
  ];
  isAsBefore(t, body[5][1], terms);
  t.deepEqual(decodeEntry(bytes, 1, 2).changes, changes);
});

test('H1a: a snapshot has the terms of a drop as 9994b20 reads them', (t) => {
  const drop = snapshotDrop(createDrop(created, 3), () => false, []);
  const stored = decodeChecksummed(encodeShardHead({ time: 3, drops: [drop] }), 'it') as {
    readonly drops: readonly [{ readonly head: typeof drop.head }];
  };
  isAsBefore(t, stored.drops[0].head.terms, terms);
  t.is(restoreHead(stored.drops[0].head).unitAmount, 1_500);
});

test('H1a: a notification has its amount as 9994b20 reads it', (t) => {
  const notification = {
    id: '1',
    userId: 'ann',
    type: 'order.confirmed',
    data,
    createdAt: 1,
    readAt: null,
  };
  const message = { type: 'notification', notification } as const;
  const fields = JSON.parse(encodeLiveText(message)) as unknown[];
  isAsBefore(t, fields[4], data);
  t.deepEqual(decodeLiveMessage(encodeLiveMessage(message)), message);
});

test('H1a: the command that creates a drop goes to its owner as 9994b20 reads it', (t) => {
  const command = { type: 'create-drop', dropId: 'd_1', terms, stock: 5 } as const;
  const packed = packCommands([command]);
  isAsBefore(t, packed.others[0]![1], command);
  t.deepEqual(unpackCommands(packed), [command]);
});

test('H1a: names change inside lists and objects, and bytes stay as they are', (t) => {
  const bytes = Uint8Array.of(1, 2);
  const bare = Object.assign(Object.create(null) as object, { totalAmount: 4 });
  const value = { items: [{ unitAmount: 1, currency: 'EUR' }, null, 'unitAmount'], bytes, bare };
  const stored = withStoredNamesInside(value) as typeof value;
  isAsBefore(t, { ...stored, bytes: null }, { ...value, bytes: null });
  t.is(stored.bytes, bytes);
  t.deepEqual(withOurNamesInside(stored), { ...value, bare: { totalAmount: 4 } });
  t.deepEqual(withOurNames(withStoredNames(data)), data);
});

let pairs = 0;

/** Two brokers; the one of another version does nothing about names, as 9994b20's. */
async function startPair(t: ExecutionContext, isOlder: { caller: boolean; owner: boolean }) {
  pairs += 1;
  const seen: unknown[] = [];
  const start = (nodeId: 'caller' | 'owner') => {
    const options = brokerOptions({ nodeId, natsUrl: null, log: null });
    return new ServiceBroker({
      ...options,
      ...(isOlder[nodeId] ? { middlewares: ['Timeout', 'ErrorHandler'] } : {}),
      namespace: `${options.namespace}-amounts-${pairs}`,
      transporter: 'Fake',
    });
  };
  const caller = start('caller');
  const owner = start('owner');
  owner.createService({
    name: 'drops',
    actions: {
      create(context) {
        seen.push(context.params);
        return success(context.params.drop as object);
      },
    },
  });
  await Promise.all([caller.start(), owner.start()]);
  t.teardown(async () => {
    await Promise.all([caller.stop(), owner.stop()]);
  });
  await caller.waitForServices('drops', 5_000, 5);
  return { caller, owner, seen };
}

const OURS = { drop: { unitAmount: 5, currency: 'EUR' } };
const THEIRS = { drop: { priceCents: 5, currency: 'EUR' } };

test('H1a: a call to a service of 9994b20 has the names that it reads', async (t) => {
  const { caller, seen } = await startPair(t, { caller: false, owner: true });
  t.deepEqual(await caller.call('drops.create', OURS), success(OURS.drop));
  t.deepEqual(seen, [THEIRS]);
});

test('H1a: a gateway of 9994b20 is answered with the names that it reads', async (t) => {
  const { caller, seen } = await startPair(t, { caller: true, owner: false });
  t.deepEqual(await caller.call('drops.create', THEIRS), success(THEIRS.drop));
  t.deepEqual(seen, [OURS]);
});

test('H1a: calls of today’s nodes to each other and to themselves have today’s names', async (t) => {
  const { caller, owner, seen } = await startPair(t, { caller: false, owner: false });
  t.deepEqual(await caller.call('drops.create', OURS), success(OURS.drop));
  t.is((await owner.call<{ value: unknown }, object>('drops.create', OURS)).value, OURS.drop);
  t.deepEqual(seen, [OURS, OURS]);
});
