import test from 'ava';
import { natsOptions } from '../../actors/cluster/nats-options.ts';
import { parseNatsServers } from '../../actors/cluster/nats-servers.ts';

test('several servers are read with a scheme before each, or before the first only', (t) => {
  const expected = { hosts: ['one:4222', 'two:4223'], tls: false, user: 'ada', password: 'p@ss' };
  for (const text of [
    'nats://ada:p%40ss@one:4222,nats://two:4223',
    'nats://ada:p%40ss@one:4222,two:4223',
    'nats://ada:p@ss@one:4222, two:4223',
  ]) {
    t.deepEqual(parseNatsServers(text), expected, text);
  }
  t.deepEqual(parseNatsServers('tls://one,tls://two')?.hosts, ['one', 'two']);
});

test('what is no list of servers of one scheme is refused', (t) => {
  for (const text of [
    '',
    'one:4222',
    'http://one',
    'nats://',
    'nats://one,',
    'nats://one,tls://two',
    'tls://one,nats://two',
    'nats://one/path',
    'nats://one?x',
    'redis://one',
  ]) {
    t.is(parseNatsServers(text), null, text);
  }
});

test('tls:// demands an encrypted connection, nats:// does not', (t) => {
  t.deepEqual(natsOptions({ url: 'tls://one,two', name: 'a' }).tls, {});
  t.is(natsOptions({ url: 'nats://one,two', name: 'a' }).tls, undefined);
});
