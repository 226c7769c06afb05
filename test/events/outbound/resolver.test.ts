import { createSocket } from 'node:dgram';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import test, { type ExecutionContext } from 'ava';
import { resolveBy } from '../../../events/outbound/resolver.ts';

const TYPE_A = 1;

/** A name server on loopback that says nothing to questions about IPv6 (RFC 1035, 4). */
async function silentAboutIpv6(t: ExecutionContext): Promise<Resolver> {
  const socket = createSocket('udp4');
  t.teardown(() => void socket.close());
  socket.on('message', (question, { port, address }) => {
    const end = question.indexOf(0, 12) + 5;
    if (question.readUInt16BE(end - 4) !== TYPE_A) return;
    const head = Buffer.from(question.subarray(0, end));
    // A reply without a fault, with one question and one answer.
    head.writeUInt16BE(0x81_80, 2);
    for (const [offset, count] of [1, 1, 0, 0].entries()) head.writeUInt16BE(count, 4 + 2 * offset);
    const answer = Buffer.from('c00c00010001000000000004c6336407', 'hex');
    socket.send(Buffer.concat([head, answer]), port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const resolver = new Resolver({ timeout: 20_000, tries: 1 });
  resolver.setServers([`127.0.0.1:${socket.address().port}`]);
  return resolver;
}

test('a name is found although nobody answers about its IPv6 addresses', async (t) => {
  const resolver = await silentAboutIpv6(t);
  const addresses = await resolveBy(resolver, 'shop.example', AbortSignal.timeout(15_000));
  t.deepEqual(addresses, ['198.51.100.7']);
});

test('a name that nobody answers about is given up with the caller', async (t) => {
  const socket = createSocket('udp4');
  t.teardown(() => void socket.close());
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const resolver = new Resolver({ timeout: 20_000, tries: 1 });
  resolver.setServers([`127.0.0.1:${socket.address().port}`]);
  await t.throwsAsync(resolveBy(resolver, 'shop.example', AbortSignal.timeout(100)));
});
