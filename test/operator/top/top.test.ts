// `livedrops top` on a terminal and without one: keys, resizes, faults, and the terminal put back
// (X7).

import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import test from 'ava';
import { run, type TopOptions } from '../../../operator/top/top.ts';
import type { Picture } from '../../../operator/top/picture.ts';
import { runCommand } from '../run-command.ts';
import { SaleServer } from '../../end-to-end/sale-server.ts';
import { nodeOf } from './pictures.ts';

const ENTER = '\u001B[?1049h\u001B[?25l';
const LEAVE = '\u001B[?25h\u001B[?1049l';

class PretendScreen extends EventEmitter {
  readonly isTTY: boolean;
  columns = 80;
  rows = 24;
  text = '';

  constructor(isTTY: boolean) {
    super();
    this.isTTY = isTTY;
  }

  write(text: string): void {
    this.text += text;
  }

  /** The frames that were drawn. */
  get frames(): string[] {
    return this.text.split('\u001B[H').slice(1);
  }
}

class PretendInput extends PassThrough {
  readonly isTTY = true;
  readonly modes: boolean[] = [];

  setRawMode(isRaw: boolean): this {
    this.modes.push(isRaw);
    return this;
  }
}

/** `onPause`: what happens in the pause of that number; it may press keys. */
function start(options: TopOptions, isTTY: boolean, onPause: (count: number) => void) {
  const input = new PretendInput();
  const output = new PretendScreen(isTTY);
  const interrupt = new AbortController();
  const api = {
    url: 'http://node-1:8080',
    looks: 0,
    hangs: false,
    fault: null as Error | null,
    async nodes() {
      this.looks += 1;
      if (this.fault !== null) throw this.fault;
      if (this.hangs) await new Promise(() => undefined);
      return [nodeOf('node-1')];
    },
    shards: async () => [],
    liveDrops: async () => [],
    metrics: async () => 'livedrops_live_connections 7\n',
  };
  let pauses = 0;
  const pace = {
    now: () => pauses * 1_000,
    async pause() {
      pauses += 1;
      onPause(pauses);
      // Keys arrive as events of the input.
      await new Promise((resolve) => setImmediate(resolve));
      if (interrupt.signal.aborted) throw new Error('interrupted');
    },
  };
  const ended = run(options, { api, input, output, pace, interrupt, environment: {} });
  return { input, output, interrupt, api, ended };
}

test('X7: it draws each second until q, then puts the terminal back', async (t) => {
  const top = start({}, true, (count) => {
    if (count === 3) top.input.write('q');
  });
  await top.ended;
  t.is(top.output.frames.length, 3);
  t.true(top.output.text.startsWith(ENTER));
  t.true(top.output.text.endsWith(LEAVE));
  t.deepEqual(top.input.modes, [true, false]);
  t.regex(top.output.frames[2]!, /streams 7/);
  t.is(top.output.listenerCount('resize'), 0);
});

test('X7: p pauses and goes on; a resize draws at once', async (t) => {
  const looksAt: number[] = [];
  const top = start({}, true, (count) => {
    looksAt.push(top.api.looks);
    if (count === 1 || count === 3) top.input.write('p');
    if (count === 2) {
      top.output.columns = 200;
      top.output.emit('resize');
      t.true(top.output.frames.at(-1)!.includes('paused'));
    }
    if (count === 5) top.input.write('\u0003');
  });
  await top.ended;
  t.deepEqual(looksAt, [1, 1, 1, 2, 3]);
  t.true(top.output.text.endsWith(LEAVE));
});

test('X7: a node that does not answer is told, and the view goes on', async (t) => {
  const top = start({}, true, (count) => {
    top.api.fault = count === 1 ? new Error('no server at http://node-1:8080 answers') : null;
    if (count === 3) top.interrupt.abort();
  });
  await top.ended;
  const [, second, third] = top.output.frames;
  t.true(second!.includes('no server at http://node-1:8080 answers'));
  t.true(third!.includes('q quits'));
});

test('X7: q and an interrupt end it while a look hangs', async (t) => {
  for (const press of ['q', '\u0003', null]) {
    const top = start({}, true, () => {
      top.api.hangs = true;
      setImmediate(() => {
        if (press === null) top.interrupt.abort();
        else top.input.write(press);
      });
    });
    await top.ended;
    t.true(top.output.text.endsWith(LEAVE));
  }
  const plain = start({}, false, () => {
    plain.api.hangs = true;
    setImmediate(() => plain.interrupt.abort());
  });
  await plain.ended;
  t.is(plain.output.text, '');
});

test('X7: a crash puts the terminal back, too', async (t) => {
  const top = start({}, true, () => {
    throw new Error('a defect');
  });
  await t.throwsAsync(top.ended, { message: 'a defect' });
  t.true(top.output.text.endsWith(LEAVE));
  t.deepEqual(top.input.modes, [true, false]);
});

test('X7: without a terminal it prints frames without escapes, with --json lines', async (t) => {
  const plain = start({}, false, (count) => {
    if (count === 3) plain.interrupt.abort();
  });
  await plain.ended;
  t.false(plain.output.text.includes('\u001B'));
  t.is(plain.output.text.match(/^LiveDrops /gm)?.length, 2);
  t.deepEqual(plain.input.modes, []);
  const json = start({ json: true }, true, (count) => {
    if (count === 3) json.interrupt.abort();
  });
  await json.ended;
  const lines = json.output.text.trimEnd().split('\n');
  t.deepEqual(
    lines.map((line) => (JSON.parse(line) as Picture).streams),
    [7, 7],
  );
});

test('X7: of a real server it shows orders that are placed, once', async (t) => {
  const server = await SaleServer.start('embedded');
  t.teardown(() => server.stop());
  const drop = await server.drop(server.fresh('creator'), { stock: 1_000 });
  const over = new AbortController();
  const selling = (async () => {
    for (let i = 0; !over.signal.aborted; i++) await server.order(drop, `buyer-${i}`, 'k');
  })();
  const args = ['top', '--once', '--json', '--url', server.nextUrl()];
  const { stdout, stderr, code } = await runCommand(args, { environment: server.settings });
  over.abort();
  await selling;
  t.is(code, 0, stderr);
  const picture = JSON.parse(stdout) as Picture;
  t.true(picture.rates.placed > 0, stdout);
  t.true(picture.rates.orders > 0);
  t.true(picture.latencies.find(({ of }) => of === 'orders')!.seconds!.p99 > 0);
  t.is(picture.drops[0]?.id, drop);
  t.true(picture.drops[0]!.perSecond > 0);
  t.true(picture.consumers.some(({ consumer }) => consumer === 'projections'));
  t.is(picture.nodesThere, 1);
});
