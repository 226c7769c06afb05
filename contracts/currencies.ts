// Currencies by ISO 4217: which codes there are, and how many digits an amount in the smallest unit
// has behind the point. The facts are those of the standard's list one and list three, maintained
// by SIX. `Intl` is no substitute: it rounds as people do in daily life, and so has no digits for
// AFN, ALL, COP, HUF, IDR, IQD, IRR, KPW, LAK, LBP, MGA, MMK, PKR, SOS, SYP and YER (Node 24). It
// also lacks VED, and lists withdrawn codes. How to bring the table up to date:
// docs/decisions/044-amounts-in-minor-units.md.

/** When list one was published. List three, of withdrawn codes, is of 2026-01-01. */
export const CURRENCIES_PUBLISHED = '2026-09-17';

/** By the number of digits. */
type Codes = readonly (readonly [digits: number | null, codes: string])[];

/** Money that people pay with. */
const CURRENT: Codes = [
  [0, 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF'],
  [
    2,
    'AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD ' +
      'CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD ' +
      'GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL ' +
      'MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN ' +
      'PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP ' +
      'SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG',
  ],
  [3, 'BHD IQD JOD KWD LYD OMR TND'],
];

/**
 * Codes of the standard that nobody pays with: funds, units of account and of indexed contracts,
 * metals, codes for tests and for no currency. The last ones have no smallest unit.
 */
const NOT_MONEY: Codes = [
  [0, 'UYI'],
  [2, 'BOV CHE CHW COU MXV USN XAD'],
  [4, 'CLF UYW'],
  [null, 'XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XTS XUA XXX'],
];

/**
 * Withdrawn since 1999, with the digits that they had last; ANG, BGN and CUC are the latest. What
 * was withdrawn earlier was never the currency of a drop.
 */
const WITHDRAWN: Codes = [
  [0, 'ADP BEF BYB BYR ESP GRD ITL LUF MGF PTE ROL TPE TRL'],
  [
    2,
    'AFA ANG ATS AYM AZM BGL BGN CSD CUC CYP DEM EEK FIM FRF GHC GWP HRK IEP LTL LVL MRO MTL MZM ' +
      'NLG RUR SDD SIT SKK SLL SRG STD TMM USS VEB VEF YUM ZMK ZWD ZWL ZWN ZWR',
  ],
  [null, 'XFO XFU'],
];

const SELLABLE = codesOf(CURRENT);
const WITHDRAWN_CODES = codesOf(WITHDRAWN);
const DIGITS = new Map(
  [...CURRENT, ...NOT_MONEY, ...WITHDRAWN].flatMap(([digits, codes]) =>
    codes.split(' ').map((code) => [code, digits] as const),
  ),
);

/** Whether a new drop may be sold in the currency: it is current, and people pay with it. */
export function isSellable(code: string): boolean {
  return SELLABLE.has(code);
}

/** Why a new drop may not be sold in it, for a code that is not sellable. */
export function currencyProblem(code: string): string {
  if (WITHDRAWN_CODES.has(code)) return 'was withdrawn from ISO 4217';
  if (DIGITS.has(code)) return 'is a code of ISO 4217 that nobody pays with';
  return 'must be a current code of ISO 4217 in capitals, such as EUR';
}

/**
 * Digits behind the point, also of withdrawn currencies. Null: the standard has no smallest unit
 * for the code, or the code is unknown.
 */
export function minorDigits(code: string): number | null {
  return DIGITS.get(code) ?? null;
}

/**
 * An amount in the currency's smallest unit as a plain decimal, in no language: 12900 EUR is
 * `129.00`. Where the smallest unit is not known it is the integer itself. Without the code.
 */
export function formatAmount(amount: number, currency: string): string {
  const digits = minorDigits(currency) ?? 0;
  if (digits === 0) return String(amount);
  const sign = amount < 0 ? '-' : '';
  const text = String(Math.abs(amount)).padStart(digits + 1, '0');
  return `${sign}${text.slice(0, -digits)}.${text.slice(-digits)}`;
}

function codesOf(table: Codes): ReadonlySet<string> {
  return new Set(table.flatMap(([, codes]) => codes.split(' ')));
}
