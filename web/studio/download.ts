// A file of the API that the browser keeps.

/** `open` asks for it. Errors: those of the request. */
export async function download(open: Promise<Response>, name: string): Promise<void> {
  const response = await open;
  const link = document.createElement('a');
  link.href = URL.createObjectURL(await response.blob());
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
