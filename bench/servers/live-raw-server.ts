// The ceiling of the live stream: a uWebSockets.js server that subscribes every socket to one topic
// and publishes frames of a given size, nothing else. Each input line is a command (JSON); the
// answer lists the publish time of each frame on the machine's monotonic clock.

import { createInterface } from 'node:readline';
import uWS from 'uWebSockets.js';

export interface PublishCommand {
  readonly frames: number;
  readonly intervalMs: number;
  readonly bytes: number;
}

const TOPIC = 'all';
let version = 0;

const app = uWS
  .App()
  .ws('/*', {
    idleTimeout: 60,
    sendPingsAutomatically: true,
    maxBackpressure: 256 * 1024,
    open: (ws) => void ws.subscribe(TOPIC),
  })
  .listen('127.0.0.1', 0, (socket) => {
    process.stdout.write(`ready on http://127.0.0.1:${uWS.us_socket_local_port(socket)}\n`);
  });

async function publish(command: PublishCommand): Promise<[number, number][]> {
  const times: [number, number][] = [];
  for (let i = 0; i < command.frames; i++) {
    await new Promise((resolve) => setTimeout(resolve, command.intervalMs));
    version += 1;
    const head = `{"type":"drop.stock","version":${version},"data":"`;
    const frame = `${head.padEnd(command.bytes - 2, 'x')}"}`;
    times.push([version, Number(process.hrtime.bigint()) / 1e6]);
    app.publish(TOPIC, frame);
  }
  return times;
}

for await (const line of createInterface({ input: process.stdin })) {
  const times = await publish(JSON.parse(line) as PublishCommand);
  process.stdout.write(`${JSON.stringify(times)}\n`);
}
