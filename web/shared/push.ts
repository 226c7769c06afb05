// The service worker of this page, and pushes to this browser.

import { signal } from '@preact/signals';
import { client } from './server.ts';

const WORKER = '/sw.js';

/**
 * `unknown` until the browser has said it; `unsupported`: it has no pushes, or no secure origin.
 */
export type PushState = 'unknown' | 'unsupported' | 'off' | 'on' | 'denied';
export const pushState = signal<PushState>('unknown');

interface TrustedTypes {
  createPolicy(
    name: string,
    rules: { createScriptURL: (url: string) => string },
  ): { createScriptURL(url: string): string };
}

/** Under Trusted Types only this policy makes addresses of scripts, and only this one. */
function workerUrl(): string {
  const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };
  if (trustedTypes === undefined) return WORKER;
  const policy = trustedTypes.createPolicy('livedrops', {
    createScriptURL: (url) => {
      if (url !== WORKER) throw new TypeError(`${url} is no script of these pages.`);
      return url;
    },
  });
  return policy.createScriptURL(WORKER);
}

/** Without a worker the pages work all the same, online and without pushes. */
export async function registerWorker(): Promise<void> {
  if (!('serviceWorker' in navigator)) {
    pushState.value = 'unsupported';
    return;
  }
  try {
    const registration = await navigator.serviceWorker.register(workerUrl());
    if (!('pushManager' in registration)) pushState.value = 'unsupported';
    else if (Notification.permission === 'denied') pushState.value = 'denied';
    else
      pushState.value = (await registration.pushManager.getSubscription()) === null ? 'off' : 'on';
  } catch {
    pushState.value = 'unsupported';
  }
}

/** Asks the buyer where the browser has to. Errors: those of calls. */
export async function turnPushOn(): Promise<void> {
  const registration = await navigator.serviceWorker.ready;
  const permission = await Notification.requestPermission();
  if (permission !== 'granted') {
    // Who only closed the question may be asked again.
    pushState.value = permission === 'denied' ? 'denied' : 'off';
    return;
  }
  const { keyId, publicKey } = await client.call('GET /v1/push/key');
  const subscription = await registration.pushManager.subscribe({
    userVisibleOnly: true,
    applicationServerKey: publicKey,
  });
  await tellServer(subscription, keyId);
  pushState.value = 'on';
}

/** A subscription ends with its session: after a log-in it is told again. */
export async function keepPush(): Promise<void> {
  if (pushState.value !== 'on') return;
  const registration = await navigator.serviceWorker.ready;
  const subscription = await registration.pushManager.getSubscription();
  if (subscription !== null) await tellServer(subscription);
}

async function tellServer(subscription: PushSubscription, keyId?: string): Promise<void> {
  const { endpoint, expirationTime, keys } = subscription.toJSON();
  const body = {
    endpoint: endpoint!,
    expirationTime: expirationTime ?? null,
    keys: { p256dh: keys!['p256dh']!, auth: keys!['auth']! },
    ...(keyId !== undefined && { keyId }),
  };
  await client.call('PUT /v1/push/subscriptions', { body });
}

export async function turnPushOff(): Promise<void> {
  const registration = await navigator.serviceWorker.ready;
  const subscription = await registration.pushManager.getSubscription();
  if (subscription !== null) {
    const { endpoint } = subscription;
    await client.call('DELETE /v1/push/subscriptions', { query: { endpoint } });
    await subscription.unsubscribe();
  }
  pushState.value = 'off';
}
