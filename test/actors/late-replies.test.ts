// Replies in parts, from the owner's side: between two real brokers, and into messages that fit.

import ava, { type TestFn } from 'ava';
import { ServiceBroker } from 'moleculer';
import pino from 'pino';
import { systemClock } from '../../actors/clock.ts';
import { BrokerRouter } from '../../actors/cluster/broker-router.ts';
import { packCommands, unpackReplies } from '../../actors/cluster/execute-wire.ts';
import { LateReplies, type LateRepliesOnWire } from '../../actors/cluster/late-replies.ts';
import { soleOwner } from '../../actors/cluster/placement-watch.ts';
import { execute, lateRepliesService, shardService } from '../../actors/cluster/shard-service.ts';
import { ShardHost } from '../../actors/shard/shard-host.ts';
import type { ReplySink, ShardReply } from '../../actors/shard/shard-reply.ts';
import type { DropCommand } from '../../contracts/commands.ts';
import { refusal } from '../../domain/refusal.ts';
import { brokerOptions } from '../../moleculer.config.ts';
import { NatsServer, natsInstalled } from '../servers/nats-server.ts';
import { place } from './harness.ts';
import { flush } from './manual-clock.ts';

const test = ava;
const onNats = (natsInstalled ? ava : ava.skip) as TestFn;
const REPLY: ShardReply = refusal('sold-out');
const CALLER = { nodeId: 'caller', run: 'run-1', call: 7 };

/** A host whose replies the test gives. */
class ScriptedHost {
  readonly sinks: ReplySink[] = [];

  submit(_commands: readonly DropCommand[], sink: ReplySink): void {
    this.sinks.push(sink);
  }
  execute(commands: readonly DropCommand[]): Promise<ShardReply[]> {
    return ShardHost.prototype.execute.call(this as never, commands);
  }
}

function orders(count: number): DropCommand[] {
  return Array.from({ length: count }, (_, i) => place(`user${i}`));
}

function start(count: number) {
  const host = new ScriptedHost();
  const messages: LateRepliesOnWire[] = [];
  const late = new LateReplies({ send: (_nodeId, message) => messages.push(message) });
  const packed = packCommands(orders(count));
  return { host, messages, late, packed };
}

test('a call that is answered within a turn has one reply, and no late ones', async (t) => {
  const { host, messages, late, packed } = start(3);
  const first = execute(host, late, { packed, caller: CALLER });
  host.sinks[0]!.replied([2, 0], [REPLY, REPLY]);
  host.sinks[0]!.replied([1], [REPLY]);
  t.deepEqual(unpackReplies((await first)!).indexes, [2, 0, 1]);
  await flush();
  t.deepEqual(messages, []);
});

test('late replies of one turn are one message for each run, of at most 1,024 replies', async (t) => {
  const { host, messages, late, packed } = start(1_025);
  const first = execute(host, late, { packed, caller: CALLER });
  const second = execute(host, late, { packed, caller: { ...CALLER, call: 8 } });
  for (const sink of host.sinks) sink.replied([0], [REPLY]);
  await Promise.all([first, second]);
  const rest = Array.from({ length: 700 }, (_, i) => i + 1);
  for (const sink of host.sinks)
    sink.replied(
      rest,
      rest.map(() => REPLY),
    );
  await flush();
  t.deepEqual(
    messages.map(({ run, parts }) => [run, parts.map(({ call }) => call)]),
    [
      ['run-1', [7]],
      ['run-1', [8]],
    ],
  );
  for (const sink of host.sinks) sink.replied([701], [REPLY]);
  await flush();
  t.deepEqual(
    messages[2]!.parts.map(({ call }) => call),
    [7, 8],
  );
});

test('a caller that does not say which call it is gets all replies together', async (t) => {
  const { host, messages, late, packed } = start(2);
  let replied = false;
  const whole = execute(host, late, { packed }).finally(() => {
    replied = true;
  });
  host.sinks[0]!.replied([1], [REPLY]);
  await flush();
  t.false(replied);
  host.sinks[0]!.replied([0], [REPLY]);
  t.deepEqual(unpackReplies((await whole)!).indexes, [0, 1]);
  t.deepEqual(messages, []);
});

onNats('H6a: between nodes a command that waits delays no other of its call', async (t) => {
  const server = await NatsServer.start();
  const log = pino({ level: 'silent' });
  const brokerOf = (nodeId: string) =>
    new ServiceBroker(brokerOptions({ nodeId, natsUrl: server.url, log }));
  const [caller, owner] = [brokerOf('caller'), brokerOf('owner')];
  const owners = soleOwner('owner');
  const router = new BrokerRouter({
    broker: caller,
    owners,
    shardCount: 8,
    clock: systemClock,
    log,
  });
  const host = new ScriptedHost();
  caller.createService(
    lateRepliesService({
      nodeId: 'caller',
      onReplies: (message) => router.takeLateReplies(message),
    }),
  );
  owner.createService(
    shardService({
      broker: owner,
      host: host as unknown as ShardHost,
      node: { report: () => ({}) as never },
      verify: () => Promise.reject(new Error('not here')),
      restart: () => undefined,
    }),
  );
  t.teardown(async () => {
    await Promise.all([caller.stop(), owner.stop()]);
    await server.stop();
  });
  await Promise.all([caller.start(), owner.start()]);
  await caller.waitForServices('shards', 5_000, 20);
  await owner.waitForServices('late-replies', 5_000, 20);
  const waits = router.send(place('ada'));
  const quick = router.send(place('bob'));
  while (host.sinks.length === 0) await flush();
  host.sinks[0]!.replied([1], [REPLY]);
  t.deepEqual(await quick, REPLY);
  t.is(router.outstanding, 1);
  host.sinks[0]!.replied([0], [REPLY]);
  t.deepEqual(await waits, REPLY);
  t.is(router.outstanding, 0);
});
