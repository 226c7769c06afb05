// The same order body always gives the same quantity, or the same refusal.

import test from 'ava';
import { readOrderBody } from '../../gateway/orders/order-body.ts';

function ask(text: string): unknown {
  const asked = readOrderBody(Buffer.from(text));
  if (typeof asked === 'number') return asked;
  return asked.ok ? [asked.quantity, asked.metadata] : asked.code;
}

test('H8: accepted bodies give their own quantity each time', (t) => {
  const bodies = [1, 2, 12].flatMap((n) => [`{"quantity":${n}}`, ` { "quantity" : ${n} } `]);
  bodies.push(`{"quantity":7}${' '.repeat(200)}`);
  const quantities = [1, 1, 2, 2, 12, 12, 7];
  for (let round = 0; round < 3; round++) t.deepEqual(bodies.map(ask), quantities);
});

test('H8: refused bodies are refused each time, however near to an accepted one', (t) => {
  t.is(ask('{"quantity":3}'), 3);
  const refused = [
    '{"quantity":0}',
    '{"quantity":"3"}',
    '{"quantity":3,"x":1}',
    '{"quantity":3',
    '',
  ];
  for (let round = 0; round < 3; round++) {
    for (const body of refused) t.is(ask(body), 'invalid-request', body);
  }
});

test('H8: past the bound of the cache every body is still checked', (t) => {
  for (let quantity = 1; quantity <= 90; quantity++) {
    for (let spaces = 0; spaces < 20; spaces++) {
      t.is(ask(`{"quantity":${quantity}${' '.repeat(spaces)}}`), quantity);
    }
    t.is(ask(`{"quantity":-${quantity}}`), 'invalid-request');
  }
});

test('O13: metadata is the same text in whatever order, spelling and spacing it comes', (t) => {
  const expected = [2, '{"a":"1","b":"ü \\n"}'];
  for (const body of [
    '{"quantity":2,"metadata":{"a":"1","b":"ü \\n"}}',
    '{"metadata":{"b":"ü \\u000a","a":"1"},"quantity":2}',
    '{"quantity": 2, "\\u006detadata": {"b":"\\u00fc \\n" , "\\u0061":"1"}}',
  ]) {
    t.deepEqual(ask(body), expected, body);
    t.deepEqual(ask(body), expected, body);
  }
  t.is(ask('{"quantity":2,"metadata":{}}'), 2);
  t.deepEqual(ask('{"quantity":2,"metadata":{"10":"x","9":"y"}}'), [2, '{"10":"x","9":"y"}']);
});

test('O13, H8: metadata has up to 8 texts, 512 bytes in all, under plain names', (t) => {
  const of = (metadata: unknown) => ask(JSON.stringify({ quantity: 1, metadata }));
  const texts = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`name${i}`, 'x']));
  t.true(Array.isArray(of(texts(8))));
  t.true(Array.isArray(of({ a: 'x'.repeat(511) })));
  t.true(Array.isArray(of({ a: 'ü'.repeat(255), b: '' })));
  t.true(Array.isArray(of({ ['n'.repeat(40)]: 'x', 'A.b_c-9': 'y', constructor: 'z' })));
  for (const wrong of [
    texts(9),
    { a: 'x'.repeat(512) },
    { a: 'ü'.repeat(256) },
    { a: 'x'.repeat(300), b: 'x'.repeat(300) },
    { ['n'.repeat(41)]: 'x' },
    { '': 'x' },
    { 'a b': 'x' },
    { ü: 'x' },
    { _a: 'x' },
    { a: 1 },
    { a: null },
    { a: ['x'] },
    { a: { b: 'x' } },
    { a: 'x\u0000' },
    { a: '\ud800' },
    null,
    'text',
    1,
    ['x'],
    [],
  ]) {
    t.is(of(wrong), 'invalid-request', JSON.stringify(wrong));
  }
  t.is(ask('{"quantity":1,"metadata":{"__proto__":"x"}}'), 'invalid-request');
  t.is(ask('{"quantity":1,"metadata":{"a":"x"},"metadata":null}'), 'invalid-request');
  const bytes = Buffer.from('{"quantity":1,"metadata":{"a":"\u00ff"}}', 'latin1');
  t.like(readOrderBody(bytes), { ok: false, code: 'invalid-request' });
});
