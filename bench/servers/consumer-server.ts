// The real server with one off-loop consumer that is slow, or with none: no setting of the product
// makes one.

import { loadConfig } from '../../composition/config.ts';
import { startServer } from '../../composition/server.ts';

const module = new URL('order-consumers.ts', import.meta.url).href;
const habit = process.env['BENCH_CONSUMER'] ?? '';
const bench = { name: 'bench', reads: 'events', module, options: habit } as const;
const consumers = habit === '' ? [] : [bench];
const server = await startServer(loadConfig(), () => undefined, consumers);
process.stdout.write(`LiveDrops ready on ${server.url}\n`);
process.once('SIGTERM', () => void server.stop().then(() => process.exit()));
