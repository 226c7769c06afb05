// What both stream servers share with `bench/servers/live-raw-server.ts`: they say where they
// listen, and take commands (JSON) from their input, each answered when it is done with when which
// frame was published, on the machine's monotonic clock.

import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * @typedef {{ type: string, version: number, data: string }} Frame
 * @typedef {{ frames: number, intervalMs: number, bytes: number }} PublishCommand
 */

const TYPE = 'drop.stock';
let version = 0;

/**
 * Listens on a free port of the loopback, and says so.
 * @param {import('node:http').Server} server
 */
export function listen(server) {
  server.listen(0, '127.0.0.1', () => {
    process.stdout.write(`ready on http://127.0.0.1:${server.address().port}\n`);
  });
}

/** @param {(frame: Frame) => void} publish Sends it to everybody. */
export async function takePublishCommands(publish) {
  for await (const line of createInterface({ input: process.stdin })) {
    const times = await carryOut(JSON.parse(line), publish);
    process.stdout.write(`${JSON.stringify(times)}\n`);
  }
}

/** @param {PublishCommand} command @param {(frame: Frame) => void} publish */
async function carryOut(command, publish) {
  const times = [];
  for (let i = 0; i < command.frames; i++) {
    await delay(command.intervalMs);
    version += 1;
    const bare = JSON.stringify({ type: TYPE, version, data: '' });
    const frame = { type: TYPE, version, data: 'x'.repeat(command.bytes - bare.length) };
    times.push([version, Number(process.hrtime.bigint()) / 1e6]);
    publish(frame);
  }
  return times;
}
