// Packs of rows that outgrow the memory they began with, wherever in a row that happens.

import test from 'ava';
import { fnv1a } from '../../domain/ids.ts';
import {
  isOwnRow,
  rowIdHash,
  rowLength,
  rowOwner,
  RowPacker,
} from '../../storage/sqlite/rows/row-pack.ts';

const USER = 'a_user_whose_name_is_long_enough_to_meet_the_end_often';
const ID = 'drop_of_a_long_name_as_well-1z';
const ROWS = 1500;

test('N1: every row is found by its user and its id, however large its pack', (t) => {
  const owner = rowOwner(USER);
  const idHash = fnv1a(ID);
  const lost: string[] = [];
  for (let shift = 0; shift < 130; shift++) {
    const packer = new RowPacker();
    packer.begin();
    for (let row = 0; row < ROWS; row++) {
      packer.row(USER, 1000, row + 1);
      packer.id(ID);
      if (row === 0) packer.text('x'.repeat(shift));
      packer.endRow();
    }
    const pack = packer.take();
    for (let offset = 0; offset < pack.length; offset += rowLength(pack, offset)) {
      if (isOwnRow(pack, offset, owner) && rowIdHash(pack, offset) === idHash) continue;
      lost.push(`shifted by ${shift}: the row at ${offset}`);
    }
  }
  t.deepEqual(lost, []);
});

test('an owner is known by any text, and takes a few bytes beside the heap', (t) => {
  const before = process.memoryUsage().arrayBuffers;
  const owners = Array.from({ length: 400 }, (_, i) => rowOwner(`buyer-${i}`));
  const grown = process.memoryUsage().arrayBuffers - before;
  t.true(grown < 400 * 1_024, `${grown} bytes for ${owners.length} owners`);
  for (const userId of ['ann', 'Ünsal', 'x'.repeat(300), '名前']) {
    const packer = new RowPacker();
    packer.row(userId, 1_000, 1);
    packer.endRow();
    const pack = packer.take();
    const [owner, other] = [rowOwner(userId), rowOwner('ben')];
    t.true(isOwnRow(pack, 0, owner), userId);
    t.is(owner.hash, fnv1a(userId), userId);
    t.false(isOwnRow(pack, 0, other), userId);
  }
});
