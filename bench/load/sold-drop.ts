// A drop that sold every unit and is over, made in memory: each order is of a user of its own.

import { applyEvent, createDrop } from '../../domain/apply.ts';
import type { DropState } from '../../domain/drop-state.ts';

export function soldDrop(id: string, orders: number): DropState {
  const terms = {
    id,
    productId: 'p_1',
    creatorId: 'u_creator',
    startsAt: 1,
    endsAt: 1e9,
    unitAmount: 1999,
    currency: 'EUR',
    limitPerUser: 10,
    holdSeconds: 60,
    payment: 'instant',
  } as const;
  const state = createDrop({ type: 'drop-created', terms, stock: orders }, 1);
  applyEvent(state, { type: 'drop-opened' }, 1);
  for (let i = 0; i < orders; i++) {
    const text = String(i).padStart(12, '0');
    const userId = `u_01jd0000000000${text}`;
    const key = `0192f3a4-0000-7000-8000-${text}`;
    applyEvent(state, { type: 'order-placed', userId, key, quantity: 1 }, 1000 + i);
  }
  applyEvent(state, { type: 'drop-closed' }, terms.endsAt);
  return state;
}
