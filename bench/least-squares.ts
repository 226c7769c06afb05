// How a value depends on one other or on two, by least squares.

export interface Observation {
  readonly first: number;
  readonly second: number;
  readonly value: number;
}

export interface Slopes {
  /** What one more of the first adds, the second being as it is. */
  readonly first: number;
  readonly second: number;
}

/** Of the determinant, beside what it would be if the two had nothing to do with each other. */
const INDEPENDENCE_MIN = 1e-6;

/** Of value = a + b first + c second. NaN for both where the observations cannot tell the two apart. */
export function slopesOf(observations: readonly Observation[]): Slopes {
  const means = {
    first: mean(observations.map(({ first }) => first)),
    second: mean(observations.map(({ second }) => second)),
    value: mean(observations.map(({ value }) => value)),
  };
  let [xx, xy, yy, xv, yv] = [0, 0, 0, 0, 0];
  for (const { first, second, value } of observations) {
    const [x, y, v] = [first - means.first, second - means.second, value - means.value];
    xx += x * x;
    xy += x * y;
    yy += y * y;
    xv += x * v;
    yv += y * v;
  }
  const determinant = xx * yy - xy * xy;
  if (!(determinant > xx * yy * INDEPENDENCE_MIN)) return { first: Number.NaN, second: Number.NaN };
  return {
    first: (xv * yy - yv * xy) / determinant,
    second: (yv * xx - xv * xy) / determinant,
  };
}

/** By how much the value grows with each one more of `at`; NaN where all of them are at one place. */
export function slopeOf(
  points: readonly { readonly at: number; readonly value: number }[],
): number {
  const [at, value] = [
    mean(points.map((point) => point.at)),
    mean(points.map((point) => point.value)),
  ];
  let [xx, xv] = [0, 0];
  for (const point of points) {
    xx += (point.at - at) ** 2;
    xv += (point.at - at) * (point.value - value);
  }
  return xx > 0 ? xv / xx : Number.NaN;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
