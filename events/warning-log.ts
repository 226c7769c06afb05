// What background work here needs of a logger: pino's shape, so that the process's own fits.

export interface WarningLog {
  warn(details: object, text: string): void;
}
