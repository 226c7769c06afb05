// The steps of analytics. Apart from the shapes, so that commands start without TypeBox.

export const ANALYTICS_STEPS = ['second', 'minute', 'hour'] as const;
