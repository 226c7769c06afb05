// The addresses of the console's views, as the server answers them.

export const CONSOLE_PATHS = [
  '/console',
  '/console/log-in',
  '/console/alarms',
  '/console/upkeep',
  '/console/payments',
  '/console/jobs',
  '/console/jobs/{id}',
  '/console/sellers',
  '/console/ledger',
  '/console/audit',
  '/console/caches',
  '/console/components',
] as const;
