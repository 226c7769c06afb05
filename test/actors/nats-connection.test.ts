import { once } from 'node:events';
import { createServer } from 'node:net';
import test from 'ava';
import { openUnlessAborted } from '../../actors/nats/connection.ts';

test('an attempt to reach a NATS server that hangs ends with the node', async (t) => {
  const silent = createServer().listen(0, '127.0.0.1');
  t.teardown(() => silent.close());
  await once(silent, 'listening');
  const { port } = silent.address() as { port: number };
  const ending = new AbortController();
  const options = { url: `nats://127.0.0.1:${port}`, name: 'a' };
  const opening = openUnlessAborted(options, ending.signal);
  const [socket] = (await once(silent, 'connection')) as [{ destroy(): void }];
  ending.abort();
  t.is(await opening, null);
  socket.destroy();
});
