// What a definition in the table of metrics says, and the functions that the table is written with.

/** How to add up what several nodes serve. */
export type MetricScope =
  /** Each node serves its own part. */
  | 'node'
  /** Each node that serves it has the whole store's, some seconds old: take `max`, not `sum`. */
  | 'store';

/** Which nodes serve a metric. Where that is not a role it is what the node is made with. */
export type ServedBy =
  | 'every node'
  | 'actors'
  | 'services'
  | 'search'
  | 'media'
  /** Nodes that archive. */
  | 'archive'
  /** Nodes that can write the ledger. */
  | 'ledger'
  /** Nodes that accept tokens of other issuers. */
  | 'issuers'
  /** Nodes that send traces. */
  | 'traces'
  /** Nodes with an access log. */
  | 'access log'
  /** One node alone, on SQLite. */
  | 'alone'
  /** Nodes of a cluster. */
  | 'cluster'
  /** Nodes of a cluster with actors. */
  | 'cluster actors';

/** Values that are not of a fixed list: what they are, and how many one node serves at most. */
export interface OpenValues {
  readonly of: string;
  readonly countMax: number;
}

export type LabelValues = readonly string[] | OpenValues;
type Labels = Readonly<Record<string, LabelValues>>;

type MetricType = 'counter' | 'gauge' | 'histogram';

export interface MetricDefinition<L extends Labels = Labels, T extends MetricType = MetricType> {
  readonly type: T;
  readonly help: string;
  readonly labels: L;
  readonly servedBy: ServedBy;
  readonly scope: MetricScope;
}

const NO_LABELS = {} as const;

interface More {
  readonly servedBy?: ServedBy;
  readonly scope?: MetricScope;
}

interface Define<T extends MetricType> {
  (help: string, more?: More): MetricDefinition<typeof NO_LABELS, T>;
  <const L extends Labels>(
    help: string,
    more: More & { readonly labels: L },
  ): MetricDefinition<L, T>;
}

function defines<T extends MetricType>(type: T): Define<T> {
  return (help: string, more: More & { readonly labels?: Labels } = {}) => {
    const { labels = NO_LABELS, servedBy = 'every node', scope = 'node' } = more;
    return { type, help, labels, servedBy, scope };
  };
}

export const counter = defines('counter');
export const gauge = defines('gauge');
export const histogram = defines('histogram');

export function open(of: string, countMax: number): OpenValues {
  return { of, countMax };
}
