// Sealed drops for tests: sealing and loading in one call, and the one piece of earlier releases.

import { applyEvent, createDrop } from '../../domain/apply.ts';
import type { DropState } from '../../domain/drop-state.ts';
import { encodeChecksummed } from '../../storage/formats/checksummed.ts';
import { encodePart, type PendingPart, snapshotDrop } from '../../storage/formats/drop-snapshot.ts';
import { loadSealedDrop, sealDrop } from '../../storage/formats/sealed-drop.ts';
import { MemorySnapshotStore } from '../../storage/memory/snapshots-memory.ts';
import type { SnapshotStore } from '../../storage/ports/snapshots.ts';

export const noPause = async () => {};

export async function seal(
  snapshots: SnapshotStore,
  state: DropState,
  sequence = 1,
): Promise<boolean> {
  return await sealDrop({ snapshots, state, version: state.version, sequence, pause: noPause });
}

export async function unseal(snapshots: SnapshotStore, dropId: string): Promise<DropState | null> {
  const sealed = await snapshots.findSealedDrop(dropId);
  return sealed === null ? null : await loadSealedDrop(sealed, noPause);
}

/** The drop as it comes back after sealing. */
export async function sealedAndLoaded(state: DropState): Promise<DropState> {
  const snapshots = new MemorySnapshotStore();
  await seal(snapshots, state);
  return (await unseal(snapshots, state.id))!;
}

/** Every field and every order of the drop, as bytes; also how earlier releases sealed it. */
export function wholeDrop(state: DropState): Buffer {
  const parts: PendingPart[] = [];
  const snapshot = snapshotDrop(state, () => false, parts);
  return Buffer.from(encodeChecksummed({ snapshot, parts: parts.map(encodePart) }));
}

/** A live drop with as many orders. */
export function dropWith(orders: number, id = 'd_1'): DropState {
  const terms = {
    id,
    productId: 'p_1',
    creatorId: 'c',
    startsAt: 0,
    endsAt: 1e9,
    unitAmount: 1,
    currency: 'EUR',
    limitPerUser: 10,
    holdSeconds: 60,
    payment: 'provider',
  } as const;
  const state = createDrop({ type: 'drop-created', terms, stock: 1_000_000 }, 1);
  applyEvent(state, { type: 'drop-opened' }, 1);
  addOrders(state, 0, orders);
  return state;
}

export function addOrders(state: DropState, from: number, to: number): void {
  for (let i = from; i < to; i++) {
    applyEvent(
      state,
      { type: 'order-placed', userId: `user${i % 5000}`, key: `key-${i}`, quantity: 1 + (i % 3) },
      1000 + i,
    );
  }
}
