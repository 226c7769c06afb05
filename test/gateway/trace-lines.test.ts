// The trace headers of replies: as strings, and as bytes that are stamped in place.

import test from 'ava';
import { StampedHead, traceHeaderLines, traceOf } from '../../gateway/http/trace.ts';

/** More than there are under one prefix. */
const REPLIES = 150_000;
const LINES = /^traceparent: 00-([0-9a-f]{32})-([0-9a-f]{16})-00\r\nx-request-id: ([0-9a-f]{16})$/;

test('H4: ids of stamped heads and of strings are all different, across prefixes', (t) => {
  const heads = [new StampedHead('200 OK\r\netag: "1"'), new StampedHead('304 Not Modified')];
  const ids = new Set<string>();
  for (let i = 0; i < REPLIES; i++) {
    const head = heads[i % 3];
    const text = head && new TextDecoder().decode(head.stamped());
    const lines = head === undefined ? traceHeaderLines('', '') : text!.slice(head.text.length + 2);
    const found = LINES.exec(lines);
    if (found === null) return t.fail(`${i}: ${text}`);
    if (head !== undefined && text !== `${head.text}\r\n${lines}`) return t.fail(text);
    if (found[2] !== found[3] || traceOf(lines).requestId !== found[2]) return t.fail(lines);
    ids.add(found[1]!);
    ids.add(found[2]);
  }
  t.is(ids.size, 2 * REPLIES);
});
