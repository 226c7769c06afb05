// Who watches which drop over what, without a network.

import test from 'ava';
import type { DropFrame } from '../../sdk/api.ts';
import { type DropSource, type DropWatch, DropWatches } from '../../web/shared/drop-watches.ts';

/** A source that names what is open, in the order in which it was opened. */
class NamedSource implements DropSource {
  readonly openMax: number;
  readonly watches = new Map<string, DropWatch>();

  constructor(openMax: number) {
    this.openMax = openMax;
  }

  get names(): string[] {
    return [...this.watches.keys()];
  }

  readonly open = (dropId: string, watch: DropWatch): (() => void) => {
    this.watches.set(dropId, watch);
    return () => this.watches.delete(dropId);
  };

  send(dropId: string, version: number): void {
    this.watches.get(dropId)!.onFrame({ dropId, version } as DropFrame);
  }
}

const NOBODY: DropWatch = { onFrame: () => undefined };
const AT_ONCE = (show: () => void): void => show();

test('U1: drops beyond the bound wait, and come in their order', (t) => {
  const source = new NamedSource(2);
  const watches = new DropWatches({ source, whenDrawn: AT_ONCE });
  const ends = ['a', 'b', 'c', 'd'].map((id) => watches.add(id, NOBODY));
  t.deepEqual(source.names, ['a', 'b']);
  ends[0]!();
  t.deepEqual(source.names, ['b', 'c']);
  // What never had its turn ends, too.
  ends[3]!();
  ends[1]!();
  ends[2]!();
  t.deepEqual(source.names, []);
  // Twice is once.
  ends[1]!();
  watches.add('e', NOBODY);
  watches.add('f', NOBODY);
  watches.add('g', NOBODY);
  t.deepEqual(source.names, ['e', 'f']);
});

test('U1: with another source all go on, no frame is older than the last, and no more are open', (t) => {
  const visitor = new NamedSource(1);
  const user = new NamedSource(3);
  const watches = new DropWatches({ source: visitor, whenDrawn: AT_ONCE });
  const versions: number[] = [];
  watches.add('a', { onFrame: ({ version }) => versions.push(version) });
  watches.add('b', NOBODY);
  visitor.send('a', 4);
  watches.follow(user);
  t.deepEqual([visitor.names, user.names], [[], ['a', 'b']]);
  user.send('a', 3);
  user.send('a', 4);
  user.send('a', 5);
  t.deepEqual(versions, [4, 4, 5]);
  watches.follow(visitor);
  t.deepEqual([visitor.names, user.names], [['a'], []]);
});

test('U4: of each drop the newest frame is shown, all of them together, once for each drawing', (t) => {
  const source = new NamedSource(3);
  const drawings: (() => void)[] = [];
  const watches = new DropWatches({ source, whenDrawn: (show) => drawings.push(show) });
  const shown: string[] = [];
  const ends = ['a', 'b', 'c'].map((id) =>
    watches.add(id, { onFrame: ({ version }) => shown.push(`${id}${version}`) }),
  );
  for (const version of [1, 2, 3]) source.send('a', version);
  source.send('b', 7);
  source.send('c', 1);
  ends[2]!();
  t.deepEqual(shown, []);
  t.is(drawings.length, 1);
  drawings[0]!();
  t.deepEqual(shown, ['a3', 'b7']);
  source.send('b', 8);
  t.is(drawings.length, 2);
  drawings[1]!();
  t.deepEqual(shown, ['a3', 'b7', 'b8']);
});
