// Messages whose every byte follows from their number, so that a torn one shows.

/** Of 4 to some 600 bytes. */
export function wholeMessage(number: number): Buffer {
  const message = Buffer.alloc(4 + ((number * 7_919) % 600), number & 0xff);
  message.writeUInt32LE(number, 0);
  return message;
}

export function numberOf(message: Buffer): number {
  return message.readUInt32LE(0);
}

export function isWhole(message: Buffer): boolean {
  return message.equals(wholeMessage(numberOf(message)));
}
