// The gateway of the cluster floor. The orders of one turn of the event loop are one message of as
// many bytes as they take in the journal, and each order is answered when the owner's reply has
// come. Usage: raw-cluster-gateway.ts BYTES STATUS NATS_URL

import { connect } from 'nats';
import { JOURNAL_BYTES_PER_ORDER, ORDERS_SUBJECT } from './order-server.ts';
import { serveOrders } from './raw-orders.ts';

/** A lost reply ends the process, and so the measurement. */
const REPLY_TIMEOUT_MS = 20_000;

const nats = await connect({ servers: process.argv[4] });
let gathered: (() => void)[] = [];

async function send(): Promise<void> {
  const answers = gathered;
  gathered = [];
  const bytes = Buffer.alloc(answers.length * JOURNAL_BYTES_PER_ORDER, 'x');
  await nats.request(ORDERS_SUBJECT, bytes, { timeout: REPLY_TIMEOUT_MS });
  for (const answer of answers) answer();
}

serveOrders((answer) => {
  if (gathered.push(answer) === 1) setImmediate(() => void send());
});
