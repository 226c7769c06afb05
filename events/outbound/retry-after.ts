// The field Retry-After of a reply (RFC 9110, 10.2.3): seconds, or a date.

/** Milliseconds from now, at most `maxMs`; null where the field is missing or says nothing. */
export function retryAfterMs(
  field: string | undefined,
  { nowMs, maxMs }: { readonly nowMs: number; readonly maxMs: number },
): number | null {
  if (field === undefined) return null;
  const ms = /^\d{1,15}$/.test(field) ? Number(field) * 1_000 : Date.parse(field) - nowMs;
  return Number.isNaN(ms) ? null : Math.min(Math.max(ms, 0), maxMs);
}
