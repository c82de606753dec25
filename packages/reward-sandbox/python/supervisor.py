"""Runs jobs with untrusted programs, each in forked children. Started once per worker by worker.ts.

A job is one line of JSON on standard input: { id, kind, language, code, walls, total, memory, files } with walls the seconds of each item,
total those of the job, memory in bytes, files whether /tmp may be written to; and, by kind,
  functions: entry, inputs   a call of a function for each item
  programs:  stdins          a run of the program for each item
  tests:     entry (or null), unittest, sizes   test code for each item; the code itself comes through file 3, so many bytes each
The answer is one line on standard output: { id, parses, results: [[status, value or detail, milliseconds], ...] }.

Expected values never enter a process that holds a program, nor its parents: outputs of functions and programs are compared outside;
test code passes through this process in buffers that are wiped, and is read by a child that holds no program, or, at a lower trust,
by one whose program has already been loaded.
"""
import json
import os
import secrets
import select
import shutil
import signal
import sys
import time

from sandbox import candidate, checks, engine
from sandbox.child_process import FILTERS, OUTPUT_LIMIT, Child, hide, sealed

ALL_OUTPUT_LIMIT = 64 * OUTPUT_LIMIT
TEST_CODE = 3
TMP = "/tmp"
# How V8 ends itself; the filter of system calls leaves it no other way than a fault.
OUT_OF_MEMORY = (signal.SIGABRT, signal.SIGTRAP, signal.SIGILL, signal.SIGSEGV)
NOT_STARTED = ("infrastructure", "no child could be started")


class Clock:
    """The time of a job: that of the item at hand, and that of all."""

    def __init__(self, total):
        self.end = time.monotonic() + total
        self.start_item(total)

    def start_item(self, wall):
        self.started = time.monotonic()
        self.deadline = min(self.end, self.started + wall)

    def left(self):
        return self.deadline - time.monotonic()

    def is_over(self):
        return time.monotonic() >= self.end

    def milliseconds(self):
        return round((time.monotonic() - self.started) * 1000, 3)


class Lines:
    """Lines from an untrusted writer, within time and size."""

    def __init__(self, fd):
        self.fd, self.rest, self.ready, self.total, self.is_late = fd, b"", [], 0, False

    def next(self, clock):
        """The next line; None if there is no more, or the time is over (then is_late)."""
        while not self.ready:
            left = clock.left()
            if left <= 0 or not select.select([self.fd], [], [], left)[0]:
                self.is_late = True
                return None
            data = os.read(self.fd, 1 << 16)
            self.total += len(data)
            if not data or self.total > ALL_OUTPUT_LIMIT or len(self.rest) > 2 * OUTPUT_LIMIT:
                return None
            *self.ready, self.rest = (self.rest + data).split(b"\n")
            self.ready.reverse()
        return self.ready.pop()


def refuse_number(text):
    raise ValueError(text)


def parse_answer(line):
    """A child's answer. Floats travel as tagged text: a bare one, NaN or Infinity is the program's own writing."""
    try:
        status, value = json.loads(line, parse_float=refuse_number, parse_constant=refuse_number)
        if type(status) is str:
            return status, value
    except (ValueError, TypeError, RecursionError):
        pass
    return "forbidden", "forged an answer"


def ending(child, is_late, is_engine):
    """What became of a child that did not answer. Ends it."""
    if is_late:
        child.end()
        return "timeout", "no answer in time"
    if not child.ended_by_itself() or not os.WIFSIGNALED(child.status):
        return "exception", "exit"
    number = os.WTERMSIG(child.status)
    if number == signal.SIGXCPU:
        return "timeout", "processor time"
    if number == signal.SIGKILL or (is_engine and number in OUT_OF_MEMORY):
        return "memory", signal.Signals(number).name
    if number == signal.SIGXFSZ:
        return "output-limit", "SIGXFSZ"
    if number == signal.SIGSYS:
        return "forbidden", "SIGSYS"
    return "exception", signal.Signals(number).name


class Run:
    """The children and pipes of one item, or of a stretch of calls."""

    def __init__(self, job):
        self.job, self.children, self.fds = job, [], []
        self.is_engine = job["language"] != "python"

    def pipe(self):
        ends = os.pipe()
        self.fds += ends
        return ends

    def sealed(self, value):
        fd = sealed(value if type(value) is bytes else json.dumps(value).encode())
        self.fds.append(fd)
        return fd

    def child(self, action, files, *, stdin=None, stdout=None):
        """Starts a child that gets these files as 3, 4, ...; this process keeps none of them."""
        limits = {
            "memory": self.job["memory"] + self.is_engine * engine.RESERVE,
            "seconds": self.job["total"], "writes_files": self.job["files"], "is_engine": self.is_engine,
        }
        child = Child(action, files=files, limits=limits, stdin=stdin, stdout=stdout)
        self.children.append(child)
        for fd in {*files, stdin, stdout} - {None}:
            self.close(fd)
        return child

    def close(self, fd):
        self.fds.remove(fd)
        os.close(fd)

    def end(self):
        """Ends all children."""
        for fd in list(self.fds):
            self.close(fd)
        for child in self.children:
            child.end()

    def ending(self, is_late):
        """How the program ended, in the first child."""
        return ending(self.children[0], is_late, self.is_engine)


def call_functions(job, first, clock, results):
    """One child that answers from call `first` on, until it fails. Returns whether the program parses."""
    run = Run(job)
    out_end, out = run.pipe()
    inputs = job["inputs"][first:]
    if run.is_engine:
        description = run.sealed({"code": job["code"], "entry": job["entry"], "inputs": inputs})
        run.child(lambda: engine.start("candidate", job["memory"]), [description, out])
    else:
        run.child(lambda: candidate.serve_calls(job["code"], job["entry"], inputs, 3), [out])
    lines = Lines(out_end)
    walls = job["walls"][first:]
    done = len(results)

    def fail_all(status, detail):
        results.extend([[status, detail, clock.milliseconds()]] * (len(inputs) - (len(results) - done)))

    try:
        clock.start_item(max(walls, default=job["total"]))
        for wanted in ("ready", "parsed", "loaded"):
            line = lines.next(clock)
            if line is None:
                fail_all(*(run.ending(lines.is_late) if wanted != "ready" or lines.is_late else NOT_STARTED))
                return True
            status, detail = parse_answer(line)
            if status == "syntax":
                fail_all("exception", "SyntaxError")
                return False
            if status != wanted:
                fail_all(status if status != "ok" else "forbidden", detail)
                return True
        for wall in walls:
            clock.start_item(wall)
            line = lines.next(clock)
            if line is None:
                break
            status, value = parse_answer(line)
            results.append([status, value, clock.milliseconds()])
        if len(results) - done < len(inputs):
            results.append([*run.ending(lines.is_late), clock.milliseconds()])
        return True
    finally:
        run.end()


def run_functions(job):
    """Starts again behind a call that ended the child, within the job's time."""
    clock = Clock(job["total"])
    results = []
    parses = call_functions(job, 0, clock, results)
    while len(results) < len(job["inputs"]):
        if clock.is_over():
            results += [["timeout", "the job's time was over", 0]] * (len(job["inputs"]) - len(results))
        else:
            call_functions(job, len(results), clock, results)
    return parses, results


def run_program(job, i, clock):
    run = Run(job)
    out_end, out = run.pipe()
    text_end, text = run.pipe()
    stdin = run.sealed(job["stdins"][i].encode("utf-8", "surrogatepass"))
    if run.is_engine:
        run.child(lambda: engine.start("program", job["memory"]), [run.sealed({"code": job["code"]}), out], stdin=stdin, stdout=text)
    else:
        run.child(lambda: candidate.run_program(job["code"], 3), [out], stdin=stdin, stdout=text)
    output, lines = b"", Lines(out_end)
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
            if not data or len(output) > OUTPUT_LIMIT:
                break
        answers = []
        while not is_late and len(output) <= OUTPUT_LIMIT and (line := lines.next(clock)) is not None:
            answers.append(parse_answer(line))
        if len(output) > OUTPUT_LIMIT:
            return True, ["output-limit", "more than a megabyte", clock.milliseconds()]
        names = [name for name, _ in answers]
        if "syntax" in names:
            return False, ["exception", "SyntaxError", clock.milliseconds()]
        if is_late or lines.is_late:
            return True, ["timeout", "no end in time", clock.milliseconds()]
        if "ready" not in names:
            return True, [*NOT_STARTED, clock.milliseconds()]
        failures = [answer for answer in answers if answer[0] not in ("ready", "parsed", "ok")]
        if failures:
            return True, [*failures[0], clock.milliseconds()]
        if not run.children[0].ended_by_itself() or run.children[0].status != 0:
            return True, [*run.ending(False), clock.milliseconds()]
        return True, ["ok", output.decode("utf-8", "replace"), clock.milliseconds()]
    finally:
        run.end()


def receive_test_code(size):
    """Test code of so many bytes, in a buffer to be wiped."""
    buffer = bytearray(size)
    view = memoryview(buffer)
    while view:
        count = os.readv(TEST_CODE, [view])
        if count == 0:
            sys.exit(0)  # whoever started us is gone
        view = view[count:]
    return buffer


def send(fd, buffer, clock):
    """Writes all of a buffer, unless the reader is gone or the time is over."""
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
        run.child(lambda: candidate.serve_calls(job["code"], entry, calls_of(), 3), [answers, call_end])
        run.child(lambda: checks.check_remote(6, entry, job["unittest"], 3, 4, 5), [out, calls, answer_end, code_end])
    buffer = receive_test_code(size)
    send(code, buffer, clock)
    buffer[:] = bytes(size)
    run.close(code)
    lines = Lines(out_end)
    line = lines.next(clock)
    status, detail = ending(run.children[1], lines.is_late, run.is_engine) if line is None else parse_answer(line)
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
    lines = Lines(out_end)
    nonce = secrets.token_hex(16)
    buffer = None
    try:
        for wanted in ("ready", "parsed", "loaded", "done", "pass"):
            line = lines.next(clock)
            if line is None:
                return run.ending(lines.is_late)
            status, detail = parse_answer(line)
            if status != wanted:
                return (status, detail) if status not in ("ready", "parsed", "loaded", "done", "pass", "ok") else ("forbidden", "forged an answer")
            if wanted == "loaded":
                buffer = receive_test_code(size)
                send(into, buffer, clock)
                buffer[:] = bytes(size)
            if wanted == "done":
                send(into, json.dumps(nonce).encode() + b"\n", clock)
        return ("pass", "") if detail == nonce else ("forbidden", "forged an answer")
    finally:
        if buffer is None:
            receive_test_code(size)[:] = bytes(size)
        run.end()


def run_tests(job):
    results, parses = [], True
    clock = Clock(job["total"])
    for size, wall in zip(job["sizes"], job["walls"]):
        clock.start_item(wall)
        if not parses or clock.is_over():
            receive_test_code(size)[:] = bytes(size)
            results.append(["timeout", "the job's time was over", 0] if parses else ["exception", "SyntaxError", 0])
            continue
        status, detail = test_remotely(job, size, clock) if job["entry"] is not None else test_inside(job, size, clock)
        if status == "syntax":
            parses, status, detail = False, "exception", "SyntaxError"
        results.append([status, detail, clock.milliseconds()])
        clean_tmp(job)
    return parses, results


def run_programs(job):
    results, parses = [], True
    clock = Clock(job["total"])
    for i in range(len(job["stdins"])):
        if not parses or clock.is_over():
            results.append(["timeout", "the job's time was over", 0] if parses else ["exception", "SyntaxError", 0])
            continue
        parses, result = run_program(job, i, clock)
        results.append(result)
        clean_tmp(job)
    return parses, results


def clean_tmp(job):
    """Empties /tmp. What cannot be removed ends this process, and /tmp with it."""
    if not job["files"]:
        return
    for folder, names, _ in os.walk(TMP):
        for name in names:
            path = os.path.join(folder, name)
            if not os.path.islink(path):
                os.chmod(path, 0o700)
    for name in os.listdir(TMP):
        path = os.path.join(TMP, name)
        shutil.rmtree(path) if os.path.isdir(path) and not os.path.islink(path) else os.unlink(path)


KINDS = {"functions": run_functions, "programs": run_programs, "tests": run_tests}


def filter_works():
    """Whether this kernel takes the filters; without them the children run without."""
    read_end, write_end = os.pipe()
    limits = {"memory": 1 << 29, "seconds": 1, "writes_files": False, "is_engine": False}
    child = Child(lambda: os.write(3, b"1"), files=[write_end], limits=limits)
    os.close(write_end)
    works = FILTERS[False, False] is not None and os.read(read_end, 1) == b"1"
    os.close(read_end)
    child.end()
    if not works:
        FILTERS.update(dict.fromkeys(FILTERS))
    return works


def main():
    hide()
    engine.executable = sys.argv[1] if len(sys.argv) > 1 else None
    ready = {"id": "", "filtered": filter_works()}
    while True:
        sys.stdout.buffer.write(json.dumps(ready).encode() + b"\n")
        sys.stdout.buffer.flush()
        line = sys.stdin.buffer.readline()
        if not line:
            return
        job = json.loads(line)
        parses, results = KINDS[job["kind"]](job)
        ready = {"id": job["id"], "parses": parses, "results": results}
