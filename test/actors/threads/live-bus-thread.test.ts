import test from 'ava';
import { InProcessLiveBus } from '../../../actors/live-bus.ts';
import { dropMessage, Ear, liveBusContract } from '../live-bus-contract.ts';
import { threadBus } from './thread-ends.ts';

liveBusContract(test, 'thread to thread', async (t, use) => {
  const main = new InProcessLiveBus();
  await use({ near: threadBus(t, main).bus, far: threadBus(t, main).bus });
});

liveBusContract(test, 'main thread to thread', async (t, use) => {
  const main = new InProcessLiveBus();
  await use({ near: main, far: threadBus(t, main).bus });
});

test('a thread is sent what it listens to, and nothing after', async (t) => {
  const main = new InProcessLiveBus();
  const { bus } = threadBus(t, main);
  const [one, two] = [new Ear(), new Ear()];
  const ends = [bus.subscribe('drop.1', one.listen), bus.subscribe('drop.1', two.listen)];
  await bus.settled();
  t.true(main.hasListeners('drop.1'));
  t.false(main.hasListeners('drop.2'));
  ends[0]!();
  ends[0]!();
  await bus.settled();
  t.true(main.hasListeners('drop.1'), 'one still listens');
  ends[1]!();
  await bus.settled();
  t.false(main.hasListeners('drop.1'));
});

test('an answer comes after all that was published before it', async (t) => {
  const main = new InProcessLiveBus();
  const { bus } = threadBus(t, main);
  const ear = new Ear();
  bus.subscribe('drop.1', ear.listen);
  await bus.settled();
  const settled = bus.settled();
  for (let version = 1; version <= 10; version++) main.publish('drop.1', dropMessage(version));
  await settled;
  t.is(ear.heard.length, 10);
});

test('N2: a thread that does not keep up loses messages, and hears of it', async (t) => {
  const main = new InProcessLiveBus();
  const { bus } = threadBus(t, main);
  const ear = new Ear();
  bus.subscribe('drop.1', ear.listen);
  await bus.settled();
  const gap = new Promise<void>((resolve) => void bus.onGap(resolve));
  const message = dropMessage(1);
  for (let count = 0; count < 20_100; count++) main.publish('drop.1', message);
  await gap;
  t.is(ear.heard.length, 20_000);
  main.publish('drop.1', dropMessage(2));
  await ear.until(20_001);
  t.is(ear.heard.length, 20_001);
});
