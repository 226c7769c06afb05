// What a sale may have since feature level 3, made through a server's own API: metadata, refunds in
// parts, disputes, drafts, pauses, keys of machines, contacts.

import { dropTerms, type SaleClient, succeeded } from '../end-to-end/sale-client.ts';

const HOUR_MS = 3_600_000;

export interface AddedToSale {
  /** Live drops, by what they show. */
  readonly drops: Readonly<Record<string, string>>;
  readonly paths: readonly (readonly [path: string, as: string | null])[];
}

/** Throws where the server refuses anything. */
export async function addLevel3(
  client: SaleClient,
  creator: string,
  ann: string,
): Promise<AddedToSale> {
  const metadata = { campaign: 'Frühjahr', shelf: '7' };
  const parts = await client.drop(creator, {
    payment: 'provider',
    endsAt: new Date(Date.now() + 1_000 * HOUR_MS).toISOString(),
    metadata,
    externalId: 'erp/4711',
  });
  const paused = await client.drop(creator, { metadata });
  succeeded(await client.post(`/v1/drops/${paused}/pause`, { as: creator }));
  const order = (key: string) =>
    client.post(`/v1/drops/${parts}/orders`, {
      as: ann,
      headers: { 'idempotency-key': key },
      body: { quantity: 2, metadata },
    });
  const refunded = String(succeeded(await order('in-parts')).json['id']);
  const disputed = String(succeeded(await order('disputed')).json['id']);
  for (const id of [refunded, disputed]) {
    succeeded(await client.webhook('payment.succeeded', id, { reference: `pi_${id}` }));
  }
  const part = { quantity: 1, reason: 'Eine war zerbrochen.' };
  succeeded(await client.post(`/v1/orders/${refunded}/refund`, { as: creator, body: part }));
  const about = { reference: `pi_${disputed}`, amount: 600, currency: 'EUR' };
  succeeded(await client.webhook('payment.disputed', disputed, about));
  const productId = await client.product(creator);
  const draft = succeeded(
    await client.post(`/v1/products/${productId}/drops`, {
      as: creator,
      headers: { 'idempotency-key': 'a-draft' },
      body: { ...dropTerms(), draft: true },
    }),
  );
  await shop(client, creator);
  return { drops: { parts, paused }, paths: pathsOf(String(draft.json['id'])) };

  function pathsOf(draftId: string): AddedToSale['paths'] {
    return [
      [`/v1/drops/${draftId}`, creator],
      [`/v1/drops/${parts}`, null],
      [`/v1/drops/${paused}`, null],
      [`/v1/drops/${parts}/orders`, creator],
      [`/v1/orders/${refunded}`, ann],
      [`/v1/orders/${refunded}/payments`, creator],
      [`/v1/orders/${disputed}/payments`, creator],
      ['/v1/account/api-keys', creator],
    ];
  }
}

async function shop(client: SaleClient, creator: string): Promise<void> {
  const keyBody = { name: 'Desk', scopes: ['contacts:write'] };
  const made = succeeded(await client.post('/v1/account/api-keys', { as: creator, body: keyBody }));
  const contact = { email: 'ann@example.org', language: 'de' };
  const key = { token: String(made.json['key']), body: contact };
  succeeded(await client.call('PUT', '/v1/shop/contacts/ann', key));
}
