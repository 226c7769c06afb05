// The addresses of the studio's views, as the server answers them.

export const STUDIO_PATHS = [
  '/studio',
  '/studio/products/{id}',
  '/studio/drops/{id}',
  '/studio/drops/{id}/orders',
  '/studio/drops/{id}/analytics',
  '/studio/analytics',
  '/studio/followers',
  '/studio/webhooks',
  '/studio/webhooks/{id}',
  '/studio/log-in',
  '/studio/register',
] as const;
