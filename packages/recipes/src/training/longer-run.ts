// A run that is started again with more steps continues from its last checkpoint. Finished steps do not change, so it ends like a run
// that had as many steps from the start, unless the learning rate of those steps depended on their total number.

/** The learning rate schedule; see `learningRate`. */
interface Schedule {
  lrSchedulerType: string;
  warmupSteps: number;
  minLrRate: number;
}

/**
 * The notice for a run that continues for more steps than it was started with.
 *
 * @param setting name of the number of steps
 * @param before its value until now
 * @param now its value from now on
 * @param step steps done
 */
export function longerRunNote({ setting, before, now, step, schedule }: LongerRun): string {
  const { lrSchedulerType, warmupSteps, minLrRate } = schedule;
  const goesOn = `${setting} was ${before}, is ${now}: the run continues from step ${step}`;
  const isSame = lrSchedulerType === "constant" || minLrRate === 1 || step <= warmupSteps;
  if (isSame) return `${goesOn} and ends like a run that was started with ${now}.`;
  return `${goesOn}. The learning rate (lrSchedulerType ${lrSchedulerType}) decays over all steps: finished steps had the shorter run's rates and the rest get the longer run's, so the result differs from that of a run that was started with ${now}.`;
}

interface LongerRun {
  setting: string;
  before: number;
  now: number;
  step: number;
  schedule: Schedule;
}
