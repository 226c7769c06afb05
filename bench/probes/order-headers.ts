// Measures what reading an order's headers costs: by one pass over all lines, which sees a repeated
// Idempotency-Key (H11), beside a `getHeader` call for each header, which does not. Run:
// node_modules/.bin/node bench/probes/order-headers.ts

import { connect } from 'node:net';
import { App, type HttpRequest, us_socket_local_port } from 'uWebSockets.js';
import { OrderHeaders } from '../../gateway/orders/order-headers.ts';

const ROUNDS = 5;
const READS = 200_000;
const NAMES = [
  'traceparent',
  'x-request-id',
  'authorization',
  'idempotency-key',
  'content-type',
].map((name) => new TextEncoder().encode(name).buffer);

const FEW = [
  'host: 127.0.0.1',
  `authorization: Bearer ${'t'.repeat(300)}`,
  'content-type: application/json',
  `idempotency-key: ${'k'.repeat(36)}`,
  'content-length: 0',
];
/** As many as a browser sends. */
const MANY = [
  ...FEW,
  ...Array.from({ length: 16 }, (_, i) => `sec-ch-ua-${i}: "Chromium";v="140"`),
];

const headers = new OrderHeaders();

function oneByOne(request: HttpRequest): void {
  for (const name of NAMES) request.getHeader(name);
}

/** CPU microseconds of one call. */
function microsOf(read: (request: HttpRequest) => void, request: HttpRequest): number {
  const before = process.cpuUsage();
  for (let i = 0; i < READS; i++) read(request);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / READS;
}

function measure(request: HttpRequest): string {
  const singles: number[] = [];
  const passes: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    singles.push(microsOf(oneByOne, request));
    passes.push(microsOf((one) => headers.read(one), request));
  }
  const [single, pass] = [singles, passes].map(
    (all) => all.toSorted((a, b) => a - b)[ROUNDS >> 1]!,
  );
  return `one by one ${single!.toFixed(2)} µs, one pass ${pass!.toFixed(2)} µs`;
}

async function serve(lines: readonly string[]): Promise<string> {
  return await new Promise((resolve) => {
    const app = App();
    app.get('/', (response, request) => {
      const result = measure(request);
      response.end();
      resolve(result);
    });
    app.listen('127.0.0.1', 0, (socket) => {
      if (socket === false) throw new Error('no free port');
      const client = connect(us_socket_local_port(socket), '127.0.0.1');
      client.write(`GET / HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
    });
  });
}

for (const lines of [FEW, MANY]) {
  process.stdout.write(`${lines.length} header lines: ${await serve(lines)}\n`);
}
process.exit(0);
