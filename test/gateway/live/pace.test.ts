import test from 'ava';
import { FanoutPace } from '../../../gateway/live/pace.ts';

test('N3: time is reserved for each frame delivered, and adds up over drops', (t) => {
  const pace = new FanoutPace({ microsPerFrame: 20, waitMsMax: 1_000 });
  t.true(pace.freeAt <= 5_000);
  pace.spend(10_000, 5_000);
  t.is(pace.freeAt, 5_200);
  pace.spend(5_000, 5_050);
  t.is(pace.freeAt, 5_300);
  pace.spend(1, 9_000);
  t.is(pace.freeAt, 9_000.02);
});

test('N4: no tick waits for more than the bound, nor after the clock was set back', (t) => {
  const pace = new FanoutPace({ microsPerFrame: 20, waitMsMax: 1_000 });
  for (let i = 0; i < 10; i++) pace.spend(50_000, 5_000);
  t.is(pace.freeAt, 6_000);
  pace.spend(1, 2_000);
  t.is(pace.freeAt, 3_000);
});
