// A mail as nodemailer takes it: plain text and HTML, with the headers of automatic mail.

import type { SendMailOptions } from 'nodemailer';
import type { Mail } from './mail-sender.ts';

const ADDRESS_DOMAIN = /@([^>\s]+)>?$/;

/** `from` is an address, perhaps with a name: `Shop <no-reply@shop.example>`. */
export function messageOf(mail: Mail, from: string): SendMailOptions {
  const domain = ADDRESS_DOMAIN.exec(from)?.[1] ?? 'localhost';
  return {
    from,
    // An object, so that nothing in the address is read as a list of addresses.
    to: { name: '', address: mail.to },
    subject: mail.subject,
    text: mail.text,
    html: mail.html,
    messageId: `<${mail.id}@${domain}>`,
    headers: {
      'Auto-Submitted': 'auto-generated',
      'X-Auto-Response-Suppress': 'All',
      'Content-Language': mail.language,
      ...(mail.unsubscribeUrl !== undefined && {
        'List-Unsubscribe': `<${mail.unsubscribeUrl}>`,
        'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click',
      }),
    },
    // Texts never name files or addresses to load.
    disableFileAccess: true,
    disableUrlAccess: true,
  };
}
