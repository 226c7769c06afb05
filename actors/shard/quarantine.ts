// Drops whose deciding throws again and again. A fault while deciding sends the whole shard back to
// its journal (J3), and after the replay the same due work, or a client that repeats its command,
// would meet the same defect: the shard would serve nobody for ever. So after a few such faults
// about one drop that drop is quarantined: nothing of it is decided any more, and its shard serves
// the others. It ends by an operator's word, or with the process: a newer version may have mended
// the defect.

import type { QuarantinedDrop } from '../../contracts/operator.ts';
import type { Clock } from '../clock.ts';

/** A drop is quarantined at this many faults. */
const FAULTS_MAX = 3;
/** A drop without a fault for so long begins to count anew. */
const FAULT_MEMORY_MS = 600_000;
/** Drops whose faults are remembered in a shard; past it the one that failed longest ago goes. */
const DROPS_MAX = 1000;

interface Faults {
  count: number;
  /** By the monotonic clock. */
  lastAt: number;
  reason: string;
  /** Wall time, in milliseconds; null: not quarantined. */
  since: number | null;
}

export class Quarantine {
  readonly #clock: Clock;
  /** The drop that failed last comes last. */
  readonly #faults = new Map<string, Faults>();
  #size = 0;

  constructor({ clock }: { readonly clock: Clock }) {
    this.#clock = clock;
  }

  has(dropId: string): boolean {
    if (this.#size === 0) return false;
    return (this.#faults.get(dropId)?.since ?? null) !== null;
  }

  /** Deciding threw for this drop. Returns whether that quarantines it. */
  add(dropId: string, fault: unknown): boolean {
    const now = this.#clock.monotonic();
    const before = this.#faults.get(dropId);
    const isFresh = before === undefined || now - before.lastAt > FAULT_MEMORY_MS;
    const count = isFresh ? 1 : before.count + 1;
    const reason = fault instanceof Error ? fault.message : String(fault);
    const since = count >= FAULTS_MAX ? this.#clock.now() : null;
    this.release(dropId);
    this.#faults.set(dropId, { count, lastAt: now, reason, since });
    if (since !== null) this.#size += 1;
    this.#forgetOldest();
    return since !== null;
  }

  /**
   * Ends the quarantine and forgets the faults. False where the drop is not quarantined; or not
   * since then, by the list, where `since` is given.
   */
  release(dropId: string, since?: number): boolean {
    const faults = this.#faults.get(dropId);
    if (since !== undefined && faults?.since !== since) return false;
    const wasQuarantined = this.has(dropId);
    this.#faults.delete(dropId);
    if (wasQuarantined) this.#size -= 1;
    return wasQuarantined;
  }

  list(): QuarantinedDrop[] {
    const drops: QuarantinedDrop[] = [];
    for (const [dropId, { since, reason }] of this.#faults)
      if (since !== null) drops.push({ dropId, since, reason });
    return drops;
  }

  #forgetOldest(): void {
    if (this.#faults.size <= DROPS_MAX) return;
    for (const [dropId, { since }] of this.#faults) {
      if (since === null) {
        this.#faults.delete(dropId);
        return;
      }
    }
  }
}
