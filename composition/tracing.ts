// Traces and the access log of a node, where they are on.

import pino, { type Logger } from 'pino';
import type { Clock } from '../actors/clock.ts';
import { SpanQueue } from '../actors/tracing/span-queue.ts';
import { Tracing } from '../actors/tracing/tracing.ts';
import { AccessLog, type AccessLine } from '../gateway/http/access-log.ts';
import { RequestWatch } from '../gateway/http/request-watch.ts';
import type { TraceSample } from '../gateway/metrics/trace-metrics.ts';
import type { Config } from './config.ts';
import { asyncLogTarget, endOf, logOptions } from './log.ts';

/** For what waits to be sent when the node ends. */
const STOP_MAX_MS = 3_000;

export interface NodeTracing {
  /** Null: traces are off. */
  readonly tracing: Tracing | null;
  /** Null: the access log is off as well. */
  readonly watch: RequestWatch | null;
  /** For metrics; null: traces are off. */
  readonly sample: (() => TraceSample) | null;
  /** Writes what a gateway thread noted; null: the access log is off. */
  readonly writeAccessLines: ((lines: readonly AccessLine[]) => void) | null;
  /** For metrics; null: the access log is off. */
  readonly accessLogDropped: (() => number) | null;
  /** Sends and writes what waits, within a bound. */
  stop(): Promise<void>;
}

export interface NodeTracingOptions {
  readonly config: Config;
  readonly version: string;
  /** Of a gateway thread: where lines of the access log go; absent: they are written here. */
  readonly passAccessLines?: (lines: readonly AccessLine[]) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

export async function openTracing(options: NodeTracingOptions): Promise<NodeTracing> {
  const traces = await openTraces(options);
  const access = openAccessLog(options);
  const tracing = traces?.tracing ?? null;
  const accessLog = access?.log ?? null;
  const isOff = tracing === null && accessLog === null;
  tracing?.start();
  return {
    tracing,
    watch: isOff ? null : new RequestWatch({ tracing, accessLog }),
    sample:
      traces === null ? null : () => ({ ...traces.tracing.sample(), spans: traces.queue.sample() }),
    writeAccessLines: access?.write ?? null,
    accessLogDropped: access?.dropped ?? null,
    async stop() {
      traces?.tracing.stop();
      await Promise.all([traces?.queue.stop(STOP_MAX_MS), access?.stop(STOP_MAX_MS)]);
    },
  };
}

async function openTraces(
  options: NodeTracingOptions,
): Promise<{ readonly tracing: Tracing; readonly queue: SpanQueue } | null> {
  const { config, version, clock, log } = options;
  const { traces, nodeId } = config;
  if (traces === null) return null;
  const { OtlpExporter } = await import('./otlp-exporter.ts');
  const exporter = new OtlpExporter({ ...traces, nodeId, version });
  const queue = new SpanQueue({ exporter, countMax: traces.queueMax, clock, log });
  return { tracing: new Tracing({ ...traces, clock, spans: queue }), queue };
}

function openAccessLog({ config, clock, passAccessLines }: NodeTracingOptions) {
  const { accessLogRatio: ratio } = config;
  if (ratio === null) return null;
  if (passAccessLines !== undefined) {
    const log = new AccessLog({ ratio, write: passAccessLines, clock });
    return {
      log,
      write: passAccessLines,
      dropped: () => log.dropped,
      stop: async () => log.flush(),
    };
  }
  const target = asyncLogTarget();
  let dropped = 0;
  target.on('drop', () => (dropped += 1));
  const lines = pino({ ...logOptions(config), level: 'info', timestamp: false }, target);
  const write = (requests: readonly AccessLine[]) => {
    for (const { at: time, ...line } of requests) lines.info({ time, ...line }, 'request');
  };
  const log = new AccessLog({ ratio, write, clock });
  return {
    log,
    write,
    dropped: () => dropped + log.dropped,
    async stop(maxMs: number) {
      log.flush();
      await endOf(target, maxMs);
    },
  };
}
