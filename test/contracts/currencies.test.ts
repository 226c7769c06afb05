// The table of ISO 4217: facts of the standard, and where it differs from what Node knows.

import test from 'ava';
import {
  LIMIT_PER_USER_MAX,
  ORDER_QUANTITY_MAX,
  UNIT_AMOUNT_MAX,
  STOCK_MAX,
} from '../../contracts/bounds.ts';
import { compileCheck } from '../../contracts/check.ts';
import {
  CURRENCIES_PUBLISHED,
  currencyProblem,
  formatAmount,
  isSellable,
  minorDigits,
} from '../../contracts/currencies.ts';
import { currency } from '../../contracts/scalars.ts';

const AMONG_NODES = Intl.supportedValuesOf('currency');

function digitsOfNode(code: string): number {
  const format = new Intl.NumberFormat('en', { style: 'currency', currency: code });
  return format.resolvedOptions().maximumFractionDigits!;
}

test('H1a: digits are those of ISO 4217', (t) => {
  const facts = {
    JPY: 0,
    KRW: 0,
    VND: 0,
    UGX: 0,
    ISK: 0,
    EUR: 2,
    HUF: 2,
    IDR: 2,
    MGA: 2,
    TWD: 2,
    KWD: 3,
    IQD: 3,
    TND: 3,
    CLF: 4,
    UYW: 4,
    XAU: null,
    XDR: null,
    ABC: null,
    eur: null,
  };
  for (const [code, digits] of Object.entries(facts)) t.is(minorDigits(code), digits, code);
});

test('H1a: withdrawn currencies can be read, and no new drop has one', (t) => {
  const withdrawn = { BGN: 2, HRK: 2, ANG: 2, CUC: 2, SLL: 2, ZWL: 2, DEM: 2, BYR: 0, ITL: 0 };
  for (const [code, digits] of Object.entries(withdrawn)) {
    t.is(minorDigits(code), digits, code);
    t.false(isSellable(code), code);
    t.is(currencyProblem(code), 'was withdrawn from ISO 4217', code);
  }
});

test('H1a: funds, metals, units of account and test codes are not sold in', (t) => {
  for (const code of ['CLF', 'UYW', 'UYI', 'CHE', 'XAD', 'XAU', 'XDR', 'XTS', 'XXX']) {
    t.false(isSellable(code), code);
    t.is(currencyProblem(code), 'is a code of ISO 4217 that nobody pays with', code);
  }
});

test('H1a: every current currency has digits, and the table is of its date', (t) => {
  const current = [...AMONG_NODES, 'VED'].filter(isSellable);
  t.is(current.length, 155);
  for (const code of current) t.true([0, 2, 3].includes(minorDigits(code)!), code);
  t.is(CURRENCIES_PUBLISHED, '2026-09-17');
});

test('H1a: every code that drops of before could have can be read', (t) => {
  // Drops of before could be in any currency of Node's. Two of these are no money.
  t.deepEqual(
    AMONG_NODES.filter((code) => minorDigits(code) === null),
    ['XDR', 'XSU'],
  );
});

test('H1a: Node rounds some currencies otherwise', (t) => {
  const other = AMONG_NODES.filter((code) => minorDigits(code) !== digitsOfNode(code));
  for (const code of ['HUF', 'IDR', 'IQD', 'COP']) t.true(other.includes(code), code);
});

test('H1a: the schema of a new drop says what is wrong with a code', (t) => {
  const check = compileCheck(currency);
  for (const code of ['EUR', 'JPY', 'KWD', 'IDR', 'XOF']) t.true(check(code).ok, code);
  for (const code of ['eur', 'EUR ', '', 'EURO', 'BGN', 'XAU', 978, null])
    t.like(check(code), { ok: false, code: 'invalid-request' }, String(code));
});

test('H1a: an amount as text has the digits of its currency', (t) => {
  t.is(formatAmount(12_900, 'EUR'), '129.00');
  t.is(formatAmount(5, 'EUR'), '0.05');
  t.is(formatAmount(0, 'KWD'), '0.000');
  t.is(formatAmount(1_234_567, 'KWD'), '1234.567');
  t.is(formatAmount(12_900, 'JPY'), '12900');
  t.is(formatAmount(-150, 'HRK'), '-1.50');
  t.is(formatAmount(12_900, 'XDR'), '12900');
  t.is(formatAmount(Number.MAX_SAFE_INTEGER, 'EUR'), '90071992547409.91');
});

test('H1a: no order’s total is beyond what a number has exactly', (t) => {
  t.true(Number.isSafeInteger(UNIT_AMOUNT_MAX * ORDER_QUANTITY_MAX));
  t.true(Number.isSafeInteger(UNIT_AMOUNT_MAX * LIMIT_PER_USER_MAX));
  t.true(Number.isSafeInteger(STOCK_MAX));
});
