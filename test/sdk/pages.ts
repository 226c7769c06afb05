// A web server with the built client and some pages, and a real Chromium that opens them.

import { existsSync, readFileSync } from 'node:fs';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { type Browser, chromium } from 'playwright-core';

const CHROMIUM = '/usr/bin/chromium';
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
};

export const chromiumInstalled = existsSync(CHROMIUM);

export function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS });
}

/** Folders by the first part of their address. Resolves to the origin. */
export async function servePages(folders: Readonly<Record<string, string>>) {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url!, 'http://localhost');
    const [, first = '', file = 'index.html'] = pathname.split('/');
    const path = join(folders[first] ?? '/nowhere', file);
    const found = existsSync(path);
    response.writeHead(found ? 200 : 404, { 'content-type': TYPES[extname(path)] ?? 'text/html' });
    response.end(found ? readFileSync(path) : '<!doctype html><title>shop</title>');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** A page without content, whose scripts the test evaluates. */
export async function openPage(t: ExecutionContext, browser: Browser, url: string) {
  const context = await browser.newContext();
  t.teardown(() => context.close());
  const page = await context.newPage();
  await page.goto(url);
  return { context, page };
}
