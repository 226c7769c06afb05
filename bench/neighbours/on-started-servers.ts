// Neighbours that a server brings with its data directory: entries that wait to be archived, and
// user rows that wait to be merged. In each round a server is started for each of them, and before
// and after those one without either, on copies of directories with the same orders.

import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { SETTLED_GENERATIONS } from '../../storage/sqlite/rows/settled-generation.ts';
import { LiveDropsServer } from '../servers/livedrops-server.ts';
import {
  type Measured,
  type MeasuredOrders,
  type Neighbour,
  type Neighbourhood,
  type NeighbourhoodOptions,
  sampleOf,
} from './neighbour.ts';
import { PreparedData } from './prepared-data.ts';
import { QuietOrders } from './quiet-orders.ts';

const WARM_UP_SECONDS = 3;
/** From the start of a server: when it is warm. */
const ARCHIVE_INTERVAL_SECONDS = 4;
const JOURNAL_ENTRIES_MIN = 64;
const ORDERS = 1_600_000;
const ROWS = 3_000_000;
const JOURNALS = 'journals';
const ROWS_DATA = 'rows';
const COPY = 'served';

interface Started extends Neighbour {
  /** The prepared directory. */
  readonly data: string;
  readonly environment: Readonly<Record<string, string>>;
  worked(directory: string): number;
}

const PLAIN = { data: JOURNALS, environment: { LIVEDROPS_ARCHIVE: 'off' } };

const ARCHIVING: Started = {
  key: 'archiving',
  label: 'archiving',
  about: 'Journals of 1,600,000 orders are archived and trimmed.',
  own: [],
  work: 'MB in the archive at the end',
  data: JOURNALS,
  environment: {
    LIVEDROPS_ARCHIVE_INTERVAL_SECONDS: String(ARCHIVE_INTERVAL_SECONDS),
    LIVEDROPS_ARCHIVE_JOURNAL_ENTRIES_MIN: String(JOURNAL_ENTRIES_MIN),
  },
  worked: (directory) => bytesIn(join(directory, 'archive')) / 1e6,
};

const MERGING: Started = {
  key: 'merging',
  label: 'merging of user rows',
  about: '3,000,000 rows of order lists and feeds are merged, as behind an earlier release.',
  own: [],
  work: 'generations at the end, of which eight remain when all are merged',
  data: ROWS_DATA,
  environment: PLAIN.environment,
  worked: generationsIn,
};

export class NeighboursOnStartedServers implements Neighbourhood {
  readonly missing = null;
  readonly #options: NeighbourhoodOptions;
  readonly #started: readonly Started[];
  readonly #data = new PreparedData();
  readonly #orders: QuietOrders;
  #server: LiveDropsServer | null = null;

  /** `keys`: the neighbours to measure. */
  constructor(options: NeighbourhoodOptions, keys: readonly string[]) {
    this.#options = options;
    this.#started = [ARCHIVING, MERGING].filter(({ key }) => keys.includes(key));
    this.#orders = new QuietOrders(options);
  }

  async fill(): Promise<void> {
    const { size } = this.#options;
    const fill = (command: string, directory: string, orders: number) =>
      this.#data.fill(
        'fill-neighbours.ts',
        command,
        this.#data.path(directory),
        JSON.stringify({ orders: Math.ceil(orders * size) }),
      );
    await fill('journal', JOURNALS, ORDERS);
    if (!this.#started.includes(MERGING)) return;
    this.#data.copy(JOURNALS, ROWS_DATA);
    await fill('rows', ROWS_DATA, ROWS);
  }

  async start(): Promise<void> {}

  async *measureRound(round: number): AsyncGenerator<Measured> {
    const plain = async () => sampleOf(await this.#measure(PLAIN));
    const first = await plain();
    const beside = [];
    for (const neighbour of this.#started) beside.push(await this.#measureBeside(neighbour));
    const last = await plain();
    // By turns, so that neither is always the first after what came before.
    const [without, control] = round % 2 === 0 ? [first, last] : [last, first];
    for (const measured of beside) yield { ...measured, control, without };
  }

  async stop(): Promise<void> {
    await this.#orders.stop();
    await this.#server?.stop();
    this.#data.remove();
  }

  async #measureBeside(neighbour: Started): Promise<Omit<Measured, 'control' | 'without'>> {
    let worked = 0;
    const measured = await this.#measure(neighbour, (directory) => {
      worked = neighbour.worked(directory);
    });
    return { neighbour, beside: sampleOf(measured), worked };
  }

  async #measure(
    { data, environment }: Pick<Started, 'data' | 'environment'>,
    atEnd: (directory: string) => void = () => undefined,
  ): Promise<MeasuredOrders> {
    const directory = this.#data.copy(data, COPY);
    const server = new LiveDropsServer([], directory, undefined, environment);
    this.#server = server;
    await server.start();
    const drops = await this.#orders.drops(server);
    await this.#orders.measure(server, drops, { seconds: WARM_UP_SECONDS });
    const { seconds } = this.#options;
    const measured = await this.#orders.measure(server, drops, { seconds });
    atEnd(directory);
    await server.stop();
    this.#server = null;
    return measured;
  }
}

/** 0 where there is no such directory. */
function bytesIn(directory: string): number {
  if (!existsSync(directory)) return 0;
  const files = readdirSync(directory, { recursive: true, withFileTypes: true });
  return files
    .filter((file) => file.isFile())
    .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}

function generationsIn(directory: string): number {
  const database = new Database(join(directory, 'projections.db'), { readonly: true });
  try {
    return database.prepare(SETTLED_GENERATIONS).all().length;
  } finally {
    database.close();
  }
}
