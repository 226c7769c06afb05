// Passes: who may buy of a drop that asks for one, or before its start (D9). A pass is a number: a
// serial, how many units it is for, and whether it is for one order only. So whoever has the number
// of an order's pass knows what that pass allows. Who made it, and for whom, is proved before a
// command has it (`app/passes/pass-text.ts`).

/** Two passes of a drop never have the same serial. */
export const PASS_SERIALS = 2 ** 39;
/** Units of a pass are from 1 to this. */
const UNITS_MAX = 2 ** 10;

export interface PassTerms {
  readonly serial: number;
  readonly units: number;
  readonly singleUse: boolean;
}

/** 50 bits, so exact as a number. */
export function passNumber({ serial, units, singleUse }: PassTerms): number {
  return (serial * UNITS_MAX + units - 1) * 2 + (singleUse ? 1 : 0);
}

export function passTerms(pass: number): PassTerms {
  const rest = Math.floor(pass / 2);
  return {
    serial: Math.floor(rest / UNITS_MAX),
    units: (rest % UNITS_MAX) + 1,
    singleUse: pass % 2 === 1,
  };
}
