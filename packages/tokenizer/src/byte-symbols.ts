// GPT-2's table between bytes and printable characters, in which tokenizer.json writes byte-level tokens: printable
// Latin-1 bytes stand for themselves, the others for the characters from U+0100 on.
const symbols: string[] = [];
/** Byte of each symbol, by its character code; -1 where there is none. */
const bytes = new Int16Array(512).fill(-1);

let next = 256;
for (let byte = 0; byte < 256; byte++) {
  const isPrintable = (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
  const symbol = String.fromCodePoint(isPrintable ? byte : next++);
  symbols.push(symbol);
  bytes[symbol.charCodeAt(0)] = byte;
}

export function toSymbols(token: Uint8Array): string {
  return Array.from(token, (byte) => symbols[byte]).join("");
}

/** The bytes of a token, or `undefined` if a character is not in the table. */
export function fromSymbols(token: string): Uint8Array | undefined {
  const result = new Uint8Array(token.length);
  for (let i = 0; i < token.length; i++) {
    const byte = bytes[token.charCodeAt(i)] ?? -1;
    if (byte < 0) return undefined;
    result[i] = byte;
  }
  return result;
}
