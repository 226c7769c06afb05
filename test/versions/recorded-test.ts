// The test of data that an earlier commit wrote, opened by today's tree: everything is there as it
// was shown then, and the sale goes on.

import type { ExecutionContext } from 'ava';
import type { SaleClient } from '../end-to-end/sale-client.ts';
import { assertGoesOn, assertShown, assertVerified, type OPENINGS } from './opened-sale.ts';
import type { Recording } from './recorded.ts';
import type { RecordedSale } from './recorded-sale.ts';

const TIMEOUT_MS = 240_000;

/** A key that was answered by the earlier version is answered by today's with the same. */
async function assertLevel3GoesOn(t: ExecutionContext, client: SaleClient, sale: RecordedSale) {
  const { drops, creator, answers } = sale;
  const as = answers.find(({ path }) => path === '/v1/users/me')!.as!;
  const again = await client.order(drops['parts']!, as, 'in-parts', 3);
  t.is(again.json['code'], 'idempotency-key-reused', 'another body under the key (O3)');
  t.is((await client.order(drops['paused']!, 'new', 'k')).json['code'], 'drop-paused');
  t.is((await client.post(`/v1/drops/${drops['paused']!}/resume`, { as: creator })).status, 200);
  t.is((await client.order(drops['paused']!, 'new', 'k')).status, 201);
  const draft = answers.find(({ text }) => text.includes('"status":"draft"'))!;
  const announced = await client.post(`${draft.path}/announce`, { as: creator });
  t.is(announced.json['status'], 'live');
  t.is((await client.order(String(announced.json['id']), 'new', 'k')).status, 201);
  const [order] = await client.listAll(`/v1/drops/${drops['parts']!}/orders`, creator);
  const refund = { as: creator, body: { amount: 1 } };
  t.is((await client.post(`/v1/orders/${String(order!['id'])}/refund`, refund)).status, 200);
}

/** Declares it, for one kind of store. */
export function testRecording(
  recording: Recording,
  { name, open, run }: (typeof OPENINGS)[number],
) {
  const { commit } = recording;
  run(`what ${commit} wrote is shown as it was, verifies, and goes on (${name})`, async (t) => {
    t.timeout(TIMEOUT_MS);
    const { sale, node } = await open(t, recording);
    const first = node();
    const client = await first.start();
    await assertShown(t, client, sale, recording);
    const token = client.token('olga', 600, ['operator']);
    const actions = await client.get('/v1/operator/audit?action=rebuild', { token });
    t.regex(actions.text, /"action":"rebuild"/);
    await assertVerified(t, client);
    await assertGoesOn(t, client, sale);
    if (recording.hasLevel3) await assertLevel3GoesOn(t, client, sale);
    await assertVerified(t, client);
    const before = (await client.get('/v1/orders?limit=100', { as: 'new' })).text;
    t.is(await first.stop(), 0);

    const again = await node().start();
    t.is((await again.get('/v1/orders?limit=100', { as: 'new' })).text, before);
    await assertVerified(t, again);
  });
}
