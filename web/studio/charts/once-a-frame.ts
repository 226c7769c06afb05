// Drawing at the pace of the screen: however often something changes, it is drawn once a frame at
// most, with what is newest then.

type Request = (run: () => void) => number;
type Cancel = (handle: number) => void;

/** `want` asks for a drawing, and `end` for none any more. The window's functions are given. */
export function onceAFrame(
  draw: () => void,
  request: Request,
  cancel: Cancel,
): { readonly want: () => void; readonly end: () => void } {
  let handle: number | null = null;
  return {
    want: () => {
      handle ??= request(() => {
        handle = null;
        draw();
      });
    },
    end: () => {
      if (handle !== null) cancel(handle);
      handle = null;
    },
  };
}
