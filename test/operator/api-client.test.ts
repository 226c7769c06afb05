import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { OperatorApi } from '../../operator/api-client.ts';
import { ApiError } from '../../operator/api-error.ts';
import { freePort } from '../../operator/cluster/free-port.ts';
import { startPretendGateway, TOKEN } from './pretend-gateway.ts';

/** The first answer names another node; after that the server closes every connection. */
async function startBrokenServer(
  t: ExecutionContext,
  otherUrl: string,
): Promise<{ url: string; requests: string[] }> {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    if (requests.length > 1) request.socket.destroy();
    else
      response
        .setHeader('content-type', 'application/json')
        .end(JSON.stringify({ items: [{ state: 'serving', url: otherUrl }] }));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

test('X1: a refusal is an ApiError with a message for people and its status', async (t) => {
  const { api, url } = await startPretendGateway(t, ['node-1', 'node-2']);
  const refused = await t.throwsAsync(api.pin(0, 'node-9', false), { instanceOf: ApiError });
  t.like(refused, { message: 'node-9 is no living node.', status: 422, transient: false });
  const buyer = new OperatorApi({ url, token: () => 'valid.buyer' });
  await t.throwsAsync(buyer.nodes(), { message: 'the token does not have the operator role' });
  const stranger = new OperatorApi({ url, token: () => 'nonsense' });
  await t.throwsAsync(stranger.nodes(), { message: /does not accept the token; give --token/ });
});

test('X1: a refused connection is a transient error that names the address', async (t) => {
  const url = `http://127.0.0.1:${await freePort()}`;
  const api = new OperatorApi({ url, token: () => TOKEN });
  const error = await t.throwsAsync(api.nodes(), { instanceOf: ApiError });
  t.is(error?.message, `no server at ${url} answers (ECONNREFUSED); --url names another`);
  t.like(error, { transient: true, notDelivered: true });
});

test('X1: when the first node refuses connections, the next known node answers', async (t) => {
  const first = await startPretendGateway(t, ['node-1', 'node-2']);
  const second = await startPretendGateway(t, ['node-1', 'node-2']);
  await first.cluster.join('node-2', { url: second.url });
  await first.api.nodes();
  await first.fixture.gateway.stop();
  const plan = await first.api.drain('node-1', true);
  t.true(plan.moves.length > 0);
  t.is(second.fixture.calls.length, 1);
  t.is((await first.api.shards()).length, 16);
});

test('X1: a change that may have arrived is not sent to another node; a read is', async (t) => {
  const { fixture, url } = await startPretendGateway(t, ['node-1', 'node-2']);
  const broken = await startBrokenServer(t, url);
  const api = new OperatorApi({ url: broken.url, token: () => TOKEN });
  await api.nodes();
  const error = await t.throwsAsync(api.drain('node-1', false), { instanceOf: ApiError });
  t.like(error, { status: 0, transient: true, notDelivered: false });
  t.deepEqual(fixture.calls, []);
  t.is((await api.shards()).length, 16);
  t.deepEqual(broken.requests.slice(1), [
    'POST /v1/operator/nodes/node-1/drain',
    'GET /v1/operator/shards',
  ]);
});
