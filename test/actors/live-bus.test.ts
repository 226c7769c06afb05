import test from 'ava';
import { InProcessLiveBus } from '../../actors/live-bus.ts';
import { liveBusContract } from './live-bus-contract.ts';

liveBusContract(test, 'in process', async (_t, use) => {
  const bus = new InProcessLiveBus();
  await use({ near: bus, far: bus });
});

test('in process: a topic has listeners only while one is subscribed', (t) => {
  const bus = new InProcessLiveBus();
  const end = bus.subscribe('drop.1', () => undefined);
  t.deepEqual([bus.hasListeners('drop.1'), bus.hasListeners('drop.2')], [true, false]);
  end();
  t.false(bus.hasListeners('drop.1'));
});
