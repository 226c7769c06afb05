// Types of the API that the views name.

import type { Problem } from '../../sdk/api.ts';

export type {
  BuyerPayment,
  Drop,
  DropFrame,
  Order,
  Product,
  Profile,
  SearchItem,
} from '../../sdk/api.ts';
export type ProblemCodeOf = Problem['code'];
