// The common part of `nodes`, `shards` and `moves`: prints a list once, or refreshes it each
// second.

import type { OperatorApi } from './api-client.ts';
import { connectOperator, type ConnectOptions } from './connect.ts';
import { realPace, interruptSignal } from './pace.ts';
import { watch } from './watch.ts';

export interface ListOptions extends ConnectOptions {
  readonly json?: true;
  readonly watch?: true;
}

export async function showList<T>(
  options: ListOptions,
  read: (api: OperatorApi) => Promise<readonly T[]>,
  present: (rows: readonly T[]) => string,
): Promise<void> {
  const api = await connectOperator(options);
  if (options.watch !== true) {
    const rows = await read(api);
    const json = options.json === true;
    process.stdout.write(json ? `${JSON.stringify(rows, null, 2)}\n` : present(rows));
    return;
  }
  const interrupted = interruptSignal();
  await watch({
    // With --json, each refresh is one line of JSON.
    show: async () => {
      const rows = await read(api);
      return options.json === true ? `${JSON.stringify(rows)}\n` : present(rows);
    },
    output:
      options.json === true ? { write: (text) => process.stdout.write(text) } : process.stdout,
    pace: realPace(interrupted),
    interrupted,
  });
}
