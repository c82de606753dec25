/** The bytes of a file of this header and this data; `headerBytes` may lie about the header's length. */
export function rawFile(header: unknown, data: Uint8Array | number[] = [], { headerBytes }: { headerBytes?: number | bigint } = {}): Buffer {
  const text = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(headerBytes ?? text.length));
  return Buffer.concat([prefix, text, Uint8Array.from(data)]);
}
