// What earlier commits wrote, opened by today's tree: each recording on each store, but for the one
// in `recorded.test.ts`.

import { OPENINGS } from './opened-sale.ts';
import { RECORDINGS } from './recorded.ts';
import { testRecording } from './recorded-test.ts';

const latest = RECORDINGS.at(-1);
for (const recording of RECORDINGS) {
  for (const opening of OPENINGS) {
    if (recording !== latest || opening !== OPENINGS[0]) testRecording(recording, opening);
  }
}
