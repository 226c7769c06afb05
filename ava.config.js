// How AVA finds and runs the tests: TypeScript as it is, by Node's type stripping.

import { availableParallelism } from 'node:os';
import { join } from 'node:path';

/**
 * Each file has a process of its own, and they all load much the same modules: Node keeps what it
 * compiled, which takes a third of the CPU time off tests that start a server. Not with coverage,
 * which is less exact for functions out of this cache.
 */
const compileCache = join(import.meta.dirname, 'node_modules', '.cache', 'compiled');

export default {
  extensions: ['ts'],
  files: ['test/**/*.test.ts'],
  require: ['./test/as-written.ts', './test/left-open.ts'],
  // Processes, not threads: a native addon that crashes ends one test file, not the whole run.
  workerThreads: false,
  // Without any test that ended. Deadlines in tests are for a busy machine: 45 s at most.
  timeout: '3m',
  // One more than cores: files that wait for a timer or a server leave theirs idle.
  concurrency: availableParallelism() + 1,
  environmentVariables:
    process.env.NODE_V8_COVERAGE === undefined ? { NODE_COMPILE_CACHE: compileCache } : {},
};
