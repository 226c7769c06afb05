// The log of a process.

import pino, { type Logger } from 'pino';
import type { Config } from './config.ts';

export function createLog(config: Config): Logger {
  // Standard output is only for the ready line, so logs go to standard error.
  return pino({ level: config.logLevel }, pino.destination({ dest: 2, sync: true }));
}
