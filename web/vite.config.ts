// How the pages are built: one HTML file for each app, scripts and styles with hashed names. What
// is written to `dist` is compressed and listed by `scripts/pages.ts`.

import { defineConfig } from 'vite';

const HTML = ['index.html', 'pay.html', 'studio.html', 'console.html'];

export default defineConfig({
  root: import.meta.dirname,
  // The server gives every page the same address of its files, however deep the page is.
  base: '/',
  publicDir: 'public',
  logLevel: 'warn',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2022',
    // Data URLs would need more of the content policy than the pages have.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: { input: HTML.map((name) => `${import.meta.dirname}/${name}`) },
  },
});
