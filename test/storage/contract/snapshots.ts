// What every snapshot driver must do.

import test from 'ava';
import { applyEvent } from '../../../domain/apply.ts';
import { SEGMENT_LENGTH } from '../../../domain/text-index.ts';
import type {
  SealedDropWriter,
  SnapshotPart,
  SnapshotStore,
} from '../../../storage/ports/snapshots.ts';
import { dropWith, seal as sealState, unseal, wholeDrop } from '../sealed-drops.ts';
import type { Stores } from '../../../storage/ports/stores.ts';
import { failsWith } from './errors.ts';

const part = (name: string, size = 10): SnapshotPart => ({
  name,
  bytes: Buffer.alloc(size, name),
});
const snapshot = (sequence: number, ...partNames: string[]) => ({
  sequence,
  head: Buffer.from(`head ${sequence}`),
  partNames,
});

export function snapshotsContract(stores: () => Pick<Stores, 'snapshots'>): void {
  const snapshots = (): SnapshotStore => stores().snapshots;
  let lastShard = 5000;
  const nextShard = () => ++lastShard;

  test('J6: a snapshot is loaded with its parts in the order of their names', async (t) => {
    const shard = nextShard();
    t.is(await snapshots().loadSnapshot(shard), null);
    t.is(await snapshots().snapshotSequence(shard), 0);
    const parts = [part('a'), part('b', 200_000), part('c', 0)];
    await snapshots().saveSnapshot(shard, 1, snapshot(7, 'b', 'c', 'a'), parts);
    const loaded = await snapshots().loadSnapshot(shard);
    t.is(loaded!.snapshot.sequence, 7);
    t.is(await snapshots().snapshotSequence(shard), 7);
    t.is(Buffer.from(loaded!.snapshot.head).toString(), 'head 7');
    t.deepEqual(loaded!.snapshot.partNames, ['b', 'c', 'a']);
    t.deepEqual(
      loaded!.parts.map(({ name, bytes }) => ({ name, bytes: Buffer.from(bytes) })),
      [part('b', 200_000), part('c', 0), part('a')],
    );
  });

  test('J6: parts are written once, and removed when no longer named', async (t) => {
    const shard = nextShard();
    await snapshots().saveSnapshot(shard, 1, snapshot(1, 'a', 'b'), [part('a'), part('b')]);
    await snapshots().saveSnapshot(shard, 1, snapshot(2, 'b', 'c'), [part('c')]);
    const loaded = await snapshots().loadSnapshot(shard);
    t.deepEqual(
      loaded!.parts.map(({ name }) => name),
      ['b', 'c'],
    );
    await failsWith(t, 'corrupt', snapshots().saveSnapshot(shard, 1, snapshot(3, 'a', 'c'), []));
    t.is((await snapshots().loadSnapshot(shard))!.snapshot.sequence, 2);
  });

  test('J6: a snapshot is read part by part, without those that a newer one replaced', async (t) => {
    const shard = nextShard();
    t.is(await snapshots().openSnapshot(shard), null);
    const parts = [part('a'), part('b', 200_000)];
    await snapshots().saveSnapshot(shard, 1, snapshot(1, 'b', 'a'), parts);
    const opened = (await snapshots().openSnapshot(shard))!;
    t.like(opened.snapshot, { sequence: 1, partNames: ['b', 'a'] });
    t.is(Buffer.from(opened.snapshot.head).toString(), 'head 1');
    t.deepEqual(Buffer.from((await opened.part('b'))!), part('b', 200_000).bytes);
    await snapshots().saveSnapshot(shard, 1, snapshot(2, 'b', 'c'), [part('c')]);
    t.is(await opened.part('a'), null);
    t.deepEqual(Buffer.from((await opened.part('b'))!), part('b', 200_000).bytes);
  });

  test('J2: an older epoch cannot replace a newer snapshot', async (t) => {
    const shard = nextShard();
    await snapshots().saveSnapshot(shard, 2, snapshot(5, 'a'), [part('a')]);
    const late = snapshots().saveSnapshot(shard, 1, snapshot(9, 'b'), [part('b')]);
    await failsWith(t, 'fenced', late);
    await snapshots().saveSnapshot(shard, 2, snapshot(6, 'a'), []);
    await snapshots().saveSnapshot(shard, 3, snapshot(7, 'a'), []);
    t.is((await snapshots().loadSnapshot(shard))!.snapshot.sequence, 7);
  });

  test('J6: shards have snapshots and part names of their own', async (t) => {
    const [one, other] = [nextShard(), nextShard()];
    await snapshots().saveSnapshot(one, 1, snapshot(1, 'same'), [part('same', 1)]);
    await snapshots().saveSnapshot(other, 1, snapshot(2, 'same'), [part('same', 2)]);
    t.is((await snapshots().loadSnapshot(one))!.parts[0]!.bytes.length, 1);
    t.is((await snapshots().loadSnapshot(other))!.parts[0]!.bytes.length, 2);
  });

  test('O5: a sealed drop and its parts stay until they are replaced', async (t) => {
    t.is(await snapshots().findSealedDrop('drop_unknown'), null);
    await seal(snapshots(), 'drop_sealed', 7, ['a', 'b'], ['a', 'b']);
    await seal(snapshots(), 'drop_sealed', 8, ['b', 'c'], ['c']);
    const sealed = (await snapshots().findSealedDrop('drop_sealed'))!;
    t.is(sealed.version, 8);
    t.is(Buffer.from(sealed.head).toString(), 'head 8');
    t.deepEqual(Buffer.from(await sealed.readPart('b')), part('b').bytes);
    t.deepEqual(Buffer.from(await sealed.readPart('c')), part('c').bytes);
    await failsWith(t, 'corrupt', sealed.readPart('a'));
  });

  test('W1: an earlier owner that seals a drop late replaces no later version', async (t) => {
    await seal(snapshots(), 'drop_late', 12, ['later'], ['later']);
    const late = await snapshots().sealDrop('drop_late');
    await late.add(part('early', 600_000));
    await late.finish({ version: 9, head: Buffer.from('head 9'), partNames: ['early'] });
    const kept = (await snapshots().findSealedDrop('drop_late'))!;
    t.is(kept.version, 12);
    t.deepEqual(Buffer.from(await kept.readPart('later')), part('later').bytes);
    await seal(snapshots(), 'drop_late', 12, ['again'], ['again']);
    const again = (await snapshots().findSealedDrop('drop_late'))!;
    t.deepEqual(Buffer.from(await again.readPart('again')), part('again').bytes);
  });

  test('O5: before the head is written, readers find the drop as it was', async (t) => {
    await seal(snapshots(), 'drop_broken', 1, ['a', 'b'], ['a', 'b']);
    // As the end of the process leaves it between two parts.
    const broken = await snapshots().sealDrop('drop_broken');
    await broken.add(part('c', 600_000));
    const found = (await snapshots().findSealedDrop('drop_broken'))!;
    t.is(found.version, 1);
    t.deepEqual(Buffer.from(await found.readPart('a')), part('a').bytes);
    // The next sealing goes on from what is stored.
    await seal(snapshots(), 'drop_broken', 2, ['a', 'd'], ['d']);
    const next = (await snapshots().findSealedDrop('drop_broken'))!;
    t.is(next.version, 2);
    t.deepEqual(Buffer.from(await next.readPart('a')), part('a').bytes);
    t.deepEqual(Buffer.from(await next.readPart('d')), part('d').bytes);
    await failsWith(t, 'corrupt', next.readPart('c'));
  });

  test('J9: a sealing that ends between any two writes changes nothing, and the next is whole', async (t) => {
    const before = dropWith(2 * SEGMENT_LENGTH + 5, 'drop_killed');
    t.true(await sealState(snapshots(), before));
    const after = dropWith(2 * SEGMENT_LENGTH + 5, 'drop_killed');
    for (const ordinal of [7, SEGMENT_LENGTH + 7, 2 * SEGMENT_LENGTH])
      applyEvent(after, { type: 'order-confirmed', ordinal, reference: 'paid' }, 9000);
    let writes = 0;
    for (let ended = false; !ended; writes += 1) {
      const wasWhole = await sealState(endingAfter(snapshots(), writes), after).catch(() => false);
      ended = wasWhole;
      const found = (await unseal(snapshots(), 'drop_killed'))!;
      t.true(wholeDrop(found).equals(wholeDrop(ended ? after : before)), `${writes} writes`);
    }
    // Ended before each of four writes (two parts of states, the tail, the head), then not at all.
    t.is(writes, 5);
  });

  test('O5: a drop without one of its parts is not sealed', async (t) => {
    await seal(snapshots(), 'drop_lacking', 1, ['a'], ['a']);
    await failsWith(t, 'corrupt', seal(snapshots(), 'drop_lacking', 2, ['a', 'b'], []));
    const kept = (await snapshots().findSealedDrop('drop_lacking'))!;
    t.is(kept.version, 1);
    t.deepEqual(Buffer.from(await kept.readPart('a')), part('a').bytes);
  });

  test('O5: a reader of a drop that is sealed again meanwhile is not given parts of two', async (t) => {
    await seal(snapshots(), 'drop_read', 1, ['a', 'b1'], ['a', 'b1']);
    const reader = (await snapshots().findSealedDrop('drop_read'))!;
    await seal(snapshots(), 'drop_read', 2, ['a', 'b2'], ['b2']);
    const outcome = await reader.readPart('b1').then(
      (bytes) => Buffer.from(bytes).toString(),
      (error: { code: string }) => error.code,
    );
    t.true(['store-unavailable', part('b1').bytes.toString()].includes(outcome), outcome);
  });
}

async function seal(
  snapshots: SnapshotStore,
  dropId: string,
  version: number,
  partNames: readonly string[],
  added: readonly string[],
): Promise<void> {
  const writer = await snapshots.sealDrop(dropId);
  for (const name of added) await writer.add(part(name));
  await writer.finish({ version, head: Buffer.from(`head ${version}`), partNames });
}

/** Whose process ends after so many writes of a sealing. */
function endingAfter(snapshots: SnapshotStore, writes: number): SnapshotStore {
  let left = writes;
  const write = async (run: () => Promise<void>): Promise<void> => {
    if (left === 0) throw new Error('the process has ended');
    left -= 1;
    await run();
  };
  const sealDrop = async (dropId: string): Promise<SealedDropWriter> => {
    const writer = await snapshots.sealDrop(dropId);
    return {
      add: (added) => write(() => writer.add(added)),
      finish: (drop) => write(() => writer.finish(drop)),
    };
  };
  const findSealedDrop = (dropId: string) => snapshots.findSealedDrop(dropId);
  return { findSealedDrop, sealDrop } as SnapshotStore;
}
