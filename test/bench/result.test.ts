import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { parseResult, readResult, ResultError, writeResult } from '../../bench/result.ts';
import { madeUpResult } from './made-up-result.ts';

function inDirectory(use: (directory: string) => void): void {
  const directory = mkdtempSync(join(tmpdir(), 'livedrops-result-'));
  try {
    use(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

test('a written result reads back equal, all samples included', (t) => {
  inDirectory((directory) => {
    const file = join(directory, 'of', 'today.json');
    writeResult(file, madeUpResult());
    t.deepEqual(readResult(file), madeUpResult());
  });
});

test('a damaged file is rejected with its name and the place of the damage', (t) => {
  const whole = JSON.stringify(madeUpResult());
  const damaged: [string, RegExp][] = [
    [whole.slice(0, -10), /old\.json is not JSON/],
    ['[]', /old\.json is not a result of the bench/],
    [JSON.stringify({ ...madeUpResult(), format: 99 }), /has format 99; this bench reads format 1/],
    [JSON.stringify({ ...madeUpResult(), machine: 'a fast one' }), /\/machine/],
    [
      whole.replace('"role":"ceiling"', '"role":"favourite"'),
      /\/runs\/0\/report\/subjects\/1\/role/,
    ],
    [whole.replace(/"perSecond":\d+[.\d]*/, '"perSecond":null'), /\/perSecond/],
  ];
  for (const [text, message] of damaged) {
    t.throws(() => parseResult(text, 'old.json'), { instanceOf: ResultError, message });
  }
});

test('a missing file is an error that names it', (t) => {
  inDirectory((directory) => {
    const file = join(directory, 'none.json');
    t.throws(() => readResult(file), { instanceOf: ResultError, message: /cannot be read/ });
    writeFileSync(file, '{}');
    t.throws(() => readResult(file), { instanceOf: ResultError, message: /is not a result/ });
  });
});

test('a result that could not be read again is not written', (t) => {
  inDirectory((directory) => {
    const file = join(directory, 'today.json');
    const result = { ...madeUpResult(), noise: { ...madeUpResult().noise, stolenShare: NaN } };
    t.throws(() => writeResult(file, result), { instanceOf: ResultError });
    t.throws(() => readResult(file), { message: /cannot be read/ });
  });
});
