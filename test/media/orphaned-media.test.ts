// The media process, and the one that decodes for it, when whoever started them is killed: they
// end, and say nothing of it. Each has something to say when nobody is there any more, before it
// has heard that.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import test from 'ava';
import { removeDirectory, temporaryDirectory } from '../storage/temporary-directory.ts';

const folder = temporaryDirectory();
test.after.always(() => removeDirectory(folder));

/** The media process reports every two seconds: after it a report is due. */
const REPORT_DUE_MS = 2_500;

const address = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);

/** A parent that starts a program and prints its process id when `begin` calls `tellPid`. */
function parentOf(program: string, begin: string): string {
  const file = join(folder, `${program.replaceAll(/\W/g, '-')}.ts`);
  writeFileSync(
    file,
    `import { fork } from 'node:child_process';
     import { fileURLToPath } from 'node:url';
     import { loadConfig } from ${address('../../composition/config.ts')};
     const child = fork(fileURLToPath(${address(program)}), {
       serialization: 'advanced',
       stdio: ['ignore', 2, 2, 'ipc'],
     });
     const tellPid = () => console.log(child.pid);
     ${begin}`,
  );
  return file;
}

/** What parent and child write to standard error until both have ended, of which one is killed. */
async function lastWords(parent: string, whileStopped: () => Promise<void>) {
  const child = spawn(process.execPath, [parent], { stdio: ['ignore', 'pipe', 'pipe'] });
  const words = text(child.stderr);
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const pid = Number(line);
  process.kill(pid, 'SIGSTOP');
  child.kill('SIGKILL');
  await once(child, 'exit');
  await whileStopped();
  process.kill(pid, 'SIGCONT');
  return await words;
}

test('M1: a media process whose node is killed ends without a word', async (t) => {
  const parent = parentOf(
    '../../composition/media-program.ts',
    `const environment = {
       LIVEDROPS_DATA: ${JSON.stringify(folder)},
       LIVEDROPS_MEDIA_PORT: '0',
       LIVEDROPS_LOG: 'warn',
     };
     const config = loadConfig(environment);
     child.on('message', ({ kind }) => kind === 'listening' && tellPid());
     child.send({ kind: 'start', media: config.media, config });`,
  );
  t.is(await lastWords(parent, () => pause(REPORT_DUE_MS)), '');
});

test('M2: a decoder whose media process is killed at its start ends without a word', async (t) => {
  const parent = parentOf('../../media/variants/program.ts', 'tellPid();');
  t.is(await lastWords(parent, () => Promise.resolve()), '');
});
