"""Runs jobs with untrusted programs, each in forked children. Started once per worker by ../src/local/supervisor-worker.ts.

A job is one line of JSON on standard input: { id, kind, language, code, walls, total, memory, output, files } with walls the seconds
of each item, total those of the job, memory and output (of one item) in bytes, files whether /tmp may be written to; and, by kind,
  functions: entry, inputs   a call of a function for each item
  programs:  stdins          a run of the program for each item
  tests:     entry (or null), unittest, sizes   test code for each item; the code itself comes through file 3, so many bytes each
The answer is one line on standard output: { id, parses, results: [[status, value or detail, milliseconds], ...] }.

Expected values never enter a process that holds a program, nor its parents: outputs of functions and programs are compared outside;
test code passes through in buffers that are wiped, and is read by a child that holds no program, or, with lower trust, by one whose
program has already been loaded. The supervisor itself reads nothing: it forks a handler for each job, so that no job inherits the
input or output of another.
"""
import json
import os
import select
import sys

from sandbox import engine, landlock
from sandbox.child_process import FILTERS, RULES, Child, adopt_orphans, end_orphans, end_with_parent, hide, read_line, write_all
from sandbox.function_jobs import run_functions
from sandbox.program_jobs import run_programs
from sandbox.test_jobs import run_tests
from sandbox.warm_up import warm_up

KINDS = {"functions": run_functions, "programs": run_programs, "tests": run_tests}


def filter_works():
    """Whether this kernel accepts the filters; otherwise the children run without them."""
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


def handle_job():
    """Reads one job, runs it and writes its answer."""
    job = json.loads(read_line(0))
    adopt_orphans()
    parses, results = KINDS[job["kind"]](job)
    end_orphans()
    start = json.dumps({"id": job["id"], "parses": parses})[:-1].encode()
    write_all(1, start + b', "results": ' + results.as_json() + b"}\n")


def main(readable=None):
    """readable: (paths, hidden) that Landlock restricts programs to; None if mounts do that, or nothing does."""
    hide()
    supervisor = os.getpid()
    engine.use(sys.argv[1])
    if readable is not None:
        RULES.append(landlock.rules_for(*readable))
    write_all(1, json.dumps({"id": "", "filtered": filter_works()}).encode() + b"\n")
    warm_up()  # while the host prepares its first job
    while True:
        select.select([0], [], [])
        pid = os.fork()
        if pid == 0:
            done = 1
            try:
                end_with_parent(supervisor)
                handle_job()
                done = 0
            finally:
                os._exit(done)
        _, status = os.waitpid(pid, 0)
        if status != 0:
            return  # no more jobs, or one that ended its handler: the host sees that there is no answer
