// The common part of the bare servers: a uWebSockets.js POST handler that reads and parses the
// body, and answers with a fixed status and size, and one for GET that does only the latter. BYTES
// and STATUS come from the command line.

import { STATUS_CODES } from 'node:http';
import uWS from 'uWebSockets.js';

/** Calls `ordered` for each order, with a function that sends the answer. */
export function serveOrders(ordered: (answer: () => void) => void): void {
  const [bytes, status = '201'] = process.argv.slice(2);
  const body = 'x'.repeat(Number(bytes));
  const statusLine = `${status} ${STATUS_CODES[status]}`;

  uWS
    .App()
    .get('/*', (res) => {
      res.writeStatus(statusLine);
      res.end(body);
    })
    .post('/*', (res) => {
      let aborted = false;
      const write = (): void => {
        res.writeStatus(statusLine);
        res.end(body);
      };
      const answer = (): void => {
        if (!aborted) res.cork(write);
      };
      res.onAborted(() => {
        aborted = true;
      });
      let received = '';
      res.onData((chunk, isLast) => {
        received += Buffer.from(chunk).toString();
        if (!isLast || aborted) return;
        JSON.parse(received);
        ordered(answer);
      });
    })
    .listen('127.0.0.1', 0, (socket) => {
      process.stdout.write(`ready on http://127.0.0.1:${uWS.us_socket_local_port(socket)}\n`);
    });
}
