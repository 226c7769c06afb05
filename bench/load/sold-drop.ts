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
    const userId = userOf(i);
    const key = `0192f3a4-0000-7000-8000-${textOf(i)}`;
    applyEvent(state, { type: 'order-placed', userId, key, quantity: 1 }, 1000 + i);
  }
  applyEvent(state, { type: 'drop-closed' }, terms.endsAt);
  return state;
}

/** Of the same length for all. */
function textOf(order: number): string {
  return String(order).padStart(12, '0');
}

function userOf(order: number): string {
  return `u_01jd0000000000${textOf(order)}`;
}

/** The buyer of a drop's first order. */
export const SOLD_TO_FIRST = userOf(0);
