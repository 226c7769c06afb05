// The text of exports: CSV that spreadsheets read and do not compute, NDJSON with whole orders.

import test from 'ava';
import { parse } from '../end-to-end/csv.ts';
import { type Details, exportHead, exportOrders } from '../../gateway/order-export.ts';
import type { OrderView } from '../../contracts/orders.ts';
import { order } from './fixture.ts';

const DROP = { dropId: 'drp_1', version: 7, orders: 1 };

const NO_DETAILS: Details = new Map();

function csvOf(
  change: Partial<OrderView>,
  details = NO_DETAILS,
): { text: string; row: Record<string, string> } {
  const text = exportOrders('csv', [{ ...order, ...change }], details, 'development');
  const [names, cells] = parse(exportHead('csv', DROP) + text);
  return { text, row: Object.fromEntries(names!.map((name, i) => [name, cells![i]!])) };
}

test('O9a: CSV has a header, CRLF, and every column of an order', (t) => {
  t.is(
    exportHead('csv', DROP),
    'id,dropId,userId,status,quantity,refundedQuantity,currency,currencyDigits,totalAmount,' +
      'refundedAmount,total,refunded,createdAt,holdExpiresAt,paymentProvider,paymentReference,' +
      'refundRequested,metadata,version,details.name,details.company,details.lines,' +
      'details.city,details.region,details.postalCode,details.country,details.phone,' +
      'details.email,details.note\r\n',
  );
  const { text } = csvOf({});
  t.is(
    text,
    'drp_1-0,drp_1,buyer,confirmed,1,0,EUR,2,1500,0,15.00,0.00,2026-03-01T12:00:00.000Z,,,,' +
      'false,,3,,,,,,,,,,\r\n',
  );
});

test('O9a: amounts have the digits of their currency, and no sums are lost', (t) => {
  for (const [currency, totalAmount, total, digits] of [
    ['JPY', 1500, '1500', '0'],
    ['KWD', 1500, '1.500', '3'],
    ['EUR', Number.MAX_SAFE_INTEGER, '90071992547409.91', '2'],
    ['XXX', 1500, '', ''],
  ] as const) {
    const { row } = csvOf({ currency, totalAmount });
    t.like(row, { currency, totalAmount: String(totalAmount), total, currencyDigits: digits });
  }
  const part = csvOf({ refundedAmount: 500, refundedQuantity: 1, totalAmount: 2_000 }).row;
  t.like(part, { refundedAmount: '500', refunded: '5.00', refundedQuantity: '1' });
  const whole = csvOf({ status: 'refunded', quantity: 3 }).row;
  t.like(whole, { refundedAmount: '1500', refundedQuantity: '3' });
});

test('O9a: no cell is a formula, and numbers stay numbers', (t) => {
  for (const sign of ['=', '+', '-', '@', '\uFF1D', '\uFF0B', '\uFF0D', '\uFF20']) {
    const userId = `${sign}HYPERLINK("x")`;
    const { text, row } = csvOf({ userId });
    t.is(row['userId'], `'${userId}`);
    t.true(text.includes(`,"'${sign}HYPERLINK(""x"")",`), text);
    t.is(row['totalAmount'], '1500');
  }
});

test('O9a: commas, quotes and line breaks of texts come back as they were', (t) => {
  const metadata = JSON.stringify({ note: 'a, "b"\r\nc\nd', size: 'Ü' });
  t.is(csvOf({ metadata }).row['metadata'], metadata);
  for (const userId of ['a,b', 'a"b', '""', 'a;b', ' '])
    t.is(csvOf({ userId }).row['userId'], userId);
});

test('O9a: NDJSON begins with the version, and has orders as every route shows them', (t) => {
  const head = JSON.parse(exportHead('ndjson', DROP)) as unknown;
  t.deepEqual(head, { kind: 'export', dropId: 'drp_1', version: 7, orders: 1 });
  const change = { metadata: '{"a":"b"}', holdExpiresAt: order.createdAt, paymentReference: 'p' };
  const text = exportOrders('ndjson', [order, { ...order, ...change }], NO_DETAILS, 'development');
  t.true(text.endsWith('}\n'));
  const [first, second] = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as object);
  t.like(first, { id: order.id, createdAt: '2026-03-01T12:00:00.000Z', totalAmount: 1500 });
  t.like(second, { metadata: { a: 'b' }, payment: { provider: 'development', reference: 'p' } });
});

test('O9a: details of orders are in both forms, and none of them is a formula', (t) => {
  const said = {
    name: '=SUM(A1)',
    lines: ['Hauptstr. 1', '2. OG'],
    city: 'Köln',
    postalCode: '01067',
    country: 'DE',
    note: 'Ring\ntwice',
  };
  const details = new Map([[order.id, said]]);
  t.like(csvOf({ hasDetails: true }, details).row, {
    'details.name': "'=SUM(A1)",
    'details.lines': 'Hauptstr. 1, 2. OG',
    'details.city': 'Köln',
    'details.postalCode': '01067',
    'details.country': 'DE',
    'details.note': 'Ring\ntwice',
    'details.phone': '',
  });
  const text = exportOrders('ndjson', [order], details, 'development');
  t.deepEqual((JSON.parse(text) as { details: object }).details, said);
});
