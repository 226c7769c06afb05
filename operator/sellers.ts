// `livedrops sellers`: how sellers stand, and what is taken down.

import type { Standing, TakenDown } from '../contracts/standings.ts';
import type { Seller, TakeDown } from '../sdk/api.ts';
import { connectOperator, type ConnectOptions } from './connect.ts';
import { type ListOptions, showList } from './show-list.ts';
import { count, table } from './table.ts';

export interface SellersOptions extends ListOptions {
  readonly standing: Standing;
  readonly limit: number;
}

export interface SellerOptions extends ConnectOptions {
  readonly json?: true;
  readonly reason?: string;
  readonly pause?: true;
}

export interface TakeDownOptions extends ConnectOptions {
  readonly json?: true;
  readonly reason?: string;
  readonly cancel?: true;
}

export interface TakeDownsOptions extends ListOptions {
  readonly limit: number;
}

export async function sellers(options: SellersOptions): Promise<void> {
  const { standing, limit } = options;
  await showList(options, (api) => api.sellers(standing, limit), sellersText);
}

export async function changeSeller(
  creatorId: string,
  standing: 'approved' | 'suspended' | 'none',
  options: SellerOptions,
): Promise<void> {
  const { reason, pause = false, json = false } = options;
  const changed = await (await connectOperator(options)).changeSeller(creatorId, {
    standing,
    ...(reason !== undefined && { reason }),
    pauseDrops: pause,
  });
  const { seller, jobId } = changed;
  const job = jobId === null ? '' : `; the job ${jobId} pauses drops`;
  const text = `${creatorId} is ${seller.standing ?? 'neither approved nor suspended'}${job}\n`;
  process.stdout.write(json ? `${JSON.stringify(changed, null, 2)}\n` : text);
}

export async function takeDown(of: TakenDown, id: string, options: TakeDownOptions): Promise<void> {
  const { reason, cancel = false, json = false } = options;
  const made = await (await connectOperator(options)).takeDown(of, id, {
    ...(reason !== undefined && { reason }),
    cancelDrops: cancel,
  });
  const verb = cancel ? 'cancels' : 'pauses';
  const text = `the ${of} ${id} is hidden; the job ${made.jobId ?? '-'} ${verb} drops\n`;
  process.stdout.write(json ? `${JSON.stringify(made, null, 2)}\n` : text);
}

export async function restore(of: TakenDown, id: string, options: TakeDownOptions): Promise<void> {
  await (await connectOperator(options)).restore(of, id);
  const json = options.json === true;
  const result = { of, id, takenDown: false };
  const text = `the ${of} ${id} is shown again\n`;
  process.stdout.write(json ? `${JSON.stringify(result, null, 2)}\n` : text);
}

export async function takeDowns(of: TakenDown, options: TakeDownsOptions): Promise<void> {
  await showList(options, (api) => api.takeDowns(of, options.limit), takeDownsText);
}

export function sellersText(rows: readonly Seller[]): string {
  if (rows.length === 0) return 'No sellers.\n';
  const lines = table(
    ['since', 'creator', 'standing', 'by', 'reason'],
    rows.map(({ since, creatorId, standing, by, reason }) => [
      since ?? '-',
      creatorId,
      standing ?? '-',
      by ?? '-',
      reason ?? '-',
    ]),
    [],
  );
  return `${lines}${count(rows.length, 'seller')}\n`;
}

export function takeDownsText(rows: readonly TakeDown[]): string {
  if (rows.length === 0) return 'Nothing is taken down.\n';
  const lines = table(
    ['since', 'id', 'creator', 'by', 'reason'],
    rows.map(({ since, id, creatorId, by, reason }) => [since, id, creatorId, by, reason ?? '-']),
    [],
  );
  return `${lines}${count(rows.length, 'take-down')}\n`;
}
