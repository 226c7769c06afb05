// The ceiling: a uWebSockets.js POST handler that reads and parses the body and answers with the
// status and as many bytes as asked for, nothing else.
// Usage: raw-server.ts BYTES [STATUS]

import { STATUS_CODES } from 'node:http';
import uWS from 'uWebSockets.js';

const [bytes, status = '201'] = process.argv.slice(2);
const answer = 'x'.repeat(Number(bytes));
const statusLine = `${status} ${STATUS_CODES[status]}`;

uWS
  .App()
  .post('/*', (res) => {
    let aborted = false;
    res.onAborted(() => {
      aborted = true;
    });
    let body = '';
    res.onData((chunk, isLast) => {
      body += Buffer.from(chunk).toString();
      if (!isLast || aborted) return;
      JSON.parse(body);
      res.cork(() => {
        res.writeStatus(statusLine);
        res.end(answer);
      });
    });
  })
  .listen('127.0.0.1', 0, (socket) => {
    process.stdout.write(`ready on http://127.0.0.1:${uWS.us_socket_local_port(socket)}\n`);
  });
