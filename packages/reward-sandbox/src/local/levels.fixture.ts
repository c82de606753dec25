import { findBubblewrap, findPython } from "./launch.ts";

/** The local levels with walls, which tests run under. */
export const LEVELS = ["bubblewrap", "process"] as const;

const missing = (level: (typeof LEVELS)[number]): string =>
  [process.platform === "linux" ? "" : "Linux", findPython() ? "" : "python3", level === "process" || findBubblewrap() ? "" : "bwrap"]
    .filter(Boolean)
    .join(" and no ");

export const canRun = (level: (typeof LEVELS)[number]): boolean => missing(level) === "";

/** The level's name, with the reason if its tests are skipped. */
export const titleOf = (level: (typeof LEVELS)[number]): string => `${level}${canRun(level) ? "" : ` (SKIPPED: there is no ${missing(level)})`}`;
