// The ceiling: every order is answered at once, and that is all.
// Usage: raw-server.ts BYTES [STATUS]

import { serveOrders } from './raw-orders.ts';

serveOrders((answer) => answer());
