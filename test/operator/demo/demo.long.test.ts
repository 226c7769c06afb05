import { execFile } from 'node:child_process';
import test from 'ava';
import { COMPILE_CACHE, PROGRAM } from '../run-command.ts';

test('a small demo sells out, and every line of its proof passes', async (t) => {
  t.timeout(300_000);
  const args = ['--buyers', '400', '--stock', '30', '--followers', '20', '--seconds', '1'];
  const { code, output } = await new Promise<{ code: number | null; output: string }>((resolve) => {
    const child = execFile(
      process.execPath,
      [PROGRAM, 'demo', ...args],
      { env: COMPILE_CACHE },
      (_error, stdout, stderr) => resolve({ code: child.exitCode, output: stdout + stderr }),
    );
  });
  t.is(code, 0, output);
  t.regex(output, /PASS {2}30 units sold of 30/);
  t.notRegex(output, /FAIL/);
});
