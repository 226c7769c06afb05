// The consumer leases port: which one of several processes runs a consumer.

export interface ConsumerLeases {
  /**
   * Acquires or renews the lease of the consumer for `ms` milliseconds from a moment during this
   * call. False if another holder has the lease. Errors: `store-unavailable`.
   */
  hold(consumer: string, holder: string, ms: number): Promise<boolean>;
  /** Releases the lease if `holder` has it. Errors: `store-unavailable`. */
  release(consumer: string, holder: string): Promise<void>;
}
