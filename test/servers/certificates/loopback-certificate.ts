// The certificate of stand-ins with TLS: signed by itself, valid from 2020 to 2119 for localhost,
// 127.0.0.1, ::1 and *.push.test. Its key is public, so nothing but tests may trust it.

import { readFileSync } from 'node:fs';

const read = (name: string) => readFileSync(new URL(name, import.meta.url), 'utf8');

export const LOOPBACK_CERTIFICATE = read('loopback-certificate.pem');
export const LOOPBACK_KEY = read('loopback-key.pem');
