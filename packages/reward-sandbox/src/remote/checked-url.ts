import { InvalidArgumentError } from "@diffucoder/core";

/** The address of a service. @throws {InvalidArgumentError} if it is not one; a password in it is not shown */
export function checkedUrl(argument: string, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !["http:", "https:"].includes(url.protocol) || url.username !== "" || url.password !== "") {
    const value = url === undefined || url.password === "" ? text : `${url.protocol}//***@${url.host}`;
    throw new InvalidArgumentError({ argument, value, expected: "an http or https URL without a password" });
  }
  return url;
}
