// The service worker of the pages: shows pushes, and opens the pages where there is no network.
// What is bought or read from the API never passes through it.

const SHELL = 'livedrops-shell';
/** What the shell needs besides hashed files. */
const KEPT = ['/', '/icon.svg'];
/** Hashed files of some builds; the oldest go first. */
const FILES_MAX = 40;

addEventListener('install', (event) => {
  event.waitUntil(caches.open(SHELL).then((cache) => cache.addAll(KEPT)));
  skipWaiting();
});

addEventListener('activate', (event) => event.waitUntil(clients.claim()));

addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== 'GET' || origin !== location.origin) return;
  if (request.mode === 'navigate') event.respondWith(page(request));
  else if (pathname.startsWith('/assets/') || pathname === '/icon.svg')
    event.respondWith(file(request));
});

/** From the network; without one, the shell, which says that it is offline. */
async function page(request) {
  try {
    const response = await fetch(request);
    const isShell = response.ok && response.headers.get('content-type')?.startsWith('text/html');
    if (isShell && new URL(request.url).pathname === '/') {
      const cache = await caches.open(SHELL);
      await cache.put('/', response.clone());
    }
    return response;
  } catch (error) {
    const shell = await caches.match('/');
    if (shell === undefined) throw error;
    return shell;
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
  const files = (await cache.keys()).filter(({ url }) => !KEPT.includes(new URL(url).pathname));
  await Promise.all(files.slice(0, -FILES_MAX).map((old) => cache.delete(old)));
  return response;
}

const TEXTS = {
  'drop-started': 'It has begun',
  'low-stock': 'Only a few are left',
  'back-in-stock': 'There are some again',
  'order-confirmed': 'Your order is confirmed',
  'order-refunded': 'Your order is refunded',
  'payment-failed': 'Your payment failed',
};

addEventListener('push', (event) => {
  const { type, at, dropId, orderId, name, url } = event.data.json();
  const shown = registration.showNotification(name, {
    body: TEXTS[type] ?? '',
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
