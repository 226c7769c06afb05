// `livedrops start` whose process sends pushes as well, while it is told to: by the sending side
// that a node has, without the jobs that feed it. A line of input with origins of services, with
// commas between, begins; an empty one ends, and is answered by a line: how many messages went.

import { createInterface } from 'node:readline';
import { SaleMeter } from '../../actors/sale-meter.ts';
import { loadConfig } from '../../composition/config.ts';
import { start } from '../../operator/start.ts';
import { PushLoad } from '../load/push-load.ts';

/** That of the shards: nothing else counts commands. */
let meter: SaleMeter | null = null;
// oxlint-disable-next-line typescript/unbound-method -- It is called with its meter below.
const { addCommands } = SaleMeter.prototype;
SaleMeter.prototype.addCommands = function (count): void {
  // oxlint-disable-next-line unicorn/no-this-assignment, typescript/no-this-alias
  meter ??= this;
  addCommands.call(this, count);
};
let load: PushLoad | null = null;
createInterface({ input: process.stdin }).on('line', (line) => {
  load ??= new PushLoad(loadConfig(), meter!);
  if (line === '') void end(load);
  else load.begin(line.split(','));
});

async function end(sending: PushLoad): Promise<void> {
  await sending.end();
  process.stdout.write(`${sending.messages - sending.failed}\n`);
}

await start();
