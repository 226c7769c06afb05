// Preloaded into a command (`node --import`): its last line on stderr is the number of TypeBox's
// modules that it loaded.

import { registerHooks } from 'node:module';

let count = 0;
registerHooks({
  load(url, context, nextLoad) {
    if (url.includes('/node_modules/typebox/')) count++;
    return nextLoad(url, context);
  },
});
process.on('exit', () => process.stderr.write(`${count}\n`));
