// Ranges against a plain model: the set of positions that somebody asked for.

import { Readable } from 'node:stream';
import test from 'ava';
import * as fc from 'fast-check';
import { multipart, multipartBytes } from '../../media/delivery/multipart.ts';
import { contentRange, RANGES_MAX, wantedRanges } from '../../media/delivery/ranges.ts';

type Spec = { first: number; last: number | null } | { suffix: number };

const spec = fc.oneof(
  fc
    .tuple(fc.nat(120), fc.nat(60), fc.boolean())
    .map(([first, length, open]): Spec => ({ first, last: open ? null : first + length })),
  fc.nat(120).map((suffix): Spec => ({ suffix })),
);
const specs = fc.array(spec, { minLength: 1, maxLength: RANGES_MAX });

function textOf(one: Spec): string {
  return 'suffix' in one ? `-${one.suffix}` : `${one.first}-${one.last ?? ''}`;
}

/** The positions that a range means, one by one, as RFC 9110 says it in words. */
function positionsOf(one: Spec, bytes: number): number[] {
  const all = Array.from({ length: bytes }, (_, i) => i);
  if ('suffix' in one) return one.suffix === 0 ? [] : all.slice(-one.suffix);
  return all.filter((at) => at >= one.first && (one.last === null || at <= one.last));
}

test('M2: ranges are exactly the bytes that were asked for, each once', (t) => {
  fc.assert(
    fc.property(specs, fc.nat(100), (asked, bytes) => {
      const wanted = wantedRanges(`bytes=${asked.map(textOf).join(', ')}`, bytes);
      const model = new Set(asked.flatMap((one) => positionsOf(one, bytes)));
      if (model.size === 0) return wanted.kind === 'unsatisfiable';
      if (wanted.kind !== 'ranges') return false;
      const positions = wanted.ranges.flatMap(({ first, last }) =>
        Array.from({ length: last - first + 1 }, (_, i) => first + i),
      );
      t.is(positions.length, new Set(positions).size);
      t.deepEqual(
        positions.toSorted((a, b) => a - b),
        [...model].sort((a, b) => a - b),
      );
      return true;
    }),
    { numRuns: 2_000 },
  );
});

test('M2: ranges that neither overlap nor touch keep the order that was asked for', (t) => {
  const wanted = wantedRanges('bytes=80-89, 0-9,40-49', 100);
  t.deepEqual(wanted, {
    kind: 'ranges',
    ranges: [
      { first: 80, last: 89 },
      { first: 0, last: 9 },
      { first: 40, last: 49 },
    ],
  });
  t.deepEqual(wantedRanges('bytes=50-59,0-9,10-49', 100), {
    kind: 'ranges',
    ranges: [{ first: 0, last: 59 }],
  });
});

test('M2: a range that is no range, of another unit, or one of too many, is as none', (t) => {
  const invalid = [
    'bytes',
    'bytes=',
    'bytes=-',
    'bytes=5-3',
    'bytes=a-b',
    'bytes=1-2;3-4',
    'bytes=0x1-2',
    'bytes=1.5-2',
    'bytes=+1-2',
    'bytes=1-2-3',
    'bytes=0-1,x',
    'items=0-1',
    'seconds=0-1',
    '',
  ];
  for (const header of [undefined, ...invalid])
    t.deepEqual(wantedRanges(header, 100), { kind: 'whole' }, header);
  const many = Array.from({ length: RANGES_MAX + 1 }, (_, i) => `${2 * i}-${2 * i}`);
  t.deepEqual(wantedRanges(`bytes=${many.join()}`, 100), { kind: 'whole' });
  t.is(wantedRanges(`bytes=${many.slice(1).join()}`, 100).kind, 'ranges');
});

test('M2: the unit in any case, blanks, empty elements and huge numbers are understood', (t) => {
  const range = (first: number, last: number) => ({ kind: 'ranges', ranges: [{ first, last }] });
  t.deepEqual(wantedRanges('BYTES=0-0', 100), range(0, 0));
  t.deepEqual(wantedRanges('bytes= , 5-9 ,,', 100), range(5, 9));
  t.deepEqual(wantedRanges(`bytes=5-${'9'.repeat(400)}`, 100), range(5, 99));
  t.deepEqual(wantedRanges(`bytes=-${'9'.repeat(40)}`, 100), range(0, 99));
  t.deepEqual(wantedRanges(`bytes=${'9'.repeat(40)}-`, 100), { kind: 'unsatisfiable' });
  t.deepEqual(wantedRanges('bytes=0-', 0), { kind: 'unsatisfiable' });
});

test('M2: a reply with several ranges has the length that it says', async (t) => {
  const content = Buffer.from(Array.from({ length: 100 }, (_, i) => i));
  await fc.assert(
    fc.asyncProperty(specs, async (asked) => {
      const wanted = wantedRanges(`bytes=${asked.map(textOf).join()}`, content.length);
      if (wanted.kind !== 'ranges') return;
      const { ranges } = wanted;
      const framing = { ranges, bytes: content.length, type: 'image/webp', boundary: 'edge' };
      const body = Readable.from(
        multipart({
          ...framing,
          open: async ({ first, last }) => Readable.from([content.subarray(first, last + 1)]),
        }),
      );
      const whole = Buffer.concat(await body.toArray());
      t.is(whole.length, multipartBytes(framing));
      const text = whole.toString('latin1');
      t.true(text.startsWith('--edge\r\n') && text.endsWith('\r\n--edge--\r\n'));
      const parts = text
        .slice(0, -'\r\n--edge--\r\n'.length)
        .split(/(?:^|\r\n)--edge\r\n/)
        .slice(1);
      const expected = ranges.map(
        (range) =>
          `content-type: image/webp\r\ncontent-range: ${contentRange(range, content.length)}` +
          `\r\n\r\n${content.toString('latin1', range.first, range.last + 1)}`,
      );
      t.deepEqual(parts, expected);
    }),
    { numRuns: 200 },
  );
});
