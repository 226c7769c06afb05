// A fulfilment worker: packs each paid order once, whatever is killed. It applies the stream of
// changes to a file, position included: both are written in one step, so a line that comes again
// finds that it was applied.
//   node fulfilment.mjs SERVER TOKEN FILE

import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { LiveDrops } from '@livedrops/client';
import { followChanges } from '@livedrops/client/changes';

const [url, token, file] = process.argv.slice(2);
const ending = new AbortController();
process.once('SIGTERM', () => ending.abort());

/** Orders to pack by their id, what has to be known for that, and where the stream goes on. */
const state = read() ?? { position: 'start', instant: {}, quantities: {}, toPack: {} };

function read() {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}

/** The old file or the new one is there, never half of one. */
function store() {
  writeFileSync(`${file}.new`, JSON.stringify(state), { flush: true });
  renameSync(`${file}.new`, file);
}

const client = new LiveDrops({ url, token });
try {
  for await (const line of followChanges({ client, from: state.position, signal: ending.signal })) {
    switch (line.kind) {
      case 'drop-created':
        state.instant[line.dropId] = line.terms.payment === 'instant';
        break;
      case 'order-placed':
        state.quantities[line.orderId] = line.quantity;
        // With instant payment an order is paid when it is placed.
        if (state.instant[line.dropId]) state.toPack[line.orderId] = line.quantity;
        break;
      case 'order-confirmed':
      case 'order-confirmed-late':
        state.toPack[line.orderId] = state.quantities[line.orderId];
        break;
      case 'order-refunded':
        delete state.toPack[line.orderId];
        break;
      case 'position':
        state.position = line.position;
        store();
        console.log(Object.keys(state.toPack).join(' '));
        break;
      default:
    }
  }
} catch (error) {
  if (!ending.signal.aborted) throw error;
}
