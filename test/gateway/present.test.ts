import test from 'ava';
import fc from 'fast-check';
import { addressLimitKey, addressText, forwardedAddress } from '../../gateway/http/address.ts';
import { jsonString, rfc3339 } from '../../gateway/encode.ts';
import { orderJson, orderPageJson } from '../../gateway/present.ts';
import { NOW, order } from './fixture.ts';

test('H1: hand-written order JSON equals the derived shape, for any text', (t) => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: 'binary' }),
      fc.nat(),
      (user, text, at) => {
        const view = {
          ...order,
          userId: user,
          paymentReference: text,
          createdAt: at,
          holdExpiresAt: at + 1,
        };
        const written = JSON.parse(orderJson(view, text)) as Record<string, unknown>;
        t.deepEqual(written, {
          id: order.id,
          dropId: order.dropId,
          userId: user,
          quantity: 1,
          status: 'confirmed',
          totalAmount: 1500,
          currency: 'EUR',
          createdAt: new Date(at).toISOString(),
          holdExpiresAt: new Date(at + 1).toISOString(),
          payment: { provider: text, reference: text },
          version: 3,
        });
      },
    ),
    { numRuns: 200 },
  );
});

test('O13: an order with metadata shows it as it was sent', (t) => {
  const written = orderJson({ ...order, metadata: '{"a":"ü"}' }, 'x');
  t.like(JSON.parse(written), { id: order.id, metadata: { a: 'ü' }, version: 3 });
});

test('O14: an order that has details says so', (t) => {
  t.like(JSON.parse(orderJson({ ...order, hasDetails: true }, 'x')), { hasDetails: true });
  t.false('hasDetails' in (JSON.parse(orderJson(order, 'x')) as object));
});

test('H3: a page of orders is valid JSON, empty too', (t) => {
  t.deepEqual(JSON.parse(orderPageJson({ items: [], nextCursor: 'a"b' }, 'x')), {
    items: [],
    nextCursor: 'a"b',
  });
});

test('H1: texts are escaped as JSON.stringify does', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => JSON.parse(jsonString(text)) === text),
  );
  t.is(jsonString('a"\u2028\n'), JSON.stringify('a"\u2028\n'));
});

test('H1: the cached time text is not used for another time', (t) => {
  t.is(rfc3339(NOW), '2026-03-01T12:00:00.000Z');
  t.is(rfc3339(NOW + 1), '2026-03-01T12:00:00.001Z');
  t.is(rfc3339(NOW), '2026-03-01T12:00:00.000Z');
});

test('H5: addresses become texts and keys: IPv4 whole, IPv6 by its /64', (t) => {
  t.is(addressText(new Uint8Array([127, 0, 0, 1])), '127.0.0.1');
  const mapped = new Uint8Array(16);
  mapped.set([255, 255, 10, 0, 0, 7], 10);
  t.is(addressText(mapped), '10.0.0.7');
  const six = new Uint8Array(16);
  six.set([0x20, 0x01, 0x0d, 0xb8], 0);
  six[15] = 1;
  t.is(addressText(six), '2001:db8:0:0:0:0:0:1');
  t.is(addressLimitKey('2001:db8:0:0:0:0:0:1'), '2001:db8:0:0');
  t.is(addressLimitKey('2001:db8::1'), '2001:db8:0:0');
  t.is(addressLimitKey('::1'), '0:0:0:0');
  t.is(addressLimitKey('10.0.0.7'), '10.0.0.7');
  t.is(forwardedAddress('1.2.3.4, 2001:DB8::1'), '2001:db8::1');
  t.is(forwardedAddress(''), null);
  t.is(forwardedAddress('1.2.3.4, unknown'), null);
});

test('H5: a client behind a proxy is one address, however the proxy writes it', (t) => {
  for (const written of [
    '192.0.2.1',
    '192.0.2.1:5000',
    '192.0.2.1:5001',
    '::ffff:192.0.2.1',
    '::FFFF:192.0.2.1',
    '[::ffff:192.0.2.1]:5000',
  ]) {
    t.is(forwardedAddress(`203.0.113.9, ${written}`), '192.0.2.1', written);
  }
  t.is(forwardedAddress('::ffff:192.0.2.2'), '192.0.2.2');
  for (const written of ['2001:db8::1', '[2001:DB8::1]', '[2001:db8::1]:5000']) {
    t.is(forwardedAddress(written), '2001:db8::1', written);
  }
  for (const written of ['999.0.2.1', '192.0.2', '1:2', '[]', ':5000', '_hidden', 'dead.beef']) {
    t.is(forwardedAddress(written), null, written);
  }
});
