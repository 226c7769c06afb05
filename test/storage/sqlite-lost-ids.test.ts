// Which ids restored notifications get.

import test from 'ava';
import { AssignedIds, FreeIds } from '../../storage/sqlite/rows/lost-ids.ts';

function assigned(idMax: number, rows: readonly (readonly [id: number, time: number])[]) {
  const ids = new AssignedIds(idMax);
  ids.add({
    ids: Float64Array.from(rows, ([id]) => id),
    times: Float64Array.from(rows, ([, time]) => time),
  });
  return ids;
}

test('J1: lost ids are given again from the lowest up, and then none', (t) => {
  const free = new FreeIds(
    assigned(
      9,
      [1, 2, 5, 7, 9].map((id) => [id, id * 10] as const),
    ),
    4,
  );
  t.deepEqual(
    [30, 40, 60, 80, 90].map((at) => free.take(at)),
    [3, 4, 6, 8, undefined],
  );
});

test('J1: of more lost ids than rows, those nearest in time are given', (t) => {
  const rows = Array.from({ length: 100 }, (_, i) => [i + 1, (i + 1) * 10] as const);
  const left = rows.filter(([id]) => ![10, 11, 12, 50, 90].includes(id));
  const free = new FreeIds(assigned(100, left), 2);
  t.deepEqual([free.take(500), free.take(900)], [50, 90]);
});

test('J1: ids of a very large store are found again, with times for some of them', (t) => {
  const idMax = 3_000_000;
  const ids = new AssignedIds(idMax);
  const lost = new Set([1, 2, 1_000_000, 2_999_999, 3_000_000]);
  const all = Float64Array.from({ length: idMax }, (_, i) => i + 1).filter((id) => !lost.has(id));
  ids.add({ ids: all, times: all });
  ids.add({ ids: all, times: all });
  t.is(ids.freeCount, lost.size);
  const free = new FreeIds(ids, 3);
  t.deepEqual(
    [1_000_000, 2_999_999, 3_000_000].map((at) => free.take(at)),
    [1_000_000, 2_999_999, 3_000_000],
  );
});
