// The part of a logger that background work uses, in pino's shape.

export interface WarningLog {
  warn(details: object, text: string): void;
}
