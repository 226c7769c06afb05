// docs/CHANGES.md against the schemas: every kind has a section, and its example and fields are
// true.

import { readFileSync } from 'node:fs';
import test from 'ava';
import type { TObject } from 'typebox';
import { Value } from 'typebox/value';
import { STREAM_LINES, type StreamKind } from '../../contracts/changes.ts';
import { STREAMS_MAX, STREAMS_PER_USER_MAX } from '../../gateway/http/stream-slots.ts';
import { CHANGES_KEPT_MIN } from '../../events/changes/change-trimmer.ts';
import { CHANGES_RETAINED_MAX } from '../../storage/ports/change-stream.ts';

const page = readFileSync(new URL('../../docs/CHANGES.md', import.meta.url), 'utf8');
const sections = new Map(
  page
    .split('\n### ')
    .slice(1)
    .map((text) => [text.split('\n', 1)[0]!, text]),
);

/** Described once for all kinds. */
const COMMON = ['version', 'kind', 'at', 'shard', 'sequence', 'index', 'dropId', 'dropVersion'];

test('C1: the page has each kind of line, and no other', (t) => {
  t.deepEqual([...sections.keys()].toSorted(), Object.keys(STREAM_LINES).toSorted());
});

for (const [kind, schema] of Object.entries(STREAM_LINES) as [StreamKind, TObject][]) {
  test(`C1: the example of ${kind} keeps its schema, and its fields are named`, (t) => {
    const section = sections.get(kind)!;
    const example = JSON.parse(/```json\n(.*)\n```/.exec(section)![1]!) as { kind: StreamKind };
    t.is(example.kind, kind);
    t.true(Value.Check(schema, example));
    const { title } = schema as { title?: string };
    t.true(section.includes(`\`${title}\``), title);
    const own = Object.keys(schema.properties).filter((name) => !COMMON.includes(name));
    for (const name of own.filter((field) => !['bucket', 'snapshot'].includes(field)))
      t.true(section.includes(`\`${name}\``), name);
    const { sequence: _, ...withoutSequence } = example as Record<string, unknown>;
    if (kind.startsWith('order-')) t.false(Value.Check(schema, withoutSequence));
  });
}

test('C1: the bounds on the page are those of the code', (t) => {
  const inWords = (bound: number) => bound.toLocaleString('en-US');
  t.true(page.includes(`At least the ${inWords(CHANGES_KEPT_MIN)} newest`));
  t.true(page.includes(`never more than ${inWords(CHANGES_RETAINED_MAX)}`));
  t.true(
    page.includes(`${STREAMS_PER_USER_MAX} streams for each user and ${STREAMS_MAX} for each`),
  );
});
