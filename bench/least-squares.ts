// Linear least squares: how a value depends on one or on two variables.

export interface Observation {
  readonly first: number;
  readonly second: number;
  readonly value: number;
}

export interface Slopes {
  /** The change of the value when the first variable grows by 1 and the second is constant. */
  readonly first: number;
  readonly second: number;
}

/** The least determinant, as a share of its value for two independent variables. */
const INDEPENDENCE_MIN = 1e-6;

/**
 * Fits value = a + b first + c second. Both slopes are NaN if the variables depend on each other.
 */
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

/** The slope of the value over `at`; NaN if all points have the same `at`. */
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
