// The log of a process: JSON lines of pino. A line has the id of its node and, where it is written
// for a request or a job, the ids of its trace, span and request.

import pTimeout from 'p-timeout';
import pino, { type Logger, type LoggerOptions } from 'pino';
import { activeTrace } from '../actors/tracing/active-trace.ts';
import { contextOf } from '../actors/tracing/trace-context.ts';
import type { Config } from './config.ts';

/** Standard output is only for the ready line, so logs go to standard error. */
const TARGET = 2;
/** Of lines that wait for a slow reader. Further lines are dropped. */
const WAITING_BYTES_MAX = 4 * 1024 * 1024;

export function createLog(config: Config): Logger {
  const options = { ...logOptions(config), mixin: idsOfLine };
  return pino(options, pino.destination({ dest: TARGET, sync: true }));
}

export function logOptions({ logLevel, nodeId }: Config): LoggerOptions {
  return { level: logLevel, base: { pid: process.pid, node: nodeId } };
}

/** Lines are written without waiting for whoever reads them. Emits `drop` for each lost one. */
export function asyncLogTarget(dest = TARGET) {
  return pino.destination({ dest, sync: false, maxLength: WAITING_BYTES_MAX });
}

/**
 * Ends the target after what waits is written. What is not read within `maxMs` is lost; where the
 * reader has gone, pino's target never says that it has ended.
 */
export async function endOf(
  target: ReturnType<typeof asyncLogTarget>,
  maxMs: number,
): Promise<void> {
  const ended = new Promise<void>((resolve) => {
    target.once('close', resolve);
    target.once('error', () => resolve());
    target.end();
  });
  await pTimeout(ended, { milliseconds: maxMs, fallback: () => undefined });
}

function idsOfLine(): object {
  const active = activeTrace();
  if (active === undefined) return {};
  const { traceparent, requestId } = active;
  const context = contextOf(traceparent);
  return {
    ...(context !== null && { traceId: context.traceId, spanId: context.spanId }),
    ...(requestId !== undefined && { requestId }),
  };
}
