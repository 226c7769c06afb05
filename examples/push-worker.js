// A service worker that shows what LiveDrops pushes, and opens its page when it is pressed.

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
  const show = registration.showNotification(name, {
    body: TEXTS[type] ?? '',
    // News of one drop or order take the place of those before.
    tag: orderId ?? dropId,
    renotify: true,
    timestamp: at,
    data: { url },
  });
  event.waitUntil(show);
});

addEventListener('notificationclick', (event) => {
  event.notification.close();
  event.waitUntil(clients.openWindow(event.notification.data.url));
});
