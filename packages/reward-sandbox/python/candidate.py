"""Runs in the child that holds an untrusted program: calls its functions, or runs all of it.

It answers in lines of JSON, [status, value or detail]: "ready", "parsed" or its failure, "loaded" or its failure, then one for
each call. Whatever the program itself writes there is an answer like any other: expected values are not known here.
"""
import atexit
import errno
import inspect
import linecache
import sys
import threading
import types
from collections import deque

from sandbox.answers import OUTPUT_LIMIT, answering
from sandbox.exceptions import describe, name_of, own_exceptions
from sandbox.further_values import Kept, let_further_values_pass
from sandbox.values import Refused, decode, encode

PARSE = 0x400  # ast.PyCF_ONLY_AST, without that module
# Errors of denied actions; ENOSYS is the filter's answer to one call, and outside Linux a system's own.
DENIED = (errno.EPERM, errno.EACCES, errno.EROFS, *([errno.ENOSYS] if sys.platform == "linux" else []))
FILE = "candidate.py"
RECURSION_LIMIT = 1000
OWN_CALLS = 10  # our own frames at most, between the start of a module and a function of the program
MUTABLE = (list, dict, set, deque, bytearray)


class NoFunction(Exception):
    """The program does not define the function to call."""


def attempt(action):
    """How an action of the program ends: ("ok", its result) or (failure, detail)."""
    try:
        return "ok", action()
    except MemoryError:
        return "memory", "MemoryError"
    except SystemExit:
        return "exception", "exit"
    except Refused as error:
        return "wrong", f"returned {error}, which is not plain data"
    except NoFunction as error:
        return "exception", str(error)
    except OSError as error:
        return ("forbidden" if error.errno in DENIED else "exception"), name_of(error)
    except BaseException as error:
        return "exception", name_of(error)


def new_module(name, code, file=FILE):
    """A module with the names of a program, so that a class's module and a function's source can be found."""
    module = sys.modules[name] = types.ModuleType(name)
    module.__file__ = file
    linecache.cache[file] = (len(code), None, code.splitlines(True), file)
    sys.argv[:] = [file]
    sys.setrecursionlimit(RECURSION_LIMIT + len(inspect.stack(0)) + OWN_CALLS)
    return vars(module)


def parse(code, answer):
    """The syntax tree of a program; None after a failure was answered."""
    try:
        tree = compile(code, FILE, "exec", PARSE)
    except MemoryError:
        answer("memory", "MemoryError")
    except (SyntaxError, ValueError, RecursionError):
        answer("syntax", "SyntaxError")
    else:
        answer("parsed")
        return tree


def function_of(scope, entry):
    """The program's object of this name."""
    if entry not in scope:
        raise NoFunction(f"no function {entry}")
    return scope[entry]


def serve_calls(code, entry, calls, out, limit=OUTPUT_LIMIT, *, is_remote=False):
    """Loads a program and answers each call, (arguments, keyword arguments), of its function.

    is_remote: a test calls, (arguments, keyword arguments, for each of both the first that is the same object, number). The number, if any,
    is that of something returned before, whose next item is wanted. It is told what was raised, and how the arguments changed:
    ("changed", [value, arguments]).
    """
    answer = answering(out, limit)
    kept = Kept()
    if is_remote:
        let_further_values_pass(kept.encode)
    encode_value, decode_value, attempt_call, function, raised, after = encode, decode, attempt, function_of, outcome_of_error, arguments_after
    share = shared
    answer("ready")
    tree = parse(code, answer)
    if tree is None:
        return
    scope = new_module("candidate", code)
    status, detail = attempt(lambda: exec(compile(tree, FILE, "exec"), scope))
    if status != "ok":
        answer(status, detail)
        return
    answer("loaded", attempt(lambda: own_exceptions(scope))[1] if is_remote else None)

    def call(args, kwargs, same=None, number=None):
        args, kwargs = decode_value(args), {name: decode_value(item) for name, item in kwargs.items()}
        if not is_remote:
            return encode_value(function(scope, entry)(*args, **kwargs))
        args, kwargs = share(args, kwargs, same)
        given = [*args, *kwargs.values()]
        try:
            value = function(scope, entry)(*args, **kwargs) if number is None else kept.next_of(number)
        except BaseException as error:
            if type(error) is NoFunction:
                raise
            return "raised", [*raised(error), after(given)]
        encoded, changed = encode_value(value), after(given)
        return ("changed", [encoded, changed]) if changed else ("ok", encoded)

    for each in calls:
        status, detail = attempt_call(lambda: call(*each))
        try:
            answer(*detail) if is_remote and status == "ok" else answer(status, detail)
        except MemoryError:
            answer("memory", "MemoryError")


def shared(args, kwargs, same):
    """Arguments of which those that were one object in the test are one again."""
    values = [*args, *kwargs.values()]
    values = [values[i] for i in same]
    return values[: len(args)], dict(zip(kwargs, values[len(args):]))


def can_change(value):
    return isinstance(value, MUTABLE) or type(value) is tuple and any(map(can_change, value))


def arguments_after(values):
    """The arguments as a call has left them, without those after the last that can have changed; None for what has not, or is not plain data."""
    after = []
    for i, value in enumerate(values):
        if can_change(value):
            try:
                after += [None] * (i - len(after)) + [encode(value)]
            except Refused:
                pass
    return after


def outcome_of_error(error):
    """[verdict, detail, description] of an exception of the program, for a test that may expect it."""

    def again():
        raise error

    verdict, detail = attempt(again)
    status, description = attempt(lambda: describe(error))
    if status != "ok":  # it cannot be described by its own methods
        description = {"classes": [["builtins", "Exception", []]], "arguments": [], "attributes": [], "text": detail, "cause": None}
    return [verdict, detail, description]


def run_program(code, out):
    """Runs a program from its first line to its last, with the given standard input and output."""
    answer = answering(out)
    answer("ready")
    tree = parse(code, answer)
    if tree is None:
        return
    sys.stdin = sys.__stdin__ = open(0, encoding="utf-8", closefd=False)
    sys.stdout = sys.__stdout__ = standard_output = open(1, "w", encoding="utf-8", closefd=False)

    def run():
        try:
            exec(compile(tree, FILE, "exec"), new_module("__main__", code))
        except SystemExit as error:
            if error.code not in (None, 0):
                raise
        finally:  # what Python does after the last line
            threading._shutdown()
            atexit._run_exitfuncs()
            for output in (sys.stdout, standard_output):
                if hasattr(output, "flush") and not getattr(output, "closed", False):
                    output.flush()

    answer(*attempt(run))
