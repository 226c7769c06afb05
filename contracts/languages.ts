// The languages of what the product writes to people by itself.

export const LANGUAGES = ['en', 'de'] as const;
export type Language = (typeof LANGUAGES)[number];

const LANGUAGE_RANGE = /^([a-z]{1,8})(?:-[a-z0-9-]+)?(?:;q=([0-9.]+))?$/;
/** Ranges of a header that are read. */
const RANGES_MAX = 20;

/** The best of an Accept-Language header (RFC 9110, 12.5.4); null where it has none of ours. */
export function acceptedLanguage(header: string): Language | null {
  let best: { readonly language: Language; readonly weight: number } | null = null;
  for (const range of header.toLowerCase().split(',').slice(0, RANGES_MAX)) {
    const [, name, weightText = '1'] = LANGUAGE_RANGE.exec(range.replaceAll(/\s/g, '')) ?? [];
    const language = LANGUAGES.find((one) => one === name);
    const weight = Number(weightText);
    if (language === undefined || !(weight > 0) || weight > 1) continue;
    if (best === null || weight > best.weight) best = { language, weight };
  }
  return best?.language ?? null;
}
