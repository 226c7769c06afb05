// How AVA finds and runs the tests: TypeScript as it is, by Node's type stripping.
export default {
  extensions: ['ts'],
  files: ['test/**/*.test.ts'],
  // Processes, not threads: a native addon that crashes ends one test file, not the whole run.
  workerThreads: false,
  timeout: '60s',
};
