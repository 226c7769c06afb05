// The audit log in memory.

import { randomUUID } from 'node:crypto';
import type { AuditEntry, AuditFilter, NewAuditEntry } from '../../contracts/audit.ts';
import type { Page, PageRequest } from '../../contracts/paging.ts';
import type { AuditLog, BegunChange } from '../ports/audit-log.ts';
import { readAuditPage } from '../rows/audit-page.ts';

export class MemoryAuditLog implements AuditLog {
  #entries: AuditEntry[] = [];
  #last = 0;
  readonly #begun = new Map<string, NewAuditEntry>();

  async append(entry: NewAuditEntry): Promise<AuditEntry> {
    this.#last += 1;
    const stored = { ...structuredClone(entry), sequence: this.#last };
    this.#entries.push(stored);
    return structuredClone(stored);
  }

  async begin(entry: NewAuditEntry): Promise<string> {
    const id = randomUUID();
    this.#begun.set(id, structuredClone(entry));
    return id;
  }

  async finish(id: string, entry: NewAuditEntry): Promise<AuditEntry | null> {
    return this.#begun.delete(id) ? await this.append(entry) : null;
  }

  async discard(id: string): Promise<void> {
    this.#begun.delete(id);
  }

  async listBegun(before: number, limit: number): Promise<BegunChange[]> {
    return [...this.#begun]
      .filter(([, { at }]) => at < before)
      .slice(0, limit)
      .map(([id, entry]) => ({ id, entry: structuredClone(entry) }));
  }

  async list(filter: AuditFilter, page: PageRequest): Promise<Page<AuditEntry>> {
    const { creatorId } = filter;
    return await readAuditPage(
      async (below, limit) => {
        const isOf = (entry: AuditEntry) =>
          entry.sequence < below && (creatorId === undefined || entry.creatorId === creatorId);
        return structuredClone(this.#entries.filter(isOf).toReversed().slice(0, limit));
      },
      filter,
      page,
    );
  }

  async readFrom(sequence: number, limit: number): Promise<AuditEntry[]> {
    const from = this.#entries.filter((entry) => entry.sequence >= sequence);
    return structuredClone(from.slice(0, limit));
  }

  async newest(): Promise<number> {
    return this.#last;
  }

  async trim(before: number, limit: number): Promise<number> {
    const kept = this.#entries.findIndex(({ at }) => at >= before);
    const old = kept === -1 ? this.#entries.length : kept;
    const removed = Math.max(0, Math.min(old, limit, this.#entries.length - 1));
    this.#entries = this.#entries.slice(removed);
    return removed;
  }
}
