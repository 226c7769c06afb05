// What the demo sells on: a server by itself, or a cluster. Both have a data directory of their
// own, and end with the evidence of what is on disk.

import { readJournalOrders } from '../../composition/journal-orders.ts';
import type { Config } from '../../composition/config.ts';
import type { JournalOrder } from './proof.ts';
import { runCommand } from './server-process.ts';

export interface DemoServer {
  /** What it is, for the screen. */
  readonly name: string;
  /** Folders where it puts its mails. */
  readonly outboxes: readonly string[];
  /** Resolves to the addresses of its nodes. */
  start(): Promise<readonly string[]>;
  /** Stops it, and reads what it left. */
  finish(): Promise<StoppedServer>;
  /** Ends all processes, whatever they do. Safe to repeat, and after `finish`. */
  kill(): Promise<void>;
}

export interface StoppedServer {
  readonly stoppedInOrder: boolean;
  readonly journal: readonly JournalOrder[];
  /** The findings of `livedrops verify`; null if the command did not finish. */
  readonly verified: readonly string[] | null;
}

export async function journalOrders(config: Config): Promise<JournalOrder[]> {
  const journal: JournalOrder[] = [];
  for await (const { id, userId, key, quantity, status } of readJournalOrders(config))
    journal.push({ orderId: id, userId, key, quantity, status });
  return journal;
}

/** As `livedrops verify` finds them with these settings. Null: it did not finish. */
export async function verifyFindings(
  environment: Readonly<Record<string, string>>,
): Promise<readonly string[] | null> {
  const { output } = await runCommand(environment, ['verify', '--json']);
  try {
    return (JSON.parse(output) as { findings: string[] }).findings;
  } catch {
    // A missing report is a finding itself. The command has written the cause to stderr.
    return null;
  }
}
