// The Content-Security-Policy of the pages (U4): nothing inline, nothing of another origin but
// media, and no text that becomes script (Trusted Types).

/**
 * The one policy of Trusted Types: it makes the address of the service worker, and nothing else.
 */
const TRUSTED_TYPES = 'livedrops';

/** `mediaOrigin`: where pictures come from and uploads go; null: nowhere. */
export function pagePolicy(mediaOrigin: string | null): string {
  const media = mediaOrigin === null ? '' : ` ${mediaOrigin}`;
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    `img-src 'self' data: blob:${media}`,
    ...(mediaOrigin === null ? [] : [`media-src${media}`]),
    `connect-src 'self'${media}`,
    "manifest-src 'self'",
    "worker-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    `trusted-types ${TRUSTED_TYPES}`,
  ].join('; ');
}

/** Of the service worker: it reads what the server serves, and runs nothing else. */
export const WORKER_POLICY = "default-src 'none'; connect-src 'self'; frame-ancestors 'none'";
