// The address of a drop, to send to buyers.

import { useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { studioText } from './texts.ts';

export function ShareLink({ dropId }: { dropId: string }) {
  const address = `${location.origin}/drops/${dropId}`;
  const isCopied = useSignal(false);
  const input = useRef<HTMLInputElement>(null);
  // Browsers have no clipboard for pages that came without TLS from another machine.
  const clipboard = (navigator as { readonly clipboard?: Clipboard }).clipboard;
  return (
    <div class="field">
      <label for="share">{studioText('share.label')}</label>
      <div class="row studio-share">
        <input
          class="input"
          id="share"
          ref={input}
          readOnly
          dir="ltr"
          value={address}
          onFocus={({ currentTarget }) => currentTarget.select()}
        />
        {clipboard !== undefined && (
          <button
            class="button"
            type="button"
            onClick={() => {
              // Where it is not allowed, the address is selected, to be copied by hand.
              clipboard.writeText(address).then(
                () => (isCopied.value = true),
                () => input.current?.focus(),
              );
            }}
          >
            {studioText('share.copy')}
          </button>
        )}
        <span class="soft" role="status">
          {isCopied.value && studioText('share.copied')}
        </span>
      </div>
    </div>
  );
}
