// Pushes counted by the service that they go to.

import test from 'ava';
import { PushCounts } from '../../../events/push/push-counts.ts';

test('R1: pushes are counted by the maker of the service, whoever runs one by the name of none', (t) => {
  const counts = new PushCounts();
  for (const endpoint of [
    'https://fcm.googleapis.com/fcm/send/a',
    'https://jmt17.google.com/fcm/send/a',
    'https://updates.push.services.mozilla.com/wpush/v2/a',
    'https://web.push.apple.com/a',
    'https://wns2-par02p.notify.windows.com/w/?token=a',
    'https://push.example.net:8443/a',
    'https://fcm.googleapis.com.example.net/a',
    'https://evilgoogleapis.com/a',
    'not an address',
  ])
    counts.add(endpoint, { outcome: 'sent' });
  counts.add('https://fcm.googleapis.com/b', { outcome: 'failed', reason: 'timeout' });
  counts.add('https://fcm.googleapis.com/b', { outcome: 'gone', reason: 'status-410' });
  t.deepEqual(
    counts.samples().map(({ service, outcome, count }) => [service, outcome, count]),
    [
      ['google', 'sent', 2],
      ['mozilla', 'sent', 1],
      ['apple', 'sent', 1],
      ['microsoft', 'sent', 1],
      ['other', 'sent', 4],
      ['google', 'timeout', 1],
      ['google', 'gone', 1],
    ],
  );
});
