// Keeps docs/EXTENDING.md true: its example is run as it stands there, and every name stands in the
// file beside it, not as an import.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import test, { type ExecutionContext } from 'ava';
import type { CreateConsumer } from '../events/off-loop/create-consumer.ts';
import { MemoryConsumerPositions } from '../storage/memory/consumer-positions-memory.ts';
import { batch, placed } from './events/batches.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const EXAMPLE = 'events/ledger/ledger-consumer.ts';

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

const page = read('docs/EXTENDING.md');

function folder(t: ExecutionContext): string {
  const path = mkdtempSync(join(tmpdir(), 'livedrops-extending-'));
  t.teardown(() => rmSync(path, { recursive: true }));
  return path;
}

/** The code of the page that begins with a comment of this path, as if it stood there. */
async function load(t: ExecutionContext, path: string): Promise<{ create: CreateConsumer }> {
  const code = page.split(`\`\`\`ts\n// ${path}\n`)[1]!.split('\n```')[0]!;
  const whole = code.replaceAll(/ from '(\.[^']+)'/g, (_, from: string) => {
    return ` from '${pathToFileURL(join(ROOT, dirname(path), from)).href}'`;
  });
  const file = join(folder(t), 'example.ts');
  writeFileSync(file, whole);
  return (await import(pathToFileURL(file).href)) as { create: CreateConsumer };
}

test('J1: the consumer on the page writes each paid order and stores its position', async (t) => {
  const { create } = await load(t, EXAMPLE);
  const file = join(folder(t), 'ledger');
  const consumer = await create({
    options: { file },
    positions: new MemoryConsumerPositions(),
    tell: async () => undefined,
  });
  const confirmed = { type: 'order-confirmed', ordinal: 0, reference: 'pay_1' } as const;
  const expired = { type: 'order-expired', ordinal: 1 } as const;
  t.is(consumer.placement, 'off-loop');
  await consumer.consume([
    batch(1, [
      [placed, { id: 'd_1-0' }],
      [placed, { id: 'd_1-1', status: 'confirmed', totalAmount: 700 }],
    ]),
    batch(2, [
      [confirmed, { id: 'd_1-0', status: 'confirmed' }],
      [expired, { id: 'd_1-2', status: 'expired' }],
    ]),
  ]);
  t.is(readFileSync(file, 'utf8'), '0-1-1 d_1-1 700\n0-2-0 d_1-0 2500\n');
  t.is(await consumer.position(0), 2);
});

test('every name on the page that stands beside a file is in that file', (t) => {
  const pairs = [...page.matchAll(/`'?(\w+)'?` in `([\w./-]+\.ts)`/g)];
  for (const [text, name = '', file = ''] of pairs) {
    t.regex(read(file), new RegExp(`^(?!import)(?=[^/*]*\\b${name}\\b)`, 'm'), text);
  }
  t.true(pairs.length > 30, `only ${pairs.length} names were found`);
});

test('the list of consumers, and what its rows say, are those of the page', (t) => {
  const core = read('composition/node-events.ts');
  t.regex(core, /function offLoopConsumers\(_?config: Config\): readonly OffLoopConsumer\[\]/);
  t.regex(core, /const consumers: EventConsumer\[\] = \[/);
  const row = /interface OffLoopConsumer \{([^}]*)\}/.exec(read('composition/off-loop-thread.ts'));
  const fields = [...row![1]!.matchAll(/^ {2}readonly (\w+):/gm)].map((match) => match[1]);
  t.deepEqual(fields, ['name', 'reads', 'module', 'options']);
});
