// Sealed drops: what is written of them, and what is found again.

import test from 'ava';
import { applyEvent } from '../../domain/apply.ts';
import { SEGMENT_LENGTH } from '../../domain/text-index.ts';
import { decodeSealedHead, sealDrop, sealedView } from '../../storage/formats/sealed-drop.ts';
import { MemorySnapshotStore } from '../../storage/memory/snapshots-memory.ts';
import type { SealedDrop } from '../../storage/ports/snapshots.ts';
import { dropWith, noPause, seal, unseal, wholeDrop } from './sealed-drops.ts';

/** Counts what is written, by the kind of the part. */
class CountingStore extends MemorySnapshotStore {
  written: string[] = [];

  override async sealDrop(dropId: string) {
    const writer = await super.sealDrop(dropId);
    return {
      add: (part: { name: string; bytes: Uint8Array }) => {
        this.written.push(part.name.split('/')[1]!);
        return writer.add(part);
      },
      finish: (drop: Parameters<typeof writer.finish>[0]) => {
        this.written.push('head');
        return writer.finish(drop);
      },
    };
  }
}

test('J9: a drop that is sealed again writes only the parts that changed', async (t) => {
  const snapshots = new CountingStore();
  const state = dropWith(SEGMENT_LENGTH * 3 + 10);
  await seal(snapshots, state);
  const segments = ['orders', 'states', 'orders', 'states', 'orders', 'states'];
  t.deepEqual(snapshots.written, ['users', ...segments, 'tail', 'head']);
  snapshots.written = [];
  t.true(await seal(snapshots, state));
  t.deepEqual(snapshots.written, [], 'an unchanged drop');

  applyEvent(state, { type: 'order-confirmed', ordinal: 5000, reference: 'other' }, 9000);
  t.true(await seal(snapshots, state));
  t.deepEqual(snapshots.written, ['states', 'tail', 'head']);
  const loaded = (await unseal(snapshots, state.id))!;
  t.true(wholeDrop(loaded).equals(wholeDrop(state)));
  t.is(loaded.orderView(5000).paymentReference, 'other');
});

test('O2: a drop that changes while it is sealed stays as it was stored', async (t) => {
  const snapshots = new MemorySnapshotStore();
  const state = dropWith(SEGMENT_LENGTH * 6);
  await seal(snapshots, state);
  const before = wholeDrop(state);
  for (let i = 0; i < 6; i++)
    applyEvent(state, { type: 'order-expired', ordinal: SEGMENT_LENGTH * i }, 9000);
  const { version } = state;
  let pauses = 0;
  const pause = async () => {
    pauses += 1;
    applyEvent(state, { type: 'order-expired', ordinal: pauses }, 9000);
  };
  t.false(await sealDrop({ snapshots, state, version, sequence: 2, pause }));
  t.true(pauses > 0);
  t.true(wholeDrop((await unseal(snapshots, state.id))!).equals(before));
  t.true(await seal(snapshots, state));
  t.true(wholeDrop((await unseal(snapshots, state.id))!).equals(wholeDrop(state)));
});

test('J9: the head alone gives the view of the drop', async (t) => {
  const snapshots = new MemorySnapshotStore();
  const state = dropWith(SEGMENT_LENGTH + 7);
  await seal(snapshots, state, 42);
  const sealed = (await snapshots.findSealedDrop(state.id))!;
  const head = await decodeSealedHead(sealed, noPause);
  t.deepEqual(sealedView(head), state.view());
  t.is(head.sequence, 42);
  t.true(sealed.head.length < 1000, `${sealed.head.length} bytes`);
});

test('J5: a sealed drop that is damaged anywhere is found damaged', async (t) => {
  const snapshots = new MemorySnapshotStore();
  const state = dropWith(SEGMENT_LENGTH + 7);
  await seal(snapshots, state);
  const sealed = (await snapshots.findSealedDrop(state.id))!;
  const damaged = (bytes: Uint8Array): Uint8Array => {
    const copy = Buffer.from(bytes);
    copy[copy.length >> 1]! ^= 1;
    return copy;
  };
  const { version } = sealed;
  const readPart = (name: string) => sealed.readPart(name);
  const headDamaged: SealedDrop = { version, head: damaged(sealed.head), readPart };
  await t.throwsAsync(decodeSealedHead(headDamaged, noPause), { code: 'corrupt' });
  for (const kind of ['users', 'orders', 'states', 'tail']) {
    const find = async () => ({
      version,
      head: sealed.head,
      readPart: async (name: string) => {
        const bytes = await readPart(name);
        return name.includes(`/${kind}/`) ? damaged(bytes) : bytes;
      },
    });
    const store = Object.assign(new MemorySnapshotStore(), { findSealedDrop: find });
    await t.throwsAsync(unseal(store, state.id), { code: 'corrupt' }, kind);
  }
});

test('J1: a drop that an earlier release sealed in one piece is loaded', async (t) => {
  const state = dropWith(SEGMENT_LENGTH * 5 + 3);
  const head = wholeDrop(state);
  const readPart = () => Promise.reject(new Error('it has no parts'));
  const store = (bytes: Uint8Array) =>
    Object.assign(new MemorySnapshotStore(), {
      findSealedDrop: async () => ({ version: state.version, head: bytes, readPart }),
    });
  t.true(wholeDrop((await unseal(store(head), state.id))!).equals(head));
  // Beyond the first step, at both ends, and cut short.
  for (const at of [0, 10, head.length >> 1, head.length - 1]) {
    const damaged = Buffer.from(head);
    damaged[at]! ^= 1;
    await t.throwsAsync(unseal(store(damaged), state.id), { code: 'corrupt' });
  }
  await t.throwsAsync(unseal(store(head.subarray(0, -1)), state.id), { code: 'corrupt' });
});

test('J9: what a drop takes in memory is estimated from its orders and users', (t) => {
  const [small, large] = [dropWith(100), dropWith(SEGMENT_LENGTH * 10)];
  t.true(small.memoryBytes < 40_000, `${small.memoryBytes}`);
  const perOrder = large.memoryBytes / large.orders.size;
  t.true(perOrder > 50 && perOrder < 150, `${perOrder} bytes an order`);
});
