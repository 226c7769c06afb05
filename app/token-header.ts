// Decodes the header of a JSON Web Token. What it says is a hint only, until the signature is
// verified.

/** Base64url characters of a header that are decoded. */
const HEADER_LENGTH_MAX = 1_024;

/** Null where it is no JSON object, or too long. */
export function headerOf(token: string): Readonly<Record<string, unknown>> | null {
  const end = token.indexOf('.');
  if (end <= 0 || end > HEADER_LENGTH_MAX) return null;
  try {
    const header: unknown = JSON.parse(Buffer.from(token.slice(0, end), 'base64url').toString());
    if (typeof header !== 'object' || header === null || Array.isArray(header)) return null;
    return header as Record<string, unknown>;
  } catch {
    return null;
  }
}
