"""Tests that are code. Their text comes through a separate file and passes through this process in buffers that are wiped."""
import json
import os
import select
import sys

from sandbox import candidate, checks, engine
from sandbox.answers import FAILURES, FORGED, PROGRESS, parse_answer
from sandbox.run import Clock, Lines, Run, ending
from sandbox.results import Results

TEST_CODE = 3


def receive_test_code(size):
    """Test code of the given size, in a buffer to be wiped."""
    buffer = bytearray(size)
    view = memoryview(buffer)
    while view:
        count = os.readv(TEST_CODE, [view])
        if count == 0:
            sys.exit(0)  # the host is gone
        view = view[count:]
    return buffer


def send(fd, buffer, clock):
    """Writes all of a buffer, unless the reader is gone or time runs out."""
    view = memoryview(buffer)
    os.set_blocking(fd, False)
    while view:
        left = clock.left()
        if left <= 0 or not select.select([], [fd], [], left)[1]:
            return
        try:
            view = view[os.write(fd, view[: 1 << 15]):]
        except BrokenPipeError:
            return
        except BlockingIOError:
            pass


def test_remotely(job, size, clock):
    """The program in one child, the test code in another."""
    run = Run(job)
    entry = job["entry"]
    out_end, out = run.pipe()
    call_end, calls = run.pipe()
    answer_end, answers = run.pipe()
    code_end, code = run.pipe()
    if run.is_engine:
        run.child(lambda: engine.start("candidate", job["memory"]), [run.sealed({"code": job["code"], "entry": entry}), answers, call_end])
        run.child(lambda: engine.start("checks", job["memory"]), [run.sealed({"entry": entry}), out, calls, answer_end, code_end])
    else:
        calls_of = lambda: map(json.loads, checks.lines_of(4))
        run.child(lambda: candidate.serve_calls(job["code"], entry, calls_of(), 3, is_remote=True), [answers, call_end])
        run.child(lambda: checks.check_remote(6, entry, job["unittest"], 3, 4, 5), [out, calls, answer_end, code_end])
    buffer = receive_test_code(size)
    send(code, buffer, clock)
    buffer[:] = bytes(size)
    run.close(code)
    lines = Lines(out_end, job["output"])
    line = lines.next(clock)
    status, detail = ending(run.children[1], lines.is_late, run.is_engine) if line is None else parse_answer(line, (*FAILURES, "pass", "ended", "timeout", "infrastructure"))
    if status == "ended":
        status, detail = run.ending(False)
    run.end()
    return status, detail


def test_inside(job, size, clock):
    """Program and test code in one child. The nonce is made after the child, and handed out after the last check."""
    run = Run(job)
    out_end, out = run.pipe()
    into_end, into = run.pipe()
    if run.is_engine:
        run.child(lambda: engine.start("inside", job["memory"]), [run.sealed({"code": job["code"]}), out, into_end])
    else:
        run.child(lambda: checks.check_inside(job["code"], job["unittest"], 3, 4), [out, into_end])
    lines = Lines(out_end, job["output"])
    nonce = os.urandom(16).hex()
    buffer = None
    try:
        for wanted in ("ready", "parsed", "loaded", "done", "pass"):
            line = lines.next(clock)
            if line is None:
                return run.ending(lines.is_late)
            status, detail = parse_answer(line, (*PROGRESS, *FAILURES, "pass"))
            if status != wanted:
                return (status, detail) if status in FAILURES else FORGED
            if wanted == "loaded":
                buffer = receive_test_code(size)
                send(into, buffer, clock)
                buffer[:] = bytes(size)
            if wanted == "done":
                send(into, json.dumps(nonce).encode() + b"\n", clock)
        return ("pass", "") if detail == nonce else FORGED
    finally:
        if buffer is None:
            receive_test_code(size)[:] = bytes(size)
        run.end()


def run_tests(job):
    results, parses = Results(job), True
    clock = Clock(job["total"])
    for size, wall in zip(job["sizes"], job["walls"]):
        clock.start_item(wall)
        if not parses or clock.is_over():
            receive_test_code(size)[:] = bytes(size)
            results.add(*(("timeout", "the job's time was over") if parses else ("exception", "SyntaxError")), 0)
            continue
        status, detail = test_remotely(job, size, clock) if job["entry"] is not None else test_inside(job, size, clock)
        if status == "syntax":
            parses, status, detail = False, "exception", "SyntaxError"
        results.add_text(status, detail, clock.milliseconds())
    return parses, results
