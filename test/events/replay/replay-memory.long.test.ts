// The program for ten million orders, with fewer: the memory of a replay does not grow with them.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import test from 'ava';

const PROGRAM = new URL('../../../bench/probes/replay-memory.ts', import.meta.url).pathname;
/** The promise. About 40 are needed. */
const GROWN_MIB_MAX = 64;

test('J1: a replay of orders in many drops stays within its memory', async (t) => {
  t.timeout(120_000);
  const args = [PROGRAM, '1200000', '200'];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const { orders, grownMiB } = JSON.parse(stdout) as { orders: number; grownMiB: number };
  t.true(orders >= 1_200_000);
  t.true(grownMiB <= GROWN_MIB_MAX, `${grownMiB} MiB`);
});
