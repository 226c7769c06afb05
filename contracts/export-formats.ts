// The formats of exports, apart from their schema for what needs only them.

export const EXPORT_FORMATS = ['csv', 'ndjson'] as const;
