// `livedrops export`: writes all orders of a drop, as of one version, to stdout or to a file. A
// file gets its name only when it is whole.

import { open, rename, rm } from 'node:fs/promises';
import type { ExportFormat } from '../contracts/orders.ts';
import type { OperatorApi } from './api-client.ts';
import { connectOperator, type ConnectOptions } from './connect.ts';
import { interruptSignal } from './pace.ts';

export interface ExportOptions extends ConnectOptions {
  readonly format: ExportFormat;
  readonly output?: string;
}

type Api = Pick<OperatorApi, 'exportOrders'>;

export async function exportOrders(dropId: string, options: ExportOptions): Promise<void> {
  const api = await connectOperator(options);
  const pieces = api.exportOrders(dropId, options.format, interruptSignal());
  if (options.output === undefined) await toStdout(pieces);
  else await toFile(options.output, pieces);
}

type Pieces = ReturnType<Api['exportOrders']>;

async function toStdout(pieces: Pieces): Promise<void> {
  for await (const piece of pieces) {
    if (process.stdout.write(piece)) continue;
    await new Promise<void>((resolve) => process.stdout.once('drain', resolve));
  }
}

/** Errors: those of the file system; `ApiError`, and then there is no file. */
async function toFile(path: string, pieces: Pieces): Promise<void> {
  const partial = `${path}.part`;
  const file = await open(partial, 'w');
  try {
    for await (const piece of pieces) await file.write(piece);
    await file.sync();
    await file.close();
    await rename(partial, path);
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(partial, { force: true });
    throw error;
  }
}
