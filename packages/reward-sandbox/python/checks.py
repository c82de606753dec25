"""Test code: statements that raise if a program is wrong.

`check_remote` runs it in its own process; the program is in another one, and only plain data crosses. `check_inside` runs it in the
program's process, which the program could take over, so its verdict is trusted less.
"""
import ast
import builtins
import json
import os
import sys
import threading

from collections import deque

from sandbox import crossing
from sandbox.answers import FAILURES, FORGED, PROGRESS, answering, parse_answer
from sandbox.candidate import FILE, attempt, new_module, parse
from sandbox.exceptions import class_of, rebuild
from sandbox.further_values import asking, encode_further, let_further_values_pass
from sandbox.test_runner import CaseError, NotRun, run_test_code
from sandbox.values import Refused, decode, encode

PRISTINE = dict(vars(builtins))


class Gone(BaseException):
    """The program's process failed. This stays so, whatever test code does with the exception."""


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
    """(status, value) as the program's process wrote it. Raises Gone if there is none, or an unexpected one."""
    line = next(lines, None)
    if line is None:
        raise Gone("ended", None)
    status, value = parse_answer(line, (*PROGRESS, *FAILURES, "ok", "changed", "raised"))
    if status in wanted:
        return status, value
    raise Gone(*((status, value) if status in FAILURES else FORGED))


def update(value, after):
    """Changes a value as a call has changed it, in place as far as possible."""
    if type(value) is not type(after):
        return after
    if type(value) is tuple:
        items = tuple(update(*pair) for pair in zip(value, after)) + after[len(value):]
        return value if items == value else items
    if type(value) is list:
        value[:] = [update(*pair) for pair in zip(value, after)] + after[len(value):]
    elif isinstance(value, dict):
        items = [(key, update(value[key], item) if key in value else item) for key, item in after.items()]
        value.clear()
        dict.update(value, items)
    elif type(value) in (set, deque, bytearray):
        value.clear()
        value.extend(after) if type(value) is not set else value.update(after)
    else:
        return after
    return value


class RemoteFunction:
    """A function that calls the program's process. `calls` counts the calls; `gone` is how that process failed, if it did."""

    def __init__(self, calls_to, answers):
        self.calls, self.gone, self.lock = 0, None, threading.Lock()
        self.calls_to, self.answers = calls_to, answers
        let_further_values_pass(encode_further, {"kept": lambda inner: asking(inner[1], lambda: self.request([], {}, int(inner[0])))})
        for wanted in ("ready", "parsed", "loaded"):
            _, own = read_answer(answers, wanted)
        self.own_exceptions = own if type(own) is dict else {}

    def __call__(self, *args, **kwargs):
        return self.request(args, kwargs)

    def request(self, args, kwargs, *number):
        """The answer to a call, or to a request for the next item of something that a call returned."""
        self.calls += 1
        given, first = [*args, *kwargs.values()], {}
        same = [first.setdefault(id(item), i) for i, item in enumerate(given)]
        line = json.dumps([list(map(encode, args)), {name: encode(item) for name, item in kwargs.items()}, same, *number]).encode() + b"\n"
        if self.gone is not None:
            raise self.gone
        try:
            with self.lock:
                status, answered, after = self.ask(line)
        except Gone as gone:
            self.gone = gone
            raise
        for item, changed in zip(given, after if type(after) is list else []):
            update(item, changed)
        if status == "raised":
            raise crossing.Crossing(*answered)
        return answered

    def ask(self, line):
        while line:
            try:
                line = line[os.write(self.calls_to, line):]
            except BrokenPipeError:
                raise Gone("ended", None) from None
        status, answer = read_answer(self.answers, "ok", "changed", "raised")
        try:
            if status != "raised":
                value, after = answer if status == "changed" else (answer, [])
                return status, decode(value), decode(after)
            verdict, detail, description, after = answer
            if verdict not in FAILURES or type(detail) is not str:
                raise ValueError(verdict)
            return status, (rebuild(description), (verdict, detail)), decode(after)
        except Exception:
            raise Gone(*FORGED) from None


def expected_classes(text, own):
    """The program's classes of exceptions that a test expects by name. A name that is also used otherwise may mean something else."""
    try:
        return {name: class_of(own[name]) for name in crossing.names_expected(ast.parse(text)) if name in own and name not in PRISTINE}
    except Exception:  # a test that does not parse, or an invalid description
        return {}


def outcome_of(action):
    """("pass", "") or a failure and its detail; a failed check is "wrong"."""
    try:
        action()
    except (Gone, crossing.Crossing) as ending:
        return ending.args
    except AssertionError as error:
        return "wrong", f"AssertionError: {error}"[:500].removesuffix(": ")
    except CaseError as error:
        return "exception", str(error)[:500]
    except NotRun as error:
        return "infrastructure", str(error)
    except Refused as error:
        return "exception", f"the test passes {error}, which is not plain data"
    except BaseException as error:
        status, detail = attempt(lambda: (_ for _ in ()).throw(error))
        return status, detail
    return "pass", ""


def check_remote(test, entry, is_unittest, out, calls, answers):
    """Reads test code from a file and answers how it ended. No untrusted code runs here."""
    text = json.loads(read_all(test))
    answer = answering(out)
    answer(*remote_outcome(text, entry, is_unittest, calls, lines_of(answers)))


def raise_again(error):
    raise error


def remote_outcome(text, entry, is_unittest, calls, answers):
    """A verdict and its detail. The program's own failure takes precedence over the test's."""
    try:
        function = RemoteFunction(calls, answers)
    except Gone as gone:
        return gone.args

    def ask(*args, **kwargs):
        return function(*args, **kwargs)

    ask.__name__ = ask.__qualname__ = entry
    scope = new_module("__main__", text, "tests.py")
    scope.update({**expected_classes(text, function.own_exceptions), entry: ask, "candidate": ask})
    failures = []
    threading.excepthook = lambda failed: failures.append(failed.exc_value)
    if "unittest" in text:
        crossing.let_unittest_expect()

    def run():
        try:
            run_test_code(text, scope, is_unittest, ask, crossing.compile_test)
        except SystemExit as leaving:  # from the test itself, as unittest.main() does
            if leaving.code not in (None, 0):
                raise AssertionError(f"left with {leaving.code}") from None
        for failure in failures:
            raise failure

    outcome = outcome_of(run)
    if function.gone is not None:
        return function.gone.args
    if crossing.under_way:
        return crossing.under_way[0].outcome
    if outcome[0] == "pass" and crossing.failed:
        outcome = outcome_of(lambda: raise_again(crossing.failed[0]))
    if outcome[0] == "pass" and function.calls == 0:
        return "infrastructure", f"the test never calls {entry}"
    return outcome


def check_inside(code, is_unittest, out, into):
    """Loads the program, asks for the test code, and after its last check for the nonce, which it repeats."""
    answer = answering(out)
    read, lines = os.read, lines_of(into)
    outcome, run_tests = outcome_of, run_test_code
    answer("ready")
    tree = parse(code, answer)
    if tree is None:
        return
    scope = new_module("tests", code)
    status, detail = attempt(lambda: exec(compile(tree, FILE, "exec"), scope))
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
        answer("exception" if status == "infrastructure" else status, detail)  # which no program may say
        return
    answer("done")
    answer("pass", json.loads(next(lines)))
