// Who has a live stream open now, and so needs no push (R2).

export interface Presence {
  /**
   * Those of the users who are online, as far as gateways answer in time: of who is not known to
   * be online, a push is sent. At most 1,000 ids. Never rejects.
   */
  online(userIds: readonly string[]): Promise<ReadonlySet<string>>;
}
