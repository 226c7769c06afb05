// All boards, the one for a sale first.

import type { Board } from './board.ts';
import { BUSINESS } from './boards/business.ts';
import { CLUSTER } from './boards/cluster.ts';
import { GATEWAY } from './boards/gateway.ts';
import { REACH } from './boards/reach.ts';
import { SALE } from './boards/sale.ts';
import { STORAGE } from './boards/storage.ts';

export const BOARDS: readonly Board[] = [SALE, CLUSTER, GATEWAY, STORAGE, REACH, BUSINESS];
