import { alphaSchedule, type AlphaSchedulerName } from "@diffucoder/diffusion";
import { type Check, judge, readGolden } from "./check.ts";

interface ScheduleGolden {
  scheduler: AlphaSchedulerName;
  masks: number;
  steps: number;
  counts: number[];
}

/** dllm's tokens per step. */
export const scheduleCheck: Check = {
  file: "schedule.json",
  run: async (directory) => {
    const golden = readGolden<ScheduleGolden[]>(directory, "schedule.json");
    const wrong = golden.filter(
      ({ scheduler, masks, steps, counts }) => alphaSchedule({ scheduler, maskCount: masks, steps }).join() !== counts.join(),
    );
    return judge([{ what: "schedules that differ", error: wrong.length, tolerance: 0 }], `${golden.length - wrong.length} of ${golden.length} equal`);
  },
};
