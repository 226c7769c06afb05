#!/usr/bin/env node
// `npx livedrops` runs this file on any Node version. It starts `operator/livedrops.ts` on the Node
// 24 from node_modules, which runs TypeScript directly, and which caches what it compiles there. A
// cache that cannot be written is no error.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const node = fileURLToPath(new URL('../node_modules/.bin/node', import.meta.url));
const program = fileURLToPath(new URL('livedrops.ts', import.meta.url));
const compileCache = fileURLToPath(new URL('../node_modules/.cache/compiled', import.meta.url));

if (existsSync(node)) {
  const child = spawn(node, [program, ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { NODE_COMPILE_CACHE: compileCache, ...process.env },
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => child.kill(signal));
  }
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + constants.signals[signal];
  });
} else {
  process.stderr.write('livedrops: the packages are not installed; run `npm run setup` first.\n');
  process.exitCode = 1;
}
