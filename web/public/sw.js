// The service worker of the pages: shows pushes, and opens the storefront where there is no
// network. What is bought or read from the API never passes through it.

const SHELL = 'livedrops-shell';
/** Hashed files of some builds; the oldest go first. */
const FILES_MAX = 40;
/** Other apps have pages of their own, and nothing to show without a network. */
const OTHER_APPS = /^\/((studio|console|docs)(\/|$)|orders\/[^/]+\/pay$)/;

addEventListener('install', (event) => {
  event.waitUntil(fetch('/').then(keepShell));
  skipWaiting();
});

addEventListener('activate', (event) => event.waitUntil(clients.claim()));

addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== 'GET' || origin !== location.origin) return;
  if (request.mode === 'navigate') {
    if (!OTHER_APPS.test(pathname)) event.respondWith(page(request, event));
  } else if (pathname === '/icon.svg') event.respondWith(newest(request));
  else if (pathname.startsWith('/assets/')) event.respondWith(file(request));
});

/** From the network; without one, the shell, which says that it is offline. */
async function page(request, event) {
  try {
    const response = await fetch(request);
    // All addresses of the storefront have the same page.
    if (response.ok) event.waitUntil(keepShell(response.clone()));
    return response;
  } catch (error) {
    const shell = await caches.match('/');
    if (shell === undefined) throw error;
    return shell;
  }
}

/** The page with the files that it loads: it is not kept without them. */
async function keepShell(response) {
  if (!response.headers.get('content-type')?.startsWith('text/html')) return;
  const cache = await caches.open(SHELL);
  const html = await response.clone().text();
  const paths = [...html.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path]) => path);
  const kept = await Promise.all(paths.map((path) => cache.match(path)));
  await cache.addAll(paths.filter((_, i) => kept[i] === undefined));
  await cache.put('/', response);
}

async function newest(request) {
  const cache = await caches.open(SHELL);
  try {
    const response = await fetch(request);
    if (response.ok) await cache.put(request, response.clone());
    return response;
  } catch (error) {
    const kept = await cache.match(request);
    if (kept === undefined) throw error;
    return kept;
  }
}

/** Its name changes with its content: what is kept is right for good. */
async function file(request) {
  const kept = await caches.match(request);
  if (kept !== undefined) return kept;
  const response = await fetch(request);
  if (!response.ok) return response;
  const cache = await caches.open(SHELL);
  await cache.put(request, response.clone());
  const isFile = ({ url }) => new URL(url).pathname.startsWith('/assets/');
  const files = (await cache.keys()).filter(isFile);
  await Promise.all(files.slice(0, -FILES_MAX).map((old) => cache.delete(old)));
  return response;
}

const ENGLISH = {
  'drop-started': 'It has begun',
  'low-stock': 'Only a few are left',
  'back-in-stock': 'There are some again',
  'order-confirmed': 'Your order is confirmed',
  'order-refunded': 'Your order is refunded',
  'payment-failed': 'Your payment failed',
};
const GERMAN = {
  'drop-started': 'Es geht los',
  'low-stock': 'Nur noch wenige da',
  'back-in-stock': 'Es gibt wieder welche',
  'order-confirmed': 'Deine Bestellung ist bestätigt',
  'order-refunded': 'Deine Bestellung ist erstattet',
  'payment-failed': 'Deine Zahlung ging schief',
};

addEventListener('push', (event) => {
  const { type, at, dropId, orderId, name, url } = event.data.json();
  const texts = navigator.language.startsWith('de') ? GERMAN : ENGLISH;
  const shown = registration.showNotification(name, {
    body: texts[type] ?? '',
    icon: '/icon.svg',
    // News of one drop or order take the place of those before.
    tag: orderId ?? dropId,
    renotify: true,
    timestamp: at,
    data: { url },
  });
  event.waitUntil(shown);
});

addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(clients.openWindow(event.notification.data.url));
});
