// `livedrops release`: serves a drop again that was quarantined after repeated faults.

import { connectOperator, type ConnectOptions } from './connect.ts';

export interface ReleaseOptions extends ConnectOptions {
  readonly json?: true;
}

export async function release(dropId: string, options: ReleaseOptions): Promise<void> {
  await (await connectOperator(options)).releaseDrop(dropId);
  const result = { dropId, released: true };
  process.stdout.write(
    options.json ? `${JSON.stringify(result, null, 2)}\n` : `${dropId} is served again\n`,
  );
}
