export {
  type Claim,
  type ClaimOptions,
  type LinkOptions,
  QUEUE_KINDS,
  type QueueCounts,
  type QueueItem,
  type QueueKind,
  type QueueLink,
  type QueueResult,
} from "./link.ts";
export { folderLink } from "./folder-link.ts";
export { inProcessLink } from "./in-process-link.ts";
export { openLink, type OpenLinkOptions } from "./open-link.ts";
export { redisLink, type RedisLinkOptions } from "./redis-link.ts";
