// Numbers of charts that are no counts.

/** A rate, with one digit behind the point while it is small. */
export function rateText(rate: number): string {
  return new Intl.NumberFormat(document.documentElement.lang, {
    maximumFractionDigits: rate < 10 ? 1 : 0,
  }).format(rate);
}

/** A share between 0 and 1. */
export function percentText(share: number): string {
  return new Intl.NumberFormat(document.documentElement.lang, {
    style: 'percent',
    maximumFractionDigits: 0,
  }).format(share);
}
