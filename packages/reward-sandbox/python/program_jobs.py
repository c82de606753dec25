"""Runs of whole programs: standard input goes in, standard output comes out."""
import os
import select

from sandbox import candidate, engine
from sandbox.answers import FAILURES, PROGRESS, parse_answer
from sandbox.run import NOT_STARTED, Clock, Lines, Run
from sandbox.results import Results


def run_program(job, i, clock):
    run = Run(job)
    out_end, out = run.pipe()
    text_end, text = run.pipe()
    stdin = run.sealed(job["stdins"][i].encode("utf-8", "surrogatepass"))
    if run.is_engine:
        run.child(lambda: engine.start("program", job["memory"]), [run.sealed({"code": job["code"]}), out], stdin=stdin, stdout=text)
    else:
        run.child(lambda: candidate.run_program(job["code"], 3), [out], stdin=stdin, stdout=text)
    output, lines = b"", Lines(out_end, job["output"])
    clock.start_item(job["walls"][i])
    is_late = False
    try:
        while True:
            left = clock.left()
            if left <= 0 or not select.select([text_end], [], [], left)[0]:
                is_late = True
                break
            data = os.read(text_end, 1 << 16)
            output += data
            if not data or len(output) > job["output"]:
                break
        names, failure = set(), None
        while not is_late and failure is None and len(output) <= job["output"] and (line := lines.next(clock)) is not None:
            name, detail = parse_answer(line, (*PROGRESS, *FAILURES, "ok"))
            names.add(name)
            if name not in ("ready", "parsed", "ok"):
                failure = name, detail
        if len(output) > job["output"]:
            return True, ["output-limit", "too much output", clock.milliseconds()]
        if "syntax" in names:
            return False, ["exception", "SyntaxError", clock.milliseconds()]
        if is_late or lines.is_late:
            return True, ["timeout", "no end in time", clock.milliseconds()]
        if "ready" not in names:
            return True, [*NOT_STARTED, clock.milliseconds()]
        if failure is not None:
            return True, [*failure, clock.milliseconds()]
        if not run.children[0].ended_by_itself() or run.children[0].status != 0:
            return True, [*run.ending(False), clock.milliseconds()]
        return True, ["ok", output.decode("utf-8", "replace"), clock.milliseconds()]
    finally:
        run.end()


def run_programs(job):
    results, parses = Results(job), True
    clock = Clock(job["total"])
    for i in range(len(job["stdins"])):
        if not parses or clock.is_over():
            results.add(*(("timeout", "the job's time was over") if parses else ("exception", "SyntaxError")), 0)
            continue
        parses, result = run_program(job, i, clock)
        results.add_text(*result)
    return parses, results
