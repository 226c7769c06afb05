import test from 'ava';
import { UnreadMoments } from '../../../events/search/unread-moments.ts';

test('Q4: the lag is the time since the oldest unread record was seen', (t) => {
  const moments = new UnreadMoments();
  moments.add(1_000, 0, 2);
  moments.add(2_000, 1, 2);
  t.is(moments.ageMs(1, 2_500), 1_500);
  t.is(moments.ageMs(2, 2_500), 500);
  t.is(moments.ageMs(3, 2_500), 0);
  moments.add(3_000, 3, 0);
  t.is(moments.ageMs(3, 4_000), 0);
});

test('Q4: what a full pass took over is waited for no more, however busy the store is', (t) => {
  const moments = new UnreadMoments();
  // Before the pass all that there ever was is unread; the pass reads none of it as records.
  moments.add(1_000, 0, 5_000);
  let taken = 0;
  for (let at = 2_000; at <= 60_000; at += 1_000) {
    moments.add(at, taken, 3);
    taken += 3;
    t.is(moments.ageMs(taken, at + 500), 0, String(at));
  }
});
