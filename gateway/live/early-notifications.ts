// Live notifications of a connection whose client may still send `resume` (N7). They wait, so that
// they do not overtake older ones. Up to a bound they wait in memory. Past it they are let go, as
// the feed has them all, and only the place where they begin is known.

import { compareNotificationIds } from './replay.ts';

export class EarlyNotifications<Item> {
  readonly #lengthMax: number;
  #lowestId = '';
  /** In the order of their arrival; null past the bound. */
  items: Item[] | null = [];

  constructor(lengthMax: number) {
    this.#lengthMax = lengthMax;
  }

  add(id: string, item: Item): void {
    if (this.#lowestId === '' || compareNotificationIds(id, this.#lowestId) < 0)
      this.#lowestId = id;
    if (this.items === null) return;
    if (this.items.length < this.#lengthMax) this.items.push(item);
    else this.items = null;
  }

  /** The feed has all of them after this id. */
  get afterId(): string {
    return String(Number(this.#lowestId) - 1);
  }
}
