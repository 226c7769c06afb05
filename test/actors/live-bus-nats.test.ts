// The live bus of a cluster, over a real nats-server that also goes away, hangs and comes back.

import ava, { type TestFn } from 'ava';
import { connect } from 'nats';
import pino from 'pino';
import { dropTopic, type LiveBus, type LiveMessage, userTopic } from '../../actors/live-bus.ts';
import { NatsLiveBus } from '../../actors/nats/live-bus-nats.ts';
import { subjectOf } from '../../actors/nats/subjects.ts';
import { NatsServer, natsInstalled } from '../servers/nats-server.ts';
import { carried, dropMessage, Ear, liveBusContract } from './live-bus-contract.ts';

/** One at a time: a flood holds up this process, and so the others' connections past their time. */
const test = (natsInstalled ? ava.serial : ava.serial.skip) as TestFn;

const TOPIC = dropTopic('drop_1');
/** More than a socket's buffers take while nobody reads, and more than the bus lets wait. */
const FLOOD_MESSAGES = 120_000;

interface Bench {
  readonly server: NatsServer;
  readonly near: NatsLiveBus;
  readonly far: NatsLiveBus;
  readonly warnings: string[];
}

async function withBuses(use: (bench: Bench) => Promise<void>): Promise<void> {
  const server = await NatsServer.start();
  const buses: NatsLiveBus[] = [];
  const warnings: string[] = [];
  const log = pino(
    { level: 'warn' },
    { write: (line: string) => void warnings.push((JSON.parse(line) as { msg: string }).msg) },
  );
  try {
    for (const name of ['near', 'far'])
      buses.push(await NatsLiveBus.connect({ url: server.url, name, log }));
    await use({ server, near: buses[0]!, far: buses[1]!, warnings });
  } finally {
    await Promise.all(buses.map((bus) => bus.stop()));
    await server.stop();
  }
}

function nextGap(bus: LiveBus): Promise<void> {
  return new Promise((resolve) => {
    const end = bus.onGap(() => {
      end();
      resolve();
    });
  });
}

liveBusContract(test, 'NATS', (_t, use) => withBuses(use));

ava('NATS: distinct topics are distinct subjects, of characters that mean nothing', (t) => {
  const topics = ['user.a', 'user.a.b', 'user.a=2eb', 'user.', 'user', 'user.=', 'user.*', 'a b'];
  const subjects = topics.map(subjectOf);
  t.is(new Set(subjects).size, topics.length);
  for (const subject of subjects) t.regex(subject, /^live(\.[A-Za-z0-9_=-]+){1,2}$/);
  t.is(subjectOf('drop.drop_1-x'), 'live.drop.drop_1-x');
});

test('NATS: after a restart of the server frames flow again, and all get a gap', (t) =>
  withBuses(async ({ server, near, far, warnings }) => {
    const [here, there, late] = [new Ear(), new Ear(), new Ear()];
    near.subscribe(TOPIC, here.listen);
    far.subscribe(TOPIC, there.listen);
    const goes = far.subscribe('drop.gone', there.listen);
    await far.settled();
    near.publish(TOPIC, dropMessage(1));
    await there.until(1);

    await server.halt('SIGKILL');
    // Lost: some when the connection has not yet been found broken, the others dropped.
    while (near.droppedFrames === 0) {
      near.publish(TOPIC, dropMessage(2));
      await new Promise((resolve) => setImmediate(resolve));
    }
    await near.settled();
    near.subscribe('drop.late', late.listen);
    far.subscribe('drop.late', late.listen);
    goes();
    const gaps = Promise.all([nextGap(near), nextGap(far)]);
    await server.resume();
    await gaps;

    const localCount = here.heard.length;
    near.publish(TOPIC, dropMessage(3));
    near.publish('drop.late', dropMessage(4));
    near.publish('drop.gone', dropMessage(5));
    await carried(near, far);
    t.deepEqual(there.heard.at(-1), dropMessage(3));
    t.is(there.heard.length, 2);
    t.is(here.heard.length, localCount + 1, 'near listeners hear all of it, NATS or not');
    t.deepEqual(late.heard, [dropMessage(4), dropMessage(4)]);
    t.deepEqual([...new Set(warnings)], ['the live bus has lost NATS']);
  }));

test('NATS: while the server hangs buffers stay bounded, then the bus reconnects', (t) =>
  withBuses(async ({ server, near, far }) => {
    const gap = nextGap(far);
    server.signal('SIGSTOP');
    for (let i = 0; i < FLOOD_MESSAGES; i++) near.publish(TOPIC, dropMessage(i));
    t.true(near.droppedFrames > 0);
    // The server is found to hang; its receive buffer is full, so no farewell gets through.
    await near.settled();
    server.signal('SIGCONT');
    await gap;
    const ear = new Ear();
    far.subscribe(TOPIC, ear.listen);
    await far.settled();
    near.publish(TOPIC, dropMessage(9));
    await ear.until(1);
    t.deepEqual(ear.heard, [dropMessage(9)]);
  }));

test('NATS: messages dropped over the bound cause a gap for the other nodes', (t) =>
  withBuses(async ({ near, far, warnings }) => {
    const gap = nextGap(far);
    // All in one turn, in which no confirmation can come.
    for (let i = 0; i < FLOOD_MESSAGES; i++) near.publish(TOPIC, dropMessage(i));
    t.true(near.droppedFrames > 0);
    await gap;
    t.deepEqual(warnings, []);
  }));

test('NATS: messages to users of one turn travel in a few frames, without loss', (t) =>
  withBuses(async ({ server, near, far }) => {
    const users = Array.from({ length: 400 }, (_, i) => `user_${i}`);
    const message = (id: string, turn: number): LiveMessage => ({
      type: 'follow',
      creatorId: id,
      following: turn === 1,
    });
    const ears = users.map(() => new Ear());
    for (const [i, id] of users.entries()) far.subscribe(userTopic(id), ears[i]!.listen);
    await far.settled();
    const watch = await connect({ servers: server.url });
    let frames = 0;
    watch.subscribe('live-users.*', { callback: () => void frames++ });
    await watch.flush();
    for (const turn of [0, 1]) {
      for (const id of users) near.publish(userTopic(id), message(id, turn));
      await carried(near, far);
    }
    await watch.flush();
    await watch.close();
    for (const [i, id] of users.entries())
      t.deepEqual(ears[i]!.heard, [message(id, 0), message(id, 1)]);
    t.true(frames <= 2 * 16, `${frames} frames`);
  }));

test('NATS: one user whose listener fails costs the others of a frame nothing', (t) =>
  withBuses(async ({ near, far, warnings }) => {
    const users = Array.from({ length: 64 }, (_, i) => `user_${i}`);
    const ears = new Map(users.map((id) => [id, new Ear()]));
    for (const [id, ear] of ears) {
      far.subscribe(userTopic(id), (message) => {
        if (id === 'user_0') throw new Error('a defect');
        ear.listen(message);
      });
    }
    await far.settled();
    for (const id of users) near.publish(userTopic(id), { type: 'feed' });
    await carried(near, far);
    for (const [id, ear] of ears) t.is(ear.heard.length, id === 'user_0' ? 0 : 1);
    t.deepEqual(warnings, ['a live message could not be handled']);
  }));

test('NATS: messages to users are dropped over the bound as well, and counted one by one', (t) =>
  withBuses(async ({ near, far }) => {
    const USERS = 50;
    let heard = 0;
    for (let i = 0; i < USERS; i++) far.subscribe(userTopic(`user_${i}`), () => void heard++);
    await far.settled();
    const gap = nextGap(far);
    const message: LiveMessage = { type: 'follow', creatorId: 'c'.repeat(200), following: true };
    for (let i = 0; i < FLOOD_MESSAGES; i++) near.publish(userTopic(`user_${i % USERS}`), message);
    await gap;
    await carried(near, far);
    t.true(heard > 0 && near.droppedFrames > 0);
    t.is(heard + near.droppedFrames, FLOOD_MESSAGES);
    const huge: LiveMessage = { ...message, creatorId: 'x'.repeat(2 * 1024 * 1024) };
    near.publish(userTopic('user_1'), huge);
    t.is(heard + near.droppedFrames, FLOOD_MESSAGES + 1);
  }));

test('NATS: bytes that are no message, and listeners that fail, are logged only', (t) =>
  withBuses(async ({ near, far, warnings }) => {
    const ear = new Ear();
    far.subscribe(TOPIC, (message) => {
      if (message.type === 'follow') throw new Error('a defect');
      ear.listen(message);
    });
    await far.settled();
    near.publish(TOPIC, { type: 'follow', creatorId: 'c', following: true });
    const huge = 'x'.repeat(2 * 1024 * 1024);
    near.publish(TOPIC, { type: 'follow', creatorId: huge, following: true });
    near.publish(TOPIC, dropMessage(1));
    await ear.until(1);
    t.deepEqual(warnings, ['a live message is too large', 'a live message could not be handled']);
    t.is(near.droppedFrames, 1);
  }));

test('NATS: a bus stops while NATS is away, and then ignores messages', async (t) => {
  const server = await NatsServer.start();
  const bus = await NatsLiveBus.connect({
    url: server.url,
    name: 'only',
    log: pino({ level: 'silent' }),
  });
  await server.stop();
  await bus.stop();
  await bus.stop();
  bus.publish(TOPIC, dropMessage(1));
  bus.subscribe(TOPIC, () => undefined)();
  await bus.settled();
  t.is(bus.droppedFrames, 1);
  await t.throwsAsync(
    NatsLiveBus.connect({ url: server.url, name: 'late', log: pino({ level: 'silent' }) }),
  );
});
