import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { HttpPool, httpRequest } from '../../../operator/demo/http-pool.ts';

async function poolFor(
  t: ExecutionContext,
  listener: RequestListener,
  options: { connectionsMax: number; waitingMax: number },
): Promise<{ pool: HttpPool; sockets: Set<Socket> }> {
  const server = createServer(listener);
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const pool = new HttpPool({ host: '127.0.0.1', port, ...options });
  t.teardown(() => {
    pool.close();
    server.close();
  });
  return { pool, sockets };
}

function post(body: string): string {
  return httpRequest({ method: 'POST', path: '/echo', host: 'x', headers: {}, body });
}

test('every request gets its own answer, over no more sockets than allowed', async (t) => {
  const { pool, sockets } = await poolFor(
    t,
    (request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      request.on('end', () => {
        response.writeHead(201, {
          'content-length': body.length,
          'idempotency-replayed': body === '"7"' ? 'true' : 'false',
        });
        response.end(body);
      });
    },
    { connectionsMax: 3, waitingMax: 100 },
  );
  await pool.warmUp();
  const numbers = Array.from({ length: 40 }, (_, i) => i);
  const answers = await Promise.all(numbers.map((i) => pool.send(post(`"${i}"`))));
  t.deepEqual(
    answers.map(({ body }) => body),
    numbers.map((i) => `"${i}"`),
  );
  t.true(answers.every(({ status, tookMs }) => status === 201 && tookMs > 0));
  t.deepEqual(
    answers.flatMap(({ replayed }, i) => (replayed ? [i] : [])),
    [7],
  );
  t.is(sockets.size, 3);
});

test('an answer in pieces, and one without a body', async (t) => {
  const { pool } = await poolFor(
    t,
    (request, response) => {
      if (request.method === 'GET') {
        response.writeHead(204).end();
        return;
      }
      response.writeHead(200, { 'content-length': 6 });
      response.write('abc', () => response.end('def'));
    },
    { connectionsMax: 1, waitingMax: 10 },
  );
  t.is((await pool.send(post('1'))).body, 'abcdef');
  const empty = httpRequest({ method: 'GET', path: '/', host: 'x', headers: {} });
  t.like(await pool.send(empty), { status: 204, body: '' });
});

test('a broken connection gives status 0, and the next request opens a new one', async (t) => {
  let calls = 0;
  const { pool } = await poolFor(
    t,
    (request, response) => {
      calls++;
      if (calls === 1) request.socket.destroy();
      else response.writeHead(200, { 'content-length': 2 }).end('ok');
    },
    { connectionsMax: 1, waitingMax: 10 },
  );
  const [broken, next] = await Promise.all([pool.send(post('1')), pool.send(post('2'))]);
  t.is(broken.status, 0);
  t.like(next, { status: 200, body: 'ok' });
});

test('the queue of requests is bounded', async (t) => {
  const { pool } = await poolFor(t, () => {}, { connectionsMax: 1, waitingMax: 1 });
  pool.request(post('1'), () => {});
  pool.request(post('2'), () => {});
  t.throws(() => pool.request(post('3'), () => {}), { message: /more than 1 requests wait/ });
});
