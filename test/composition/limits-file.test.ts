// The file of limits: its shape, and nodes that read it again.

import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import pino from 'pino';
import { LimitsFile, parseLimits } from '../../composition/limits-file.ts';
import type { Limits } from '../../contracts/limits.ts';
import { ManualClock } from '../actors/manual-clock.ts';
import { removeDirectory, temporaryDirectory } from '../storage/temporary-directory.ts';

test('H5a: a wrong file of limits says what is wrong', (t) => {
  for (const [text, problem] of [
    ['', 'must be JSON'],
    ['{"rates":', 'must be JSON'],
    ['[]', 'is wrong: The content: must be object.'],
    ['{"rate":{}}', 'is wrong: rate: is not a known field.'],
    ['{"rates":{"order":{}}}', 'is wrong: rates.order: is not a known field.'],
    ['{"rates":{"log-ins":{"user":1}}}', 'is wrong: rates.log-ins.user: is not a known field.'],
    ['{"rates":{"reads":{"user":1.5}}}', 'is wrong: rates.reads.user: must be integer.'],
    ['{"rates":{"reads":{"user":1e9}}}', 'is wrong: rates.reads.user: must be <= 1000000.'],
    ['{"streams":{"total":100001}}', 'is wrong: streams.total: must be <= 100000.'],
    ['{"exempt":"10.0.0.0/8"}', 'is wrong: exempt: must be array.'],
    [
      '{"exempt":["10.0.0.0/8","10.0.0.0/64"]}',
      'is wrong: exempt.1: must have a prefix of at most /32.',
    ],
  ] as const)
    t.is(parseLimits(text), problem, text);
  t.deepEqual(parseLimits('{}'), {});
});

test('H5a: a changed file is read again, and a wrong or missing one changes nothing', async (t) => {
  const directory = temporaryDirectory();
  t.teardown(() => removeDirectory(directory));
  const path = join(directory, 'limits.json');
  const first: Limits = { streams: { user: 1 } };
  writeFileSync(path, JSON.stringify(first));
  const clock = new ManualClock(0);
  const errors: string[] = [];
  const log = pino({ level: 'error' }, { write: (line: string) => void errors.push(line) });
  const file = new LimitsFile({ path, limits: first, clock, log });
  const replaced: Limits[] = [];
  file.onReplaced((limits) => replaced.push(limits));
  file.start();
  t.teardown(() => file.stop());
  const look = async (): Promise<void> => {
    while (clock.timerCount === 0) await new Promise(setImmediate);
    await clock.advance(2_000);
    while (clock.timerCount === 0) await new Promise(setImmediate);
  };
  await look();
  t.deepEqual(replaced, []);
  writeFileSync(path, '{"streams":{"user":"many"}}');
  await look();
  t.regex(errors.join(), /the limits stay as they were: the file is wrong: streams\.user/);
  renameSync(path, `${path}.away`);
  await look();
  t.regex(errors.join(), /the limits cannot be read again/);
  t.deepEqual([replaced, file.current], [[], first]);
  const next: Limits = { rates: { orders: { user: 3 } } };
  writeFileSync(path, JSON.stringify(next));
  await look();
  t.deepEqual([replaced, file.current], [[next], next]);
});
