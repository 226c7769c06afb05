// The consumer positions port: how far in each shard's journal a consumer has come that keeps no
// rows of its own, such as the one that talks to the payment provider. Consumers with rows keep
// their position in the same step as those (`storage/ports/projection.ts`).

export interface ShardPosition {
  readonly shard: number;
  readonly sequence: number;
}

export interface ConsumerPositions {
  /** The last sequence kept for the consumer and shard; 0 for none. Errors: `store-unavailable`. */
  load(consumer: string, shard: number): Promise<number>;
  /**
   * Keeps positions, all in one atomic, durable step. A position never goes back: one behind what
   * is kept changes nothing. Errors: `store-unavailable`.
   */
  save(consumer: string, positions: readonly ShardPosition[]): Promise<void>;
}
