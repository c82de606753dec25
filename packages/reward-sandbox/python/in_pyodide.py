"""One piece of work inside Pyodide, which has no processes: its files are devices of ../javascript/pyodide.cjs."""
import asyncio
import json
import os
import sys

from sandbox.candidate import run_program, serve_calls
from sandbox.checks import check_inside, check_remote, lines_of
from sandbox.event_loop import use_plain_event_loops


def forget_javascript():
    """Removes the modules that reach JavaScript. A program that still reaches it is held by Node's permissions."""
    for name in list(sys.modules):
        if name.split(".")[0] in ("js", "pyodide", "pyodide_js", "_pyodide", "_pyodide_core"):
            sys.modules[name] = None  # importing it fails
    sys.meta_path[:] = [finder for finder in sys.meta_path if isinstance(finder, type)]


def perform(text):
    job = json.loads(text)
    del text
    out, lines, calls = (os.open(f"/dev/{name}", flag) for name, flag in (("answers", os.O_WRONLY), ("lines", os.O_RDONLY), ("calls", os.O_WRONLY)))
    os.dup2(os.open("/dev/stdin", os.O_RDONLY), 0)
    os.dup2(os.open("/dev/stdout", os.O_WRONLY), 1)
    forget_javascript()
    use_plain_event_loops()  # Pyodide installed its own when it started, and runs one
    asyncio._set_running_loop(None)
    role = job["role"]
    if role == "functions":
        serve_calls(job["code"], job["entry"], [(args, {}) for args in job["inputs"]], out, job["output"])
    elif role == "remote":
        serve_calls(job["code"], job["entry"], map(json.loads, lines_of(lines)), out, is_remote=True)
    elif role == "program":
        run_program(job["code"], out)
    elif role == "checks":
        test = os.open("/test", os.O_RDWR | os.O_CREAT)
        os.write(test, json.dumps(job["test"]).encode())
        os.lseek(test, 0, os.SEEK_SET)
        check_remote(test, job["entry"], job["unittest"], out, calls, lines)
    else:
        check_inside(job["code"], job["unittest"], out, lines)
