import { InvalidArgumentError } from "@diffucoder/core";
import { folderLink } from "./folder-link.ts";
import type { LinkOptions, QueueLink } from "./link.ts";
import { redisLink, type RedisLinkOptions } from "./redis-link.ts";

/** What `openLink` takes besides the address. */
export type OpenLinkOptions = LinkOptions & Pick<RedisLinkOptions, "username" | "password" | "ca">;

/**
 * Opens the queue at an address: `redis://HOST:PORT`, `rediss://HOST:PORT` or `folder:DIR`.
 *
 * @throws {InvalidArgumentError} if the address is of neither form
 * @throws {UnavailableError} as `redisLink`
 * @throws {FileError} as `folderLink`
 */
export async function openLink(address: string, { username, password, ca, ...options }: OpenLinkOptions = {}): Promise<QueueLink> {
  if (/^rediss?:\/\//.test(address)) return redisLink({ url: address, username, password, ca, ...options });
  const [, folder] = /^folder:(.+)$/.exec(address) ?? [];
  if (folder !== undefined) return folderLink(folder, options);
  throw new InvalidArgumentError({ argument: "--queue", value: address, expected: "redis://HOST:PORT, rediss://HOST:PORT or folder:DIR" });
}
