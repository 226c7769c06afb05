// Live stream servers that send exactly what a test specifies, and the load processes for them.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ExecutionContext } from 'ava';
import { WebSocketServer } from 'ws';
import type { ReturnersCommand } from '../../../bench/load/live-returners.ts';
import type { LiveLoadCommand } from '../../../bench/load/live-subscribers.ts';

const BENCH_LOAD = new URL('../../../bench/load/', import.meta.url);

/** Ends with the test. */
export async function webSocketServer(
  t: ExecutionContext,
): Promise<{ server: WebSocketServer; port: number }> {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  t.teardown(() => {
    for (const socket of server.clients) socket.terminate();
    server.close();
  });
  await once(server, 'listening');
  return { server, port: (server.address() as AddressInfo).port };
}

/** A load process, asked one command after the other. Ends with the test. */
export function loadProcess(
  t: ExecutionContext,
  script: string,
): (command: LiveLoadCommand | ReturnersCommand) => Promise<unknown> {
  const path = fileURLToPath(new URL(script, BENCH_LOAD));
  const child = spawn(process.execPath, [path], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  t.teardown(async () => {
    child.stdin.end();
    if (child.exitCode === null) await once(child, 'exit');
  });
  return async (command) => {
    child.stdin.write(`${JSON.stringify(command)}\n`);
    const line = await lines.next();
    if (line.done === true) throw new Error(`${script} ended`);
    return JSON.parse(line.value);
  };
}
