// Stands in for media/variants/program.ts: does what the file says.

import { readFileSync } from 'node:fs';
import type {
  VariantAnswer,
  VariantFault,
  VariantJob,
  VariantReady,
} from '../../media/variants/program.ts';

process.on('disconnect', () => process.exit());
process.send!({ kind: 'ready' } satisfies VariantReady);
process.on('message', ({ id, file }: VariantJob) => {
  const wish = readFileSync(file, 'utf8');
  if (wish === 'hang') return;
  if (wish === 'die') process.kill(process.pid, 'SIGKILL');
  if (wish === 'no space') {
    process.send!({ kind: 'fault', id, message: 'ENOSPC' } satisfies VariantFault);
    return;
  }
  const residentBytes = wish === 'grow' ? 2 ** 30 : 2 ** 26;
  process.send!({
    kind: 'made',
    id,
    made: { ok: true, poster: 'no-ffmpeg' },
    residentBytes,
  } satisfies VariantAnswer);
});
