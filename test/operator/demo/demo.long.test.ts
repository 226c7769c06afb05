import { execFile } from 'node:child_process';
import test from 'ava';
import { COMPILE_CACHE, PROGRAM } from '../run-command.ts';

const PROFILES = [
  ['on one server', []],
  ['on a cluster of two nodes', ['--cluster', '2']],
] as const;

for (const [where, options] of PROFILES)
  test.serial(`a small demo ${where} sells out, and every line of its proof passes`, async (t) => {
    t.timeout(600_000);
    const size = ['--buyers', '400', '--stock', '30', '--followers', '20', '--seconds', '1'];
    const args = [...size, ...options];
    const { code, output } = await new Promise<{ code: number | null; output: string }>(
      (resolve) => {
        const child = execFile(
          process.execPath,
          [PROGRAM, 'demo', ...args],
          { env: COMPILE_CACHE },
          (_error, stdout, stderr) => resolve({ code: child.exitCode, output: stdout + stderr }),
        );
      },
    );
    t.is(code, 0, output);
    t.regex(output, /PASS {2}30 units sold of 30/);
    t.regex(
      output,
      /PASS {2}190 of 190 followers .+ got their push, .+; 10 gone browsers were removed/,
    );
    t.regex(output, /PASS {2}3 of 3 mails about the drop were sent/);
    t.regex(
      output,
      /PASS {2}30 of 30 confirmed orders reached the creator's webhook, signed, once/,
    );
    t.regex(output, /PASS {2}\d+ leaves under \d+ heads: the ledger is verified/);
    t.notRegex(output, /FAIL/);
  });
