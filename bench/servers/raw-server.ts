// The ceiling: answers every order at once and does nothing else.
// Usage: raw-server.ts BYTES [STATUS]

import { serveOrders } from './raw-orders.ts';

serveOrders((answer) => answer());
