// The signal from stores that append to the change stream to the listeners of the stream.

export class AppendSignal {
  readonly #listeners = new Set<() => void>();

  appended(): void {
    for (const listener of this.#listeners) listener();
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
