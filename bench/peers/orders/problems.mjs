// What a peer answers when it does not sell: the same problem documents (RFC 9457) as LiveDrops',
// so that a refusal costs each of them about as many bytes.

/** @type {Readonly<Record<string, { status: number, title: string }>>} */
const PROBLEMS = {
  'sold-out': { status: 409, title: 'The drop is sold out.' },
  'limit-per-user': { status: 409, title: 'The limit for each buyer is reached.' },
  'idempotency-key-missing': { status: 400, title: 'The Idempotency-Key header is missing.' },
  'idempotency-key-reused': { status: 422, title: 'The key was used with another request.' },
  'invalid-request': { status: 400, title: 'The request is not valid.' },
  unauthenticated: { status: 401, title: 'Authentication is needed.' },
  'not-found': { status: 404, title: 'There is nothing here.' },
  internal: { status: 500, title: 'Something went wrong.' },
};

export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

/** @param {string} code */
export function problemOf(code) {
  const { status, title } = PROBLEMS[code];
  return { type: `/docs#${code}`, title, status, code };
}
