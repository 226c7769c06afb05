// The entry point of a database thread. It receives a group of operations, runs it as one
// transaction and sends the results. It is the only writer of its file, and blocks during each
// fsync, so that the main thread does not.

import { setPriority } from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { assert } from '../../../domain/assert.ts';
import { DurationCounts } from '../../../domain/duration-counts.ts';
import { DURABLE_BOUNDS_MS } from '../../durable-bounds.ts';
import {
  faultOf,
  type OpenProgram,
  type Operation,
  OPERATION_PARAMETERS_AT,
  type Program,
  type ThreadAnswer,
  type ThreadData,
  type ThreadStart,
} from './program.ts';

/** A `nice` value. */
const LOW_PRIORITY = 10;

type AnyHandler = (...parameters: unknown[]) => unknown;

const port = parentPort;
assert(port !== null, 'this file is the body of a thread');
const data = workerData as ThreadData;
const arena = new Uint8Array(data.arena);
const commits = data.commits === null ? null : new DurationCounts(DURABLE_BOUNDS_MS, data.commits);

function serve(program: Program): void {
  const { database, transfers } = program;
  const handlers = program.handlers as { readonly [name: string]: AnyHandler };
  const begin = database.prepare(program.begin);
  const commit = database.prepare('commit');

  const runGroup = (operations: readonly Operation[]): ThreadAnswer => {
    try {
      begin.run();
      const results: unknown[] = [];
      for (const operation of operations) {
        const [name, offset, length] = operation;
        const parameters = operation.slice(OPERATION_PARAMETERS_AT);
        if (offset >= 0) parameters[0] = arena.subarray(offset, offset + length);
        results.push(handlers[name]!(...parameters));
      }
      const startedAt = performance.now();
      commit.run();
      commits?.add(performance.now() - startedAt);
      program.committed?.();
      return results;
    } catch (error) {
      // SQLite rolls back by itself on some errors (such as a full disk), but not on others.
      if (database.inTransaction) database.exec('rollback');
      program.rolledBack?.();
      if (transfers !== undefined) transfers.length = 0;
      return faultOf(error);
    }
  };

  port!.on('message', (operations: readonly Operation[] | null) => {
    if (operations === null) {
      database.close();
      port!.close();
      return;
    }
    port!.postMessage(runGroup(operations), transfers?.splice(0) ?? []);
  });
}

async function start(): Promise<ThreadStart> {
  try {
    const { open } = (await import(data.program)) as { open: OpenProgram };
    const program = open(data.options);
    // On Linux this sets the priority of the calling thread only.
    if (program.hasLowPriority === true) setPriority(LOW_PRIORITY);
    serve(program);
    return { type: 'ready' };
  } catch (error) {
    return { type: 'failed', fault: faultOf(error) };
  }
}

const message = await start();
port.postMessage(message);
if (message.type === 'failed') port.close();
