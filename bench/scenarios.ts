// All scenarios in the order in which they run: the order path first, then the live stream, then
// the rest.

import type { Scenario } from './scenario.ts';
import { browse } from './scenarios/browse.ts';
import { cluster } from './scenarios/cluster.ts';
import { failover } from './scenarios/failover.ts';
import { followers } from './scenarios/followers.ts';
import { graphql } from './scenarios/graphql.ts';
import { liveConnect } from './scenarios/live-connect.ts';
import { liveFanout } from './scenarios/live-fanout.ts';
import { media } from './scenarios/media.ts';
import { mixed } from './scenarios/mixed.ts';
import { move } from './scenarios/move.ts';
import { neighbours } from './scenarios/neighbours.ts';
import { orderConsumers } from './scenarios/order-consumers.ts';
import { orderHot } from './scenarios/order-hot.ts';
import { orderSpread } from './scenarios/order-spread.ts';
import { overload } from './scenarios/overload.ts';
import { pages } from './scenarios/pages.ts';
import { push } from './scenarios/push.ts';
import { recovery } from './scenarios/recovery.ts';
import { search } from './scenarios/search.ts';
import { soak } from './scenarios/soak.ts';
import { soldOut } from './scenarios/sold-out.ts';

export const scenarios: readonly Scenario[] = [
  orderHot,
  orderConsumers,
  orderSpread,
  soldOut,
  browse,
  mixed,
  overload,
  liveFanout,
  liveConnect,
  graphql,
  followers,
  search,
  media,
  pages,
  push,
  recovery,
  cluster,
  move,
  failover,
  neighbours,
  soak,
];
