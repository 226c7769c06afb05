// Gathers amounts before they are stored, so that each sum is changed once.

import { type Amount, type Step, STEP_MS } from '../../storage/ports/analytics.ts';

export class AmountSums {
  /** By subject, then by step and start, then by name. */
  readonly #sums = new Map<string, Map<string, Map<string, number>>>();

  add(subject: string, step: Step, start: number, name: string, value: number): void {
    const ofSubject = inner(this.#sums, subject);
    const values = inner(ofSubject, `${step} ${start}`);
    values.set(name, (values.get(name) ?? 0) + value);
  }

  /** To the minute of `time`, its hour, and all of time. */
  addCoarse(subject: string, time: number, name: string, value: number): void {
    this.add(subject, 'minute', time - (time % STEP_MS.minute), name, value);
    this.add(subject, 'hour', time - (time % STEP_MS.hour), name, value);
    this.add(subject, 'all', 0, name, value);
  }

  /** Without what is 0. */
  amounts(): Amount[] {
    const amounts: Amount[] = [];
    for (const [subject, ofSubject] of this.#sums) {
      for (const [time, values] of ofSubject) {
        const [step, start] = time.split(' ') as [Step, string];
        for (const [name, value] of values)
          if (value !== 0) amounts.push({ subject, step, start: Number(start), name, value });
      }
    }
    return amounts;
  }
}

function inner<K, L, V>(outer: Map<K, Map<L, V>>, key: K): Map<L, V> {
  let map = outer.get(key);
  if (map === undefined) {
    map = new Map();
    outer.set(key, map);
  }
  return map;
}
