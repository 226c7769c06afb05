// What every driver of order details must do.

import test from 'ava';
import type {
  BuyerKey,
  OrderDetailsStore,
  SealedDetails,
} from '../../../storage/ports/order-details.ts';

const key = (id: string, changes: Partial<BuyerKey> = {}): BuyerKey => ({
  id,
  secretId: 'secret1',
  wrapped: Uint8Array.of(0, 255, 10, 13),
  ...changes,
});
const row = (orderId: string, userId: string, keyId: string, byte = 7): SealedDetails => ({
  orderId,
  userId,
  keyId,
  bytes: Uint8Array.of(byte, 0, 255),
});

export function orderDetailsContract(store: () => OrderDetailsStore): void {
  test('O14: a buyer has one key, the first that was added', async (t) => {
    t.is(await store().findKey('det a'), null);
    const added = await Promise.all(
      ['k1', 'k2', 'k3'].map((id) => store().addKey('det a', key(id))),
    );
    t.is(new Set(added.map(({ id }) => id)).size, 1);
    t.deepEqual(await store().findKey('det a'), added[0]!);
  });

  test('O14: only the wrapping of the present key is replaced', async (t) => {
    await store().addKey('det_b', key('k1'));
    const other = { secretId: 'secret2', wrapped: Uint8Array.of(9) };
    await store().rewrapKey('det_b', key('k2', other));
    t.deepEqual(await store().findKey('det_b'), key('k1'));
    await store().rewrapKey('det_b', key('k1', other));
    t.deepEqual(await store().findKey('det_b'), key('k1', other));
    await store().rewrapKey('det_b2', key('k1'));
    t.is(await store().findKey('det_b2'), null);
  });

  test('O14: details are stored under the present key only, and replaced', async (t) => {
    t.false(await store().put(row('det_c-0', 'det_c', 'k1')));
    await store().addKey('det_c', key('k1'));
    t.false(await store().put(row('det_c-0', 'det_c', 'k2')));
    t.true(await store().put(row('det_c-0', 'det_c', 'k1')));
    t.true(await store().put(row('det_c-0', 'det_c', 'k1', 8)));
    t.true(await store().put(row('det_c-2', 'det_c', 'k1')));
    t.deepEqual(await store().find(['det_c-2', 'det_c-1', 'det_c-0']), [
      row('det_c-2', 'det_c', 'k1'),
      null,
      row('det_c-0', 'det_c', 'k1', 8),
    ]);
    await store().remove({ orderId: 'det_c-0', userId: 'det_c' });
    await store().remove({ orderId: 'det_c-0', userId: 'det_c' });
    t.deepEqual(await store().find(['det_c-0']), [null]);
    t.deepEqual(await store().find([]), []);
  });

  test('O14: an erasure takes key and details of one buyer, however many', async (t) => {
    await store().addKey('det_d', key('k1'));
    await store().addKey('det_e', key('k1'));
    const orders = Array.from({ length: 250 }, (_, i) => `det_d-${i}`);
    await Promise.all(orders.map((id) => store().put(row(id, 'det_d', 'k1'))));
    await store().put(row('det_e-0', 'det_e', 'k1'));
    await store().erase('det_d');
    await store().erase('det_d');
    t.is(await store().findKey('det_d'), null);
    t.true((await store().find(orders)).every((found) => found === null));
    t.false(await store().put(row('det_d-0', 'det_d', 'k1')), 'not under an erased key');
    t.deepEqual(await store().find(['det_e-0']), [row('det_e-0', 'det_e', 'k1')]);
    t.deepEqual(await store().addKey('det_d', key('k2')), key('k2'));
  });
}
