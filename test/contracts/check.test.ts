// What a refusal says of content that its schema does not allow.

import test from 'ava';
import { Type } from 'typebox';
import { compileCheck } from '../../contracts/check.ts';

const STATES = ['queued', 'running', 'done'] as const;
const many = Array.from({ length: 13 }, (_, index) => `value-${index}`);
const check = compileCheck(
  Type.Object(
    {
      format: Type.Optional(Type.Union([Type.Literal('csv'), Type.Literal('ndjson')])),
      states: Type.Optional(Type.Array(Type.Enum([...STATES]))),
      all: Type.Optional(Type.Literal(true)),
      end: Type.Optional(Type.Union([Type.String({ pattern: '^2' }), Type.Null()])),
      currency: Type.Optional(Type.Enum(many)),
    },
    { additionalProperties: false, minProperties: 1 },
  ),
);

const detailOf = (value: unknown) => {
  const checked = check(value);
  return checked.ok ? null : checked.detail;
};

test('H8: a value that is none of a few is told those few, by field', (t) => {
  t.is(detailOf({ format: 'xml' }), 'format: must be one of csv, ndjson.');
  t.is(detailOf({ states: ['done', 'gone'] }), 'states.1: must be one of queued, running, done.');
  t.is(detailOf({ all: false }), 'all: must be true.');
});

test('H8: neither long lists nor schemas are quoted', (t) => {
  t.is(detailOf({ currency: 'gold' }), 'currency: is not one of the allowed values.');
  t.is(detailOf({ end: '1999' }), 'end: is not one of the allowed values.');
});

test('H8: content without any field is told so', (t) => {
  t.is(detailOf({}), 'The content: must not be empty.');
  t.is(detailOf({ format: 'csv' }), null);
});
