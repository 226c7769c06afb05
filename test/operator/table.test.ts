import test from 'ava';
import { table } from '../../operator/table.ts';

test('columns are as wide as their widest cell, and no line ends in spaces', (t) => {
  t.is(
    table(
      ['name', 'value'],
      [
        ['a', '1'],
        ['longer', ''],
      ],
    ),
    'name    value\na       1\nlonger\n',
  );
});
