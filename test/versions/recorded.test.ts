// What the latest recorded commit wrote, opened by today's tree. The other recordings and stores
// are in `recorded.long.test.ts`.

import { OPENINGS } from './opened-sale.ts';
import { RECORDINGS } from './recorded.ts';
import { testRecording } from './recorded-test.ts';

testRecording(RECORDINGS.at(-1)!, OPENINGS[0]);
