// What the values of the command's options must be.
import { isIP, isIPv6 } from "node:net";
import { InvalidArgumentError } from "commander";

export function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new InvalidArgumentError("It must be a port number, 0 to 65535; 0 takes any free one.");
  return port;
}

/** @returns the name without brackets, which an IPv6 address may have */
export function parseHost(text: string): string {
  const host = text.replace(/^\[(.*)\]$/, "$1");
  const isName = /^[^\s/:@?#\\*[\]%]+$/.test(host) && URL.canParse(`http://${host}`);
  if (!isName && !isIPv6(host)) throw new InvalidArgumentError("It must be a host name or an IP address, without a scheme and a port.");
  return host;
}

/** As `URL` writes it, and with it every Host header. */
export function hostName(host: string): string {
  return new URL(`http://${isIPv6(host) ? `[${host}]` : host}`).hostname;
}

export function parseCount(text: string): number {
  if (!/^[1-9]\d{0,11}$/.test(text)) throw new InvalidArgumentError("It must be a whole number above 0.");
  return Number(text);
}

/** @returns milliseconds; the longest that a timer takes is 24 days */
export function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || seconds <= 0 || seconds > 2_000_000)
    throw new InvalidArgumentError("It must be a number of seconds above 0 and up to 2000000.");
  return 1000 * seconds;
}

export function parseOrigin(text: string): string {
  if (!URL.canParse(text) || new URL(text).origin !== text)
    throw new InvalidArgumentError("It must be an origin as browsers send it, such as https://example.com.");
  return text;
}

export function parseProxy(text: string): string {
  if (text !== "loopback" && isIP(text) === 0) throw new InvalidArgumentError("It must be an IP address, or loopback.");
  return text;
}

/** For options that may be repeated. */
export function repeated(parse: (text: string) => string): (text: string, before: string[]) => string[] {
  return (text, before) => [...before, parse(text)];
}
