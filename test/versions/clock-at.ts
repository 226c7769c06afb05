// Preloaded into a server under test (`NODE_OPTIONS=--import=…`): its wall clock begins at
// TEST_CLOCK_AT, in milliseconds since the Unix epoch, so that what was recorded as live
// is live however long ago that was. Monotonic time stays as it is.

const offset = Number(process.env['TEST_CLOCK_AT']) - Date.now();
const RealDate = Date;

class ShiftedDate extends RealDate {
  constructor(...args: unknown[]) {
    if (args.length === 0) super(RealDate.now() + offset);
    else super(...(args as [number]));
  }

  static override now(): number {
    return RealDate.now() + offset;
  }
}

globalThis.Date = ShiftedDate as DateConstructor;
