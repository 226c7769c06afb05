// The texts of an export of orders: CSV by RFC 4180 for spreadsheets, or NDJSON, whose lines are
// orders as every route shows them. docs/SELLING.md has the columns.

import { stringify } from 'csv-stringify/sync';
import { CSV_FORM } from '../app/csv-form.ts';
import { formatAmount, minorDigits } from '../contracts/currencies.ts';
import type { OrderDetails } from '../contracts/order-details.ts';
import type { ExportFormat, OrderView } from '../contracts/orders.ts';
import { rfc3339 } from './encode.ts';
import { orderJson } from './present.ts';

export interface ExportedDrop {
  readonly dropId: string;
  readonly version: number;
  readonly orders: number;
}

/** By order. */
export type Details = ReadonlyMap<string, OrderDetails>;

type Cell = string | number | null;

/** Amounts are in the currency's minor unit, and beside it as people write them. */
const COLUMNS: Readonly<Record<string, (order: OrderView, paymentProvider: string) => Cell>> = {
  id: (order) => order.id,
  dropId: (order) => order.dropId,
  userId: (order) => plain(order.userId),
  status: (order) => order.status,
  quantity: (order) => order.quantity,
  refundedQuantity: (order) => order.refundedQuantity ?? (isRefunded(order) ? order.quantity : 0),
  currency: (order) => order.currency,
  currencyDigits: (order) => minorDigits(order.currency),
  totalAmount: (order) => order.totalAmount,
  refundedAmount: refundedAmountOf,
  total: (order) => decimal(order.totalAmount, order),
  refunded: (order) => decimal(refundedAmountOf(order), order),
  createdAt: (order) => rfc3339(order.createdAt),
  holdExpiresAt: ({ holdExpiresAt }) => (holdExpiresAt === null ? null : rfc3339(holdExpiresAt)),
  paymentProvider: (order, provider) => (order.paymentReference === null ? null : provider),
  paymentReference: (order) => plain(order.paymentReference),
  refundRequested: (order) => String(order.refundRequested),
  metadata: (order) => order.metadata ?? null,
  version: (order) => order.version,
};
const CELLS = Object.values(COLUMNS);

/** What the buyer said of where the order goes; empty where nothing was said, or it is erased. */
const DETAILS: Readonly<Record<string, (details: OrderDetails) => string | undefined>> = {
  'details.name': ({ name }) => name,
  'details.company': ({ company }) => company,
  'details.lines': ({ lines }) => lines?.join(', '),
  'details.city': ({ city }) => city,
  'details.region': ({ region }) => region,
  'details.postalCode': ({ postalCode }) => postalCode,
  'details.country': ({ country }) => country,
  'details.phone': ({ phone }) => phone,
  'details.email': ({ email }) => email,
  'details.note': ({ note }) => note,
};
const DETAILS_CELLS = Object.values(DETAILS);
const NO_DETAILS: OrderDetails = {};

/** What spreadsheets of some languages take for the signs that begin a formula. */
const WIDE_FORMULA = /^[\uFF1D\uFF0B\uFF0D\uFF20]/;

/** What stands before the first order. */
export function exportHead(format: ExportFormat, drop: ExportedDrop): string {
  if (format === 'csv')
    return stringify([[...Object.keys(COLUMNS), ...Object.keys(DETAILS)]], CSV_FORM);
  const { dropId, version, orders } = drop;
  return `${JSON.stringify({ kind: 'export', dropId, version, orders })}\n`;
}

/** Some orders, in their order. */
export function exportOrders(
  format: ExportFormat,
  orders: readonly OrderView[],
  details: Details,
  paymentProvider: string,
): string {
  if (format === 'csv') {
    const rows = orders.map((order) => {
      const said = details.get(order.id) ?? NO_DETAILS;
      const cells = CELLS.map((cell) => cell(order, paymentProvider));
      for (const cell of DETAILS_CELLS) cells.push(plain(cell(said) ?? null));
      return cells;
    });
    return stringify(rows, CSV_FORM);
  }
  let lines = '';
  for (const order of orders) {
    const json = orderJson(order, paymentProvider);
    const said = details.get(order.id);
    lines += said === undefined ? json : `${json.slice(0, -1)},"details":${JSON.stringify(said)}}`;
    lines += '\n';
  }
  return lines;
}

/** A text of somebody else. The library knows only the signs of ASCII. */
function plain(text: string | null): string | null {
  return text !== null && WIDE_FORMULA.test(text) ? `'${text}` : text;
}

function isRefunded({ status }: OrderView): boolean {
  return status === 'refunded';
}

/** Where everything was refunded at once, the status alone says so. */
function refundedAmountOf(order: OrderView): number {
  return order.refundedAmount ?? (isRefunded(order) ? order.totalAmount : 0);
}

/** A number for spreadsheets, such as 129.00. Null where the currency has no smallest unit. */
function decimal(amount: number, { currency }: OrderView): string | null {
  return minorDigits(currency) === null ? null : formatAmount(amount, currency);
}
