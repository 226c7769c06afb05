// The fan-outs that this process runs, and how old the event of the oldest one is.

export class UnderWay {
  /** By the job's id: the event's time, in milliseconds since the Unix epoch. */
  readonly #jobs = new Map<string, number>();

  began(jobId: string, at: number): void {
    this.#jobs.set(jobId, at);
  }

  ended(jobId: string): void {
    this.#jobs.delete(jobId);
  }

  /** 0 where none is under way. */
  oldestMs(now: number): number {
    return this.#jobs.size === 0 ? 0 : Math.max(0, now - Math.min(...this.#jobs.values()));
  }
}
