// What every snapshot driver must do.

import test from 'ava';
import type { SnapshotPart, SnapshotStore } from '../../../storage/ports/snapshots.ts';
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

  test('O5: a sealed drop stays until it is replaced', async (t) => {
    t.is(await snapshots().loadSealedDrop('drop_unknown'), null);
    await snapshots().saveSealedDrop('drop_sealed', 7, Buffer.from('first'));
    await snapshots().saveSealedDrop('drop_sealed', 8, Buffer.from('second'));
    const sealed = await snapshots().loadSealedDrop('drop_sealed');
    t.is(Buffer.from(sealed!).toString(), 'second');
  });

  test('W1: an earlier owner that seals a drop late replaces no later version', async (t) => {
    await snapshots().saveSealedDrop('drop_late', 12, Buffer.from('later'));
    await snapshots().saveSealedDrop('drop_late', 9, Buffer.alloc(600_000));
    t.is(Buffer.from((await snapshots().loadSealedDrop('drop_late'))!).toString(), 'later');
    await snapshots().saveSealedDrop('drop_late', 12, Buffer.from('again'));
    t.is(Buffer.from((await snapshots().loadSealedDrop('drop_late'))!).toString(), 'again');
  });
}
