// How files of CSV are written (RFC 4180), for spreadsheets.

export const CSV_FORM = {
  record_delimiter: 'windows',
  // A cell that a spreadsheet would compute begins with an apostrophe.
  escape_formulas: true,
  quoted_match: /[\r\n]/,
} as const;
