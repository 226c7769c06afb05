// The bodies and queries of Stripe's API: forms whose names have brackets, such as
// `metadata[orderId]=d_1-0` and `expand[0]=latest_charge`.

export type FormValue = string | FormFields;
export interface FormFields {
  [name: string]: FormValue;
}

const NAME = /^[^[\]]+(?:\[[^[\]]*\])*$/;

/** Null where a name is malformed or given twice. */
export function parseForm(text: string): FormFields | null {
  const fields: FormFields = Object.create(null) as FormFields;
  for (const [name, value] of new URLSearchParams(text)) {
    if (!NAME.test(name)) return null;
    const path = name.split('[').map((part) => part.replace(/\]$/, ''));
    let at = fields;
    for (const part of path.slice(0, -1)) {
      at[part] ??= Object.create(null) as FormFields;
      const next = at[part];
      if (typeof next === 'string') return null;
      at = next;
    }
    const last = path.at(-1)!;
    const key = last === '' ? String(Object.keys(at).length) : last;
    if (key in at) return null;
    at[key] = value;
  }
  return fields;
}

export function textIn(fields: FormFields, name: string): string | null {
  const value = fields[name];
  return typeof value === 'string' ? value : null;
}

export function fieldsIn(fields: FormFields, name: string): FormFields {
  const value = fields[name];
  return typeof value === 'object' ? value : {};
}

/** Whole and not negative; null otherwise. */
export function countIn(fields: FormFields, name: string): number | null {
  const text = textIn(fields, name);
  return text !== null && /^\d{1,12}$/.test(text) ? Number(text) : null;
}
