// What every driver of analytics must do.

import test from 'ava';
import {
  type AccountedDrop,
  ALL,
  type Amount,
  type AnalyticsStore,
  FINE_KEPT_MS,
  STEP_MS,
  WATCHING_KEPT_MS,
} from '../../../storage/ports/analytics.ts';

const DAY = 24 * STEP_MS.hour;
const NOW = Math.floor(Date.now() / DAY) * DAY;

function accounted(id: string, creatorId: string): AccountedDrop {
  return {
    id,
    creatorId,
    productId: 'p_1',
    currency: 'EUR',
    unitAmount: 100,
    isInstant: true,
    stocked: 10,
    held: 0,
    sold: 1,
    orders: 1,
    version: 2,
    openedAt: NOW,
    soldOutAt: null,
  };
}

function amount(start: number, name: string, value: number, step: Amount['step'] = 'minute') {
  return { subject: ALL, step, start, name, value } as const;
}

const NOTHING = { positions: [], drops: [], segments: [], amounts: [] };

/** The suite changes generations, so the store is one that nothing else uses. */
export function analyticsContract(store: () => AnalyticsStore): void {
  test.serial('L2: a change is stored whole with its positions, or not at all', async (t) => {
    const exact = store().exact(await store().generation());
    t.is((await exact.positions()).size, 0);
    const bytes = Uint8Array.from([1, 2, 3, 255]);
    const change = {
      positions: [
        { shard: 3, from: 0, to: 7 },
        { shard: 4, from: 0, to: 1 },
      ],
      drops: [accounted('d_1', 'ann'), accounted('d_2', 'ann')],
      segments: [
        { dropId: 'd_1', index: 0, bytes },
        { dropId: 'd_1', index: 1, bytes: Uint8Array.from([9]) },
      ],
      amounts: [amount(NOW, 'orders', 2), amount(NOW, 'revenue/EUR', 2 ** 53 - 1)],
    };
    t.true(await exact.commit(change));
    t.false(await exact.commit(change), 'the same entries again');
    const ahead = { ...change, positions: [{ shard: 3, from: 8, to: 9 }] };
    t.false(await exact.commit(ahead), 'entries between are missing');
    const half = [
      { shard: 3, from: 7, to: 9 },
      { shard: 4, from: 0, to: 1 },
    ];
    t.false(await exact.commit({ ...change, positions: half }));
    t.deepEqual(
      [...(await exact.positions())].sort(([a], [b]) => a - b),
      [
        [3, 7],
        [4, 1],
      ],
    );
    t.deepEqual(await exact.drops(['d_2', 'd_9']), [accounted('d_2', 'ann'), null]);
    t.deepEqual((await exact.dropsOf('ann')).sort(), ['d_1', 'd_2']);
    t.deepEqual(await exact.dropsOf('bob'), []);
    const stored = await exact.segments('d_1', 0, 10);
    t.deepEqual(
      stored.map(({ index, bytes: kept }) => [index, [...kept]]),
      [
        [0, [1, 2, 3, 255]],
        [1, [9]],
      ],
    );
    t.deepEqual(
      (await exact.segments('d_1', 1, 1)).map(({ index }) => index),
      [1],
    );
    t.deepEqual(await store().sums(ALL, 'minute', NOW, NOW + DAY), [
      { start: NOW, values: { orders: 2, 'revenue/EUR': 2 ** 53 - 1 } },
    ]);
  });

  test.serial('L2: sums add up, are read in order, and end before `to`', async (t) => {
    const exact = store().exact(await store().generation());
    const later = NOW + STEP_MS.minute;
    const amounts = [
      amount(later, 'orders', 3),
      amount(NOW, 'units', 1),
      amount(NOW, 'orders', -1),
      amount(NOW, 'placed', 1),
      amount(NOW, 'placed', -1),
      amount(NOW, 'orders', 5, 'hour'),
      amount(0, 'orders', 5, 'all'),
    ];
    t.true(await exact.commit({ ...NOTHING, amounts }));
    const values = { orders: 1, units: 1, 'revenue/EUR': 2 ** 53 - 1 };
    const first = { start: NOW, values };
    const second = { start: later, values: { orders: 3 } };
    t.deepEqual(await store().sums(ALL, 'minute', NOW, later + 1), [first, second]);
    t.deepEqual(await store().sums(ALL, 'minute', NOW, later), [first]);
    t.deepEqual(await store().sums(ALL, 'minute', NOW + 1, later + 1), [second]);
    t.deepEqual(await store().sums(ALL, 'hour', NOW, NOW + DAY), [
      { start: NOW, values: { orders: 5 } },
    ]);
    t.deepEqual(await store().sums(ALL, 'all', 0, 1), [{ start: 0, values: { orders: 5 } }]);
    t.deepEqual(await store().sums('drop/d_9', 'all', 0, 1), []);
  });

  test.serial('L2: a flush of a gateway counts once', async (t) => {
    const counted = (gateway: string, flush: number, watching: number, at = NOW) => ({
      gateway,
      flush,
      at,
      amounts: [{ ...amount(NOW, 'views', 2), subject: 'drop/d_1' }],
      watching: watching === 0 ? [] : [{ dropId: 'd_1', count: watching }],
    });
    t.true(await store().count(counted('g1', 1, 5)));
    t.false(await store().count(counted('g1', 1, 5)));
    t.true(await store().count(counted('g2', 1, 2)));
    t.is(await store().watching('d_1', NOW + 1), 7);
    const more = { ...counted('g2', 2, 0), amounts: [] };
    t.true(await store().count({ ...more, watching: null }));
    t.is(await store().watching('d_1', NOW + 1), 7, 'as it was told before');
    t.true(await store().count(counted('g1', 2, 0, NOW + 1)));
    t.false(await store().count(counted('g1', 1, 9)));
    t.is(await store().watching('d_1', NOW + 1), 2);
    t.is(await store().watching('d_1', NOW + WATCHING_KEPT_MS + 2), 0);
    t.is(await store().watching('d_2', NOW), 0);
    t.deepEqual(await store().sums('drop/d_1', 'minute', NOW, NOW + 1), [
      { start: NOW, values: { views: 6 } },
    ]);
  });

  test.serial('L2: a generation is made beside the one that serves', async (t) => {
    const before = await store().generation();
    const abandoned = await store().begin();
    const made = await store().begin();
    t.is(await store().generation(), before);
    t.false(await store().exact(abandoned).commit(NOTHING), 'only one is made at a time');
    const exact = store().exact(made);
    t.is((await exact.positions()).size, 0);
    t.true(
      await exact.commit({
        positions: [{ shard: 3, from: 0, to: 5 }],
        drops: [accounted('d_3', 'cid')],
        segments: [{ dropId: 'd_3', index: 0, bytes: Uint8Array.from([4]) }],
        amounts: [amount(NOW, 'orders', 9), { ...amount(NOW, 'orders', 1), subject: 'drop/d_1' }],
      }),
    );
    const served = await store().sums(ALL, 'minute', NOW, NOW + 1);
    t.is(served[0]!.values['orders'], 1);
    await store().serve(made);
    t.is(await store().generation(), made);
    t.false(await store().exact(before).commit(NOTHING));
    t.is((await store().exact(before).positions()).size, 0);
    t.deepEqual(await store().exact(before).drops(['d_1']), [null]);
    t.deepEqual([...(await exact.positions())], [[3, 5]]);
    t.deepEqual(await exact.dropsOf('cid'), ['d_3']);
    t.deepEqual(await store().sums(ALL, 'minute', NOW, NOW + 1), [
      { start: NOW, values: { orders: 9 } },
    ]);
    t.deepEqual(
      await store().sums('drop/d_1', 'minute', NOW, NOW + 1),
      [{ start: NOW, values: { orders: 1, views: 6 } }],
      'what gateways counted stays',
    );
    await store().serve(before);
    t.is(await store().generation(), made, 'one that is gone never serves again');
    const discarded = await store().begin();
    t.true(await store().exact(discarded).commit(NOTHING));
    await store().discard(before);
    t.true(await store().exact(discarded).commit(NOTHING), 'another is as it was');
    await store().discard(discarded);
    await store().discard(discarded);
    t.false(await store().exact(discarded).commit(NOTHING));
    await store().discard(made);
    t.deepEqual([...(await exact.positions())], [[3, 5]], 'the one that serves stays');
  });

  test.serial('L2: seconds and minutes go after 30 days, hours stay', async (t) => {
    const exact = store().exact(await store().generation());
    const old = NOW - FINE_KEPT_MS - 2 * DAY;
    const amounts = [
      amount(old, 'orders', 1, 'second'),
      amount(old, 'orders', 1),
      amount(old, 'orders', 1, 'hour'),
    ];
    t.true(await exact.commit({ ...NOTHING, amounts }));
    const portions = [await store().trim(NOW, 1), await store().trim(NOW, 5)];
    // A store where they go by themselves has none left to remove.
    t.true(String(portions) === '1,1' || String(portions) === '0,0', String(portions));
    t.is(await store().trim(NOW, 1), 0);
    t.deepEqual(await store().sums(ALL, 'second', old, old + 1), []);
    t.deepEqual(await store().sums(ALL, 'minute', old, old + 1), []);
    t.is((await store().sums(ALL, 'hour', old, old + 1)).length, 1);
    t.is((await store().sums(ALL, 'minute', NOW, NOW + 1)).length, 1);
  });
}
