// The format of parked refunds.

import test from 'ava';
import { decodeParkedRefund, encodeParkedRefund } from '../../storage/formats/parked-refund.ts';
import { parkedRefund } from '../events/payments/parked-refunds.ts';

test('P6: a parked refund comes back as it was, with its reason', (t) => {
  const refund = parkedRefund({ refundReason: 'One was broken.' });
  t.deepEqual(decodeParkedRefund(encodeParkedRefund(refund)), refund);
});

test('P6: a parked refund of before reasons opens without one', (t) => {
  const { refundReason: _, ...stored } = JSON.parse(encodeParkedRefund(parkedRefund()));
  t.deepEqual(decodeParkedRefund(JSON.stringify(stored)), parkedRefund());
  const newer = JSON.stringify({ ...stored, format: 2 });
  t.throws(() => decodeParkedRefund(newer), { code: 'newer-format' });
});
