"""Calls of a function: one child answers as many as it can."""
from sandbox import candidate, engine
from sandbox.answers import FAILURES, FORGED, PROGRESS, parse_answer
from sandbox.run import NOT_STARTED, Clock, Lines, Run
from sandbox.results import Results

ANSWERS = (*FAILURES, "ok")


def call_functions(job, first, clock, results):
    """One child that answers calls from `first` on, until it fails. Returns whether the program parses."""
    run = Run(job)
    out_end, out = run.pipe()
    inputs = job["inputs"][first:]
    if run.is_engine:
        description = run.sealed({"code": job["code"], "entry": job["entry"], "inputs": inputs, "output": job["output"]})
        run.child(lambda: engine.start("candidate", job["memory"]), [description, out])
    else:
        calls = [(args, {}) for args in inputs]
        run.child(lambda: candidate.serve_calls(job["code"], job["entry"], calls, 3, job["output"]), [out])
    lines = Lines(out_end, job["output"])
    walls = job["walls"][first:]
    done = len(results)

    def fail_all(status, detail):
        for _ in range(len(inputs) - (len(results) - done)):
            results.add(status, detail, clock.milliseconds())

    try:
        clock.start_item(max(walls, default=job["total"]))
        for wanted in ("ready", "parsed", "loaded"):
            line = lines.next(clock)
            if line is None:
                fail_all(*(run.ending(lines.is_late) if wanted != "ready" or lines.is_late else NOT_STARTED))
                return True
            status, detail = parse_answer(line, (*PROGRESS, *FAILURES))
            if status == "syntax":
                fail_all("exception", "SyntaxError")
                return False
            if status != wanted:
                fail_all(*((status, detail) if status in FAILURES else FORGED))
                return True
        for wall in walls:
            clock.start_item(wall)
            line = lines.next(clock)
            if line is None:
                break
            results.add_answer(line, ANSWERS, clock.milliseconds())
        if len(results) - done < len(inputs):
            results.add(*run.ending(lines.is_late), clock.milliseconds())
        return True
    finally:
        run.end()


def run_functions(job):
    """Starts again after a call that ended the child, within the job's time."""
    clock = Clock(job["total"])
    results = Results(job)
    parses = call_functions(job, 0, clock, results)
    while len(results) < len(job["inputs"]):
        if clock.is_over():
            results.add("timeout", "the job's time was over", 0)
        else:
            call_functions(job, len(results), clock, results)
    return parses, results
