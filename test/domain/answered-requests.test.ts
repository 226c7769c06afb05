import test from 'ava';
import { applyEvent } from '../../domain/apply.ts';
import { ANSWERED_REQUESTS_MAX, REPEAT_MS } from '../../domain/answered-requests.ts';
import { answerTo, decide } from '../../domain/decide.ts';
import type { DropState } from '../../domain/drop-state.ts';
import { dropWith, sealedAndLoaded, wholeDrop } from '../storage/sealed-drops.ts';

const NOW = 10_000;

function restock(id: string, fingerprint = 'f', units = 10) {
  return {
    type: 'amend-drop',
    dropId: 'd_1',
    caller: { userId: 'c', operator: false },
    addStock: units,
    request: { id, fingerprint, callerId: 'c' },
  } as const;
}

/** The code of the refusal, or the stock in the answer. */
function send(state: DropState, id: string, now: number, fingerprint = 'f'): string | number {
  const command = restock(id, fingerprint);
  const decision = decide(state, command, now);
  if (!decision.ok) return decision.code;
  for (const event of decision.events) applyEvent(state, event, now);
  return (answerTo(state, command, decision) as { stocked: number }).stocked;
}

/** A drop that has answered as many requests, one each millisecond. */
function dropThatAnswered(count: number): DropState {
  const state = dropWith(3);
  for (let i = 0; i < count; i++) {
    const event = { type: 'request-answered', id: `r${i}`, fingerprint: 'f', about: null } as const;
    applyEvent(state, event, NOW + i);
  }
  return state;
}

test('H11: the same request restocks once, and another body under its key is refused', (t) => {
  const state = dropWith(0);
  const { stocked } = state;
  t.is(send(state, 'a', NOW), stocked + 10);
  t.is(send(state, 'b', NOW), stocked + 20);
  t.is(send(state, 'a', NOW + 1), stocked + 10, 'the first answer, although more was added since');
  t.is(send(state, 'a', NOW + 1, 'other'), 'idempotency-key-reused');
  t.is(state.stocked, stocked + 20);
});

test('H11: the first answer is given for 24 hours, and then the key is new', (t) => {
  const state = dropWith(0);
  const { stocked } = state;
  t.is(send(state, 'a', NOW), stocked + 10);
  t.is(send(state, 'a', NOW + REPEAT_MS - 1), stocked + 10);
  t.is(send(state, 'a', NOW + REPEAT_MS), stocked + 20);
  t.is(state.answered?.size, 1, 'the old one is evicted');
});

test('H11: a refusal is not remembered: the same key may be tried again', (t) => {
  const state = dropWith(0);
  const lower = { ...restock('a', 'f', -2_000_000) };
  const refused = decide(state, lower, NOW);
  t.is(refused.ok ? 'done' : refused.code, 'insufficient-stock');
  t.is(state.answered, null);
  t.is(send(state, 'a', NOW), state.stocked);
});

test('H11: past the bound a new key waits until the oldest has ended; none is forgotten', (t) => {
  const state = dropThatAnswered(ANSWERED_REQUESTS_MAX);
  const now = NOW + ANSWERED_REQUESTS_MAX;
  const refused = decide(state, restock('new'), now);
  t.like(refused, { ok: false, code: 'rate-limited', retryAfterMs: NOW + REPEAT_MS - now });
  const replayed = decide(state, restock('r0'), now);
  t.true(replayed.ok && replayed.replayed);
  t.is(send(state, 'new', NOW + REPEAT_MS), state.stocked);
});

test('H11: sealing keeps the answers, those of full segments too', async (t) => {
  const state = dropThatAnswered(700);
  // The first 300 end.
  send(state, 'last', NOW + REPEAT_MS + 299);
  t.deepEqual([state.answered?.first, state.answered?.size], [300, 401]);
  const loaded = await sealedAndLoaded(state);
  t.deepEqual(wholeDrop(loaded), wholeDrop(state));
  t.deepEqual(loaded.answered, state.answered);
  const replayed = decide(loaded, restock('r300'), NOW + REPEAT_MS + 299);
  t.true(replayed.ok && replayed.replayed);
});
