// Processes that are killed while they change and rebuild a search index: it is as if each change
// up to its position had been made once.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { MemorySearchIndex } from '../../storage/memory/search-index-memory.ts';
import type { SearchFeed, SearchReader } from '../../storage/ports/search-index.ts';
import { openSearchReader } from '../../storage/sqlite/search/search-reader-sqlite.ts';
import { openSearchWriter } from '../../storage/sqlite/search/search-writer-sqlite.ts';
import { COLOURS, searchChange, STREAM } from './search-changes.ts';
import { removeDirectory, temporaryDirectory } from './temporary-directory.ts';

const PROGRAM = fileURLToPath(new URL('fixtures/apply-search-forever.ts', import.meta.url));
/** What the process has printed before it is killed, and how many milliseconds pass until then. */
const KILLS: readonly (readonly [line: string, delayMs: number])[] = [
  ['17', 0],
  ['rebuilt 21', 0],
  ['rebuilt 40', 1],
  ['60', 3],
  ['rebuilt 40', 2],
  ['rebuilt 80', 0],
  ['rebuilt 80', 7],
  ['110', 11],
  ['rebuilt 120', 20],
  ['130', 30],
];

interface Life {
  /** The last change that it said it had made. */
  readonly last: number;
  /** Whether it went on with a rebuild that a kill had interrupted. */
  readonly wasResumed: boolean;
}

async function changeUntil(folder: string, kill: string, delayMs: number): Promise<Life> {
  const child = spawn(process.execPath, [PROGRAM, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const isReached = reaches(kill);
  let wasResumed = false;
  let last = 0;
  let isDoomed = false;
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === 'resumed') wasResumed = true;
    if (/^\d/.test(line)) last = Number(line);
    if (isDoomed || !isReached(line)) continue;
    isDoomed = true;
    setTimeout(() => child.kill('SIGKILL'), delayMs);
  }
  await exited;
  return { last, wasResumed };
}

/** A process may be beyond the change that it is to be killed at, from the one before it. */
function reaches(kill: string): (line: string) => boolean {
  const [number = 0] = kill.split(' ').map(Number).slice(-1);
  const isRebuilding = kill.startsWith('rebuilt');
  return (line) =>
    line.startsWith('rebuilt') === isRebuilding && Number(line.split(' ').at(-1)) >= number;
}

async function contents(feed: SearchFeed, reader: Pick<SearchReader, 'search'>) {
  const found: Record<string, string[]> = {};
  for (const text of [...COLOURS, 'shoe 17', '']) {
    const page = { limit: 100, cursor: null };
    const { hits } = await reader.search({ text, sort: 'relevance', page });
    found[text] = hits.map(({ document: { id, version } }) => `${id} ${version}`).toSorted();
  }
  const documents = await feed.list({ of: 'type', type: 'product' }, null, 1_000);
  return { found, documents };
}

test('Q4: an index whose process is killed at any moment is that of a fresh build', async (t) => {
  t.timeout(180_000);
  const folder = temporaryDirectory();
  t.teardown(() => removeDirectory(folder));
  let resumed = 0;
  for (const [kill, delayMs] of KILLS) {
    const { last, wasResumed } = await changeUntil(folder, kill, delayMs);
    if (wasResumed) resumed += 1;
    const writer = await openSearchWriter({ folder });
    const reader = openSearchReader({ folder });
    const position = await writer.feed.position(STREAM, 0);
    t.true(position >= last, 'what was told is there');
    const fresh = new MemorySearchIndex();
    for (let number = 1; number <= position; number++) await fresh.feed.apply(searchChange(number));
    const expected = await contents(fresh.feed, fresh);
    t.deepEqual(await contents(writer.feed, reader), expected);
    await reader.close();
    await writer.close();
  }
  t.log(`${resumed} of the rebuilds were resumed`);
  t.true(resumed > 0);
});
