// The one form of an e-mail address, in which it is stored and compared (A1b).

import { domainToASCII } from 'node:url';

const ASCII = /^\p{ASCII}*$/u;

/**
 * Lower case, in NFC, with an internationalised domain as its ASCII labels (UTS 46, as browsers
 * do). A domain that has no such form is left out, so that the result is no e-mail address. An
 * address in ASCII is only put in lower case, as it always was. Stable: the form of a form is
 * itself.
 */
export function canonicalEmail(email: string): string {
  const written = email.trim().normalize('NFC').toLowerCase().normalize('NFC');
  const domainAt = written.lastIndexOf('@') + 1;
  const domain = written.slice(domainAt);
  if (ASCII.test(domain)) return written;
  return written.slice(0, domainAt) + domainToASCII(domain);
}
