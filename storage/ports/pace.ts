// The pace of work that gives way to the sale, as stores see it (`actors/upkeep.ts`).

export interface Pace {
  /**
   * Awaited before each slice of the work: the pause after the last one, and the wait for a moment
   * in which nothing is sold, as long as `isUrgent` says that not too much waits.
   */
  giveWay(isUrgent: () => boolean): Promise<void>;
  /** Nothing is left to do. */
  rest(): void;
  /** Ends the wait in progress, and no later one waits. */
  stop(): void;
}

/** For work that nothing is sold beside. */
export const UNPACED: Pace = {
  giveWay: () => Promise.resolve(),
  rest: () => undefined,
  stop: () => undefined,
};
