// AVA loads this before each test file. A file whose tests are over must end by itself; what it
// left open (a server, a timer, a process) is named here and the process ended. Without this one
// such file stops a whole run for good: AVA's own limit on silence is lost when it passes while
// some other test may still take minutes (`TimeoutTrigger` in its lib/api.js, 8.0.1).

import { registerCompletionHandler } from 'ava';

/** Connections that close, and threads that stop, take a while on a busy machine. */
const GRACE_MS = 45_000;

registerCompletionHandler(() => {
  setTimeout(() => {
    const open = [...new Set(process.getActiveResourcesInfo())].join(', ');
    process.stderr.write(`left open when its tests were over: ${open}\n`);
    process.exit(1);
  }, GRACE_MS).unref();
});
