"""What runs in the child that holds an untrusted program: its functions are called, or it runs as a whole.

It answers by lines of JSON, [status, value or detail]: "ready", "parsed" or its failure, "loaded" or its failure, then one for
each call. Whatever the program writes there itself is an answer like any other: what would be right is not known here.
"""
import builtins
import errno
import sys

from sandbox.answers import OUTPUT_LIMIT, answering
from sandbox.values import Refused, decode, encode

PARSE = 0x400  # ast.PyCF_ONLY_AST, without that module
DENIED = (errno.EPERM, errno.EACCES, errno.EROFS)


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
    except OSError as error:
        return ("forbidden" if error.errno in DENIED else "exception"), type(error).__name__
    except BaseException as error:
        return "exception", str(type(error).__name__)[:200]


def parse(code, answer):
    """The syntax tree of a program; None after a failure was answered."""
    try:
        tree = compile(code, "candidate.py", "exec", PARSE)
    except MemoryError:
        answer("memory", "MemoryError")
    except (SyntaxError, ValueError, RecursionError):
        answer("syntax", "SyntaxError")
    else:
        answer("parsed")
        return tree


def serve_calls(code, entry, calls, out, limit=OUTPUT_LIMIT):
    """Loads a program and answers each call of its function."""
    answer = answering(out, limit)
    encode_value, decode_value = encode, decode
    answer("ready")
    tree = parse(code, answer)
    if tree is None:
        return
    scope = {"__name__": "candidate"}
    status, detail = attempt(lambda: exec(compile(tree, "candidate.py", "exec"), scope))
    if status != "ok":
        answer(status, detail)
        return
    answer("loaded")
    for args in calls:
        status, detail = attempt(lambda: encode_value(scope[entry](*decode_value(args))))
        try:
            answer(status, detail)
        except MemoryError:
            answer("memory", "MemoryError")


def run_program(code, out):
    """Runs a program from its first line to its last, with the standard input and output that it was given."""
    answer = answering(out)
    answer("ready")
    tree = parse(code, answer)
    if tree is None:
        return
    sys.stdin, sys.stdout = open(0, encoding="utf-8", closefd=False), open(1, "w", encoding="utf-8", closefd=False)

    def run():
        try:
            exec(compile(tree, "candidate.py", "exec"), {"__name__": "__main__", "__builtins__": builtins})
        except SystemExit as error:
            if error.code not in (None, 0):
                raise
        sys.stdout.flush()

    answer(*attempt(run))
