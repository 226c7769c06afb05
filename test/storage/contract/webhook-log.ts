// What every driver of the webhook log must do.

import test from 'ava';
import type { Stores } from '../../../storage/ports/stores.ts';

export function webhookLogContract(stores: () => Pick<Stores, 'webhookLog'>): void {
  test('P2: a handled webhook id is remembered until its time is over', async (t) => {
    const log = stores().webhookLog;
    t.false(await log.has('msg_1'));
    await log.add('msg_1', 100);
    await log.add('msg_1', 300);
    await log.add('msg_2', 200);
    t.true(await log.has('msg_1'));
    await log.removeBefore(200);
    t.false(await log.has('msg_1'));
    t.true(await log.has('msg_2'));
  });
}
