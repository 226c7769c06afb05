// `livedrops ban`, `unban` and `bans`: bans of users everywhere, and lists of bans.

import type { Ban } from '../sdk/api.ts';
import { connectOperator, type ConnectOptions } from './connect.ts';
import { type ListOptions, showList } from './show-list.ts';
import { count, table } from './table.ts';

export interface BanOptions extends ConnectOptions {
  readonly json?: true;
  readonly reason?: string;
  /** Seconds. */
  readonly for?: number;
  readonly refund?: true;
  /** False with --no-restock. */
  readonly restock: boolean;
}

export interface UnbanOptions extends ConnectOptions {
  readonly json?: true;
}

export interface BansOptions extends ListOptions {
  readonly creator?: string;
  readonly limit: number;
}

export async function ban(userId: string, options: BanOptions): Promise<void> {
  const { reason, for: seconds, refund = false, restock } = options;
  const made = await (await connectOperator(options)).ban(userId, {
    ...(reason !== undefined && { reason }),
    ...(seconds !== undefined && { until: new Date(Date.now() + seconds * 1_000).toISOString() }),
    refundOrders: refund,
    restock,
  });
  const json = options.json === true;
  const until = made.ban.until === null ? '' : ` until ${made.ban.until}`;
  const text = `${userId} is banned${until}; the job ${made.jobId} lets the user's holds go\n`;
  process.stdout.write(json ? `${JSON.stringify(made, null, 2)}\n` : text);
}

export async function unban(userId: string, options: UnbanOptions): Promise<void> {
  await (await connectOperator(options)).unban(userId);
  const json = options.json === true;
  const result = { userId, banned: false };
  process.stdout.write(
    json ? `${JSON.stringify(result, null, 2)}\n` : `${userId} is banned no more\n`,
  );
}

export async function bans(options: BansOptions): Promise<void> {
  const { creator = null, limit } = options;
  await showList(options, (api) => api.bans(creator, limit), bansText);
}

export function bansText(rows: readonly Ban[]): string {
  if (rows.length === 0) return 'No bans.\n';
  const lines = table(
    ['banned', 'user', 'by', 'until', 'reason'],
    rows.map((one) => [
      one.bannedAt,
      one.userId,
      one.bannedBy,
      one.until ?? 'lifted by hand',
      one.reason ?? '-',
    ]),
    [],
  );
  return `${lines}${count(rows.length, 'ban')}\n`;
}
