// A buyer that no bot outruns, and that never buys twice: it knows the second of the start by the
// server's clock, presses once, and goes on with that press through lost answers, a crash and a
// restart, because its key is in a file before the first try.
//   node buyer.mjs SERVER TOKEN DROP FILE

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { LiveDrops, ProblemError } from '@livedrops/client';

const [url, token, dropId, file] = process.argv.slice(2);

const intentStorage = {
  getItem: () => {
    try {
      return readFileSync(file, 'utf8');
    } catch {
      return null;
    }
  },
  setItem: (_name, value) => writeFileSync(file, value, { flush: true }),
  removeItem: () => rmSync(file, { force: true }),
};
const client = new LiveDrops({ url, token, intentStorage, triesMax: 50 });

for (;;) {
  try {
    const { id, status } = await client.placeOrder(dropId, { quantity: 1 });
    console.log(`${id} ${status}`);
    break;
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    const { code, problem } = error;
    if (code !== 'drop-not-live' || problem.startsAt === undefined) {
      console.log(code, problem.orderId ?? '');
      break;
    }
    // Both times are the server's, so the clock of this machine does not matter.
    const wait = Date.parse(problem.startsAt) - problem.serverTime;
    await new Promise((resolve) => setTimeout(resolve, Math.min(wait, 60_000)));
  }
}
