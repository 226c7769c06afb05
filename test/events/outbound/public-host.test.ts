// Addresses that others give: which may be on the public network, by their text.

import test from 'ava';
import { isPublicHost } from '../../../events/outbound/public-host.ts';

test('A6: only names that may be public are, however an address is written', (t) => {
  for (const url of [
    'https://fcm.googleapis.com/fcm/send/x',
    'https://updates.push.services.mozilla.com:443/wpush/v2/x',
    'https://web.push.apple.com./x',
  ])
    t.true(isPublicHost(url), url);
  for (const url of [
    'https://localhost/x',
    'https://push/x',
    'https://127.0.0.1/x',
    'https://2130706433/x',
    'https://0x7f.1/x',
    'https://0177.0.0.1/x',
    'https://[::1]/x',
    'https://[::ffff:10.0.0.1]/x',
    'https://10.0.0.1./x',
    'https://printer.local/x',
    'https://db.internal/x',
    'https://db.internal./x',
    'https://a.localhost/x',
    'https://router.home.arpa/x',
    'https://user@push.example.org/x',
    'https://ann:b@push.example.org/x',
    'not an address',
    '',
  ])
    t.false(isPublicHost(url), url);
});
