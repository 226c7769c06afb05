// What the field of a subscription asks to hear of. Events do not come by its own iteration: the
// hub's channels bring them, once for all subscribers (`shared-stream.ts`).

import type { DropFrameType } from '../../../contracts/live.ts';
import type { DropView } from '../../../contracts/drops.ts';
import type { Row } from '../builder.ts';

export type LiveSource =
  | { readonly of: 'drop'; readonly dropId: string }
  | { readonly of: 'creator'; readonly creatorId: string }
  /** `after`: the id of the last notification that the client has; null for new ones only. */
  | { readonly of: 'notifications'; readonly after: string | null };

/** A drop that was published, as the live stream says it. */
export interface PublishedDrop {
  readonly type: DropFrameType;
  readonly view: DropView;
}

/** An event of a drop as resolvers have it: with the drop in its wire form. */
export interface DropEventRow {
  readonly type: DropFrameType;
  /** RFC 3339. */
  readonly at: string;
  readonly drop: Row;
}

/** What the `subscribe` of a field returns. */
export class SourceStream<Event> implements AsyncIterable<Event> {
  readonly source: LiveSource;

  constructor(source: LiveSource) {
    this.source = source;
  }

  [Symbol.asyncIterator](): AsyncIterator<Event> {
    throw new Error('a subscription is served by its source');
  }
}
