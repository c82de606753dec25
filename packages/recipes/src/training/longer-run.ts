// A run that is started again with more steps goes on from its last checkpoint. Steps that are done do not change, so the end is that of a run
// which had as many steps from the start, unless the learning rate of those steps depended on how many there would be.

/** How the learning rate goes over the steps; see `learningRate`. */
interface Schedule {
  lrSchedulerType: string;
  warmupSteps: number;
  minLrRate: number;
}

/**
 * What a person should know when a run goes on for more steps than it was started for.
 *
 * @param setting name of the number of steps
 * @param before its value until now
 * @param now its value from now on
 * @param step steps done
 */
export function longerRunNote({ setting, before, now, step, schedule }: LongerRun): string {
  const { lrSchedulerType, warmupSteps, minLrRate } = schedule;
  const goesOn = `${setting} was ${before}, is ${now}: the run goes on from step ${step}`;
  const isSame = lrSchedulerType === "constant" || minLrRate === 1 || step <= warmupSteps;
  if (isSame) return `${goesOn}, to the same end as a run that was started with ${now}.`;
  return `${goesOn}. Its learning rate (lrSchedulerType ${lrSchedulerType}) falls over all steps: those that are done had the rates of the shorter run, the others have those of the longer one, so the end is not that of a run that was started with ${now}.`;
}

interface LongerRun {
  setting: string;
  before: number;
  now: number;
  step: number;
  schedule: Schedule;
}
