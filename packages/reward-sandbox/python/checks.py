"""Test code: statements that raise if a program is wrong.

`check_remote` runs it in a process of its own; the program lives in another one and only plain data crosses. `check_inside` runs it in
the program's process, which the program could take over: its word counts less.
"""
import builtins
import json
import os
import sys

from sandbox.answers import FAILURES, FORGED, PROGRESS, answering, parse_answer
from sandbox.candidate import attempt, parse
from sandbox.values import Refused, decode, encode

PRISTINE = dict(vars(builtins))


class Gone(BaseException):
    """The program's process failed; not to be caught by test code that expects exceptions."""


def read_all(fd):
    chunks = []
    while chunk := os.read(fd, 1 << 16):
        chunks.append(chunk)
    return b"".join(chunks)


def lines_of(fd):
    rest = b""
    while True:
        while b"\n" not in rest:
            data = os.read(fd, 1 << 16)
            if not data:
                return
            rest += data
        line, rest = rest.split(b"\n", 1)
        yield line


def read_answer(lines, *wanted):
    """(status, value) as the program's process wrote it. Raises Gone if there is none, or another than wanted."""
    line = next(lines, None)
    if line is None:
        raise Gone("ended", None)
    status, value = parse_answer(line, (*PROGRESS, *FAILURES, "ok"))
    if status in wanted:
        return status, value
    raise Gone(*((status, value) if status in FAILURES else FORGED))


def raised(name):
    """The exception that the program raised, as far as its name says: one of Python's own, or a plain Exception."""
    kind = PRISTINE.get(name) if type(name) is str else None
    return kind() if isinstance(kind, type) and issubclass(kind, Exception) else Exception(name)


def remote_function(calls, answers):
    """A function that asks the program's process."""
    for wanted in ("ready", "parsed", "loaded"):
        read_answer(answers, wanted)

    def call(*args):
        line = json.dumps([encode(item) for item in args]).encode() + b"\n"
        while line:
            try:
                line = line[os.write(calls, line):]
            except BrokenPipeError:
                raise Gone("ended", None) from None
        status, value = read_answer(answers, "ok", "exception")
        if status == "exception":
            raise Gone(status, value) if value == "exit" else raised(value)
        try:
            return decode(value)
        except Exception:
            raise Gone(*FORGED) from None

    return call


def run_test_code(text, scope, is_unittest):
    """Runs test code to its end. Raises if a check fails."""
    exec(compile(text, "tests.py", "exec"), scope)
    if is_unittest:
        import unittest

        cases = [value for value in scope.values() if isinstance(value, type) and issubclass(value, unittest.TestCase) and value.__module__ == "tests"]
        suite = unittest.TestSuite(unittest.defaultTestLoader.loadTestsFromTestCase(case) for case in cases)
        result = unittest.TestResult()
        suite.run(result)
        for problems in (result.errors, result.failures, [(None, "passed unexpectedly")] * len(result.unexpectedSuccesses)):
            for _, text in problems:
                last = text.strip().splitlines()[-1]
                raise AssertionError(last.removeprefix("AssertionError: ")) if problems is not result.errors else RuntimeError(last)
        if result.testsRun == 0:
            raise RuntimeError("no test was found")


def outcome_of(action):
    """("pass", "") or a failure and its detail; a failed check is "wrong"."""
    try:
        action()
    except Gone as gone:
        return gone.args
    except AssertionError as error:
        return "wrong", f"AssertionError: {error}"[:500].removesuffix(": ")
    except Refused as error:
        return "exception", f"the test passes {error}, which is not plain data"
    except BaseException as error:
        status, detail = attempt(lambda: (_ for _ in ()).throw(error))
        return status, detail
    return "pass", ""


def check_remote(test, entry, is_unittest, out, calls, answers):
    """Reads test code from a file and answers once how it ended. No untrusted code runs here."""
    text = json.loads(read_all(test))
    answer = answering(out)

    def run():
        function = remote_function(calls, lines_of(answers))
        run_test_code(text, {"__name__": "tests", entry: function, "candidate": function}, is_unittest)

    answer(*outcome_of(run))


def check_inside(code, is_unittest, out, into):
    """Loads the program, asks for the test code, and after its last check for the nonce, which it repeats."""
    answer = answering(out)
    read, lines = os.read, lines_of(into)
    outcome, run_tests = outcome_of, run_test_code
    answer("ready")
    tree = parse(code, answer)
    if tree is None:
        return
    scope = {"__name__": "tests"}
    status, detail = attempt(lambda: exec(compile(tree, "candidate.py", "exec"), scope))
    if status != "ok":
        answer(status, detail)
        return
    answer("loaded")
    text = json.loads(next(lines))
    for name in list(vars(builtins)):
        if name not in PRISTINE:
            delattr(builtins, name)
    vars(builtins).update(PRISTINE)
    for name in [name for name in sys.modules if name == "unittest" or name.startswith("unittest.")]:
        del sys.modules[name]
    status, detail = outcome(lambda: run_tests(text, scope, is_unittest))
    if status != "pass":
        answer(status, detail)
        return
    answer("done")
    answer("pass", json.loads(next(lines)))
