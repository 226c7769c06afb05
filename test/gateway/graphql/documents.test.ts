import { hash } from 'node:crypto';
import test from 'ava';
import { buildSchema } from 'graphql';
import { Documents } from '../../../gateway/graphql/documents.ts';

const schema = buildSchema('type Query { a: Int }');

test('G2: a document is kept from its second use on; those of one use take no room', (t) => {
  const documents = new Documents({ schema, introspection: true });
  const hot = 'query Hot { a }';
  const first = documents.prepare(hot);
  t.is(documents.count, 0);
  t.not(documents.prepare(hot), first);
  t.is(documents.count, 1);
  const kept = documents.prepare(hot);
  for (let i = 0; i < 1_500; i++) documents.prepare(`query Once${i} { a }`);
  t.is(documents.count, 1);
  t.is(documents.prepare(hot), kept);
});

test('G2: a kept document is named by its digest, and compiled when it comes often', (t) => {
  const documents = new Documents({ schema, introspection: true });
  const text = 'query Named { a }';
  const digest = hash('sha256', text, 'hex');
  documents.prepare(text);
  t.is(documents.find(digest), null);
  documents.prepare(text);
  const kept = documents.find(digest)!;
  t.is(kept.compiled.size, 0);
  for (let uses = 1; uses < 20; uses++) documents.prepare(text);
  t.is(documents.find(digest), kept);
  t.is(kept.compiled.size, 1);
  t.is(documents.find(hash('sha256', 'other', 'hex')), null);
});

test('G2: what is kept is bounded in number and bytes, and what is wrong is never kept', (t) => {
  const documents = new Documents({ schema, introspection: true });
  for (let i = 0; i < 1_200; i++)
    for (let times = 0; times < 2; times++) documents.prepare(`query Twice${i} { a }`);
  t.is(documents.count, 1_000);
  const long = (i: number) => `query Long${i} { a } #${' '.repeat(100_000)}`;
  for (let i = 0; i < 30; i++) for (let times = 0; times < 2; times++) documents.prepare(long(i));
  t.true(documents.count <= 10);
  const before = documents.count;
  for (let times = 0; times < 3; times++) t.true(Array.isArray(documents.prepare('{ nothing }')));
  t.is(documents.count, before);
});
