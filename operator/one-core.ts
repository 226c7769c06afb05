// How V8 collects garbage where the process has a single core. By default it marks on four helper
// threads, and young collections use them too: on one core they only take turns with the event
// loop, which then waits for a tenth of a second while marking lasts
// (`docs/decisions/119-one-core-collects-alone.md` has the measurement).

import { availableParallelism } from 'node:os';
import { setFlagsFromString } from 'node:v8';

/** V8 looks at them when a collection begins, so they may be set in a running process. */
const WITHOUT_HELPERS = ['--no-concurrent-marking', '--no-parallel-scavenge'];

/** To be called once, before the server starts. Containers count by their share of CPU time. */
export function collectWithoutHelpers(
  cores = availableParallelism(),
  set: (flag: string) => void = setFlagsFromString,
): void {
  if (cores === 1) for (const flag of WITHOUT_HELPERS) set(flag);
}
