// What the ports fed by the relay share: a projection remembers how far in each shard's journal it
// has come, never ahead of its rows. A batch at or behind that position is ignored, so delivery may
// be repeated and its effect is that of once (N11).

export interface ProjectionBatch<Row> {
  readonly shard: number;
  /** The journal sequence these rows were made from; batches of a shard come in rising order. */
  readonly sequence: number;
  readonly rows: readonly Row[];
}

export interface Projection {
  /** The last journal sequence of the shard that is contained; 0 for none. */
  position(shard: number): Promise<number>;
}
