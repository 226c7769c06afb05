import test from 'ava';
import { dropView, LiveHarness, milestone, settled } from './live-harness.ts';

test('N3: very many sockets slow stock ticks down, but not milestones', async (t) => {
  // As if each frame to a socket took a hundredth of a second.
  const harness = new LiveHarness({ fanoutMicrosPerFrame: 10_000 });
  harness.drops.set('drop_1', dropView(1));
  const sockets = Array.from({ length: 30 }, () => harness.open({ dropId: 'drop_1' }));
  await settled();
  sockets[0]!.take();
  const frames = () => sockets[0]!.take().map(({ type, version }) => `${type} ${version}`);
  harness.change(dropView(2));
  t.deepEqual(frames(), ['drop.stock 2']);
  harness.change(dropView(3));
  harness.clock.advance(299);
  harness.change(dropView(4));
  t.deepEqual(frames(), []);
  harness.clock.advance(1);
  t.deepEqual(frames(), ['drop.stock 4']);
  harness.change(dropView(5), milestone('sold_out', dropView(5)));
  t.deepEqual(frames(), ['drop.sold_out 5']);
});
