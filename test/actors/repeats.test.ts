// Requests with an Idempotency-Key at the owner of a drop (H11): one effect and one answer, however
// the append of the first try ended, and wherever the drop is by the next.

import test from 'ava';
import type { AmendDrop, RefundOrder } from '../../contracts/commands.ts';
import { shardOf } from '../../domain/ids.ts';
import { ask, codeOf, createDrop, NOW, order, startHost, terms } from './harness.ts';

const creator = { userId: 'creator', operator: false };

function restock(id: string): AmendDrop {
  const request = { id, fingerprint: 'same', callerId: 'creator' };
  return { type: 'amend-drop', dropId: 'd_1', caller: creator, addStock: 10, request };
}

for (const failure of ['before', 'after'] as const) {
  test(`H11: an append that fails ${failure} writing restocks once`, async (t) => {
    const { host, journal, clock } = await startHost();
    await createDrop(host, 5);
    journal.failures = [failure];
    t.is(codeOf(await ask(host, restock('r1'))), 'unavailable');
    await clock.advance(1000);
    const again = await ask(host, restock('r1'));
    t.like(again, { ok: true, value: { stocked: 15 } });
    t.is(again.ok && again.replayed, failure === 'after' ? true : undefined);
    t.like(await ask(host, restock('r1')), { ok: true, replayed: true, value: { stocked: 15 } });
  });

  test(`H11: a creation whose append fails ${failure} writing makes one drop`, async (t) => {
    const { host, journal, clock } = await startHost();
    const request = { id: 'r1', fingerprint: 'same', callerId: 'creator' };
    const made = terms({ payment: 'provider' });
    const create = {
      type: 'create-drop',
      dropId: made.id,
      terms: made,
      stock: 3,
      request,
    } as const;
    journal.failures = [failure];
    t.is(codeOf(await ask(host, create)), 'unavailable');
    await clock.advance(1000);
    const first = await ask(host, create);
    await order(host, 'ann');
    const again = await ask(host, create);
    t.deepEqual(again, { ...first, replayed: true }, 'the drop as it was made');
    t.like(again, { ok: true, value: { held: 0, status: 'live' } });
  });
}

test('H11: tries that wait together, and those after a restart, get the first answer', async (t) => {
  const harness = await startHost();
  const { host } = harness;
  await createDrop(host, 5);
  const replies = await host.execute([restock('r1'), restock('r2'), restock('r1'), restock('r1')]);
  t.deepEqual(
    replies.map(
      (reply) => reply.ok && [(reply.value as { stocked: number }).stocked, 'replayed' in reply],
    ),
    [
      [15, false],
      [25, false],
      [15, true],
      [15, true],
    ],
  );
  const next = await startHost(harness);
  t.deepEqual(await ask(next.host, restock('r1')), replies[2]);
  const view = await ask(next.host, { type: 'get-drop', dropId: 'd_1' });
  t.is(view.ok && view.value.stocked, 25);
});

test('H11: a drop that was sealed since gives the first answer again', async (t) => {
  const { host, clock } = await startHost();
  await createDrop(host, 5, { endsAt: NOW + 10_000 });
  const { order: placed } = await order(host, 'ann');
  await clock.advance(10_000);
  const request = { id: 'r1', fingerprint: 'same', callerId: 'creator' };
  const refund: RefundOrder = {
    type: 'refund-order',
    dropId: 'd_1',
    orderId: placed.id,
    caller: creator,
    request,
  };
  const first = await ask(host, refund);
  t.like(first, { ok: true, value: { status: 'refunded' } });
  await clock.advance(70_000);
  t.is(host.shards[shardOf('d_1', 4)]!.dropCount, 0, 'it left memory');
  t.deepEqual(await ask(host, refund), { ...first, replayed: true });
});

test('H11: a cancelled order tells a repeated cancellation by itself', async (t) => {
  const { host } = await startHost();
  await createDrop(host, 5, { payment: 'provider' });
  const { order: placed } = await order(host, 'ann');
  const cancel = {
    type: 'cancel-order',
    dropId: 'd_1',
    orderId: placed.id,
    caller: { userId: 'ann', operator: false },
    request: { id: 'r1', fingerprint: 'same', callerId: 'ann' },
  } as const;
  const first = await ask(host, cancel);
  t.like(first, { ok: true, value: { status: 'cancelled' } });
  t.false('replayed' in first);
  t.deepEqual(await ask(host, cancel), { ...first, replayed: true });
});
