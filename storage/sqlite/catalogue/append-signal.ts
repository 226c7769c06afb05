// The signal from stores that append to the change stream to the listeners of the stream.

/** There is one. */
const BUCKET = 0;

export class AppendSignal {
  readonly #listeners = new Set<(bucket: number) => void>();

  appended(): void {
    for (const listener of this.#listeners) listener(BUCKET);
  }

  subscribe(listener: (bucket: number) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
