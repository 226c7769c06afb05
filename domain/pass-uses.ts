// What of the passes of a drop is used (D9). It follows from the orders that were placed with
// passes, so it is in no snapshot.

import { assert } from './assert.ts';
import { passTerms } from './pass.ts';

/** An entry of the map. */
const USE_BYTES = 48;

export class PassUses {
  /** By the pass's number. A pass of which all orders lost their units stays. */
  readonly #units = new Map<number, number>();

  get memoryBytes(): number {
    return this.#units.size * USE_BYTES;
  }

  /** Units that the pass's orders hold or bought. */
  unitsOf(pass: number): number {
    return this.#units.get(pass) ?? 0;
  }

  /** Whether the pass is for so many units more. */
  hasRoom(pass: number, units: number): boolean {
    return this.unitsOf(pass) + units <= passTerms(pass).units;
  }

  /** Whether an order with it spent the pass for good. */
  isSpent(pass: number): boolean {
    return this.#units.has(pass) && passTerms(pass).singleUse;
  }

  /** `units` is negative where an order loses units. */
  add(pass: number, units: number): void {
    const used = this.unitsOf(pass) + units;
    assert(used >= 0 && used <= passTerms(pass).units, `pass ${pass} is used for ${used} units`);
    this.#units.set(pass, used);
  }
}
