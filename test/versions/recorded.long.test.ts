// What earlier commits wrote, opened by today's tree: each recording on each store.

import { OPENINGS } from './opened-sale.ts';
import { RECORDINGS } from './recorded.ts';
import { testRecording } from './recorded-test.ts';

for (const recording of RECORDINGS) {
  for (const opening of OPENINGS) testRecording(recording, opening);
}
