// The addresses of the storefront's views. The server answers each of them with the storefront's
// page; `{id}` is an id.

export const STOREFRONT_PATHS = [
  '/',
  '/search',
  '/drops/{id}',
  '/creators/{id}',
  '/products/{id}',
  '/orders',
  '/orders/{id}',
  '/news',
  '/account',
  '/log-in',
  '/register',
  '/reset-password',
  '/confirm-email',
] as const;
