"""Answers: lines of JSON, [status, value or detail], that a child writes and its reader does not trust."""
import json
import os

OUTPUT_LIMIT = 1 << 20
DETAIL_LIMIT = 1000  # characters: a failure may be that of many items
PROGRESS = ("ready", "parsed", "loaded", "done")
FAILURES = ("wrong", "exception", "memory", "output-limit", "forbidden", "syntax")
FORGED = ("forbidden", "forged an answer")


def answering(out, limit=OUTPUT_LIMIT):
    """A function that writes answers of limited size to a file. It binds now what it needs, before a program can replace it."""
    dumps, write = json.dumps, os.write

    def answer(status, value=None):
        line = dumps([status, value]).encode()
        if len(line) > limit:
            line = b'["output-limit", "too large a value"]'
        line += b"\n"
        while line:
            line = line[write(out, line):]

    return answer


def refuse_number(text):
    raise ValueError(text)


def parse_answer(line, statuses):
    """(status, value or detail) of a line; FORGED if it is not one, or has a status that its writer may not use.

    Floats travel as tagged text: a bare one, NaN or Infinity was written by the program.
    """
    try:
        status, value = json.loads(line, parse_float=refuse_number, parse_constant=refuse_number)
        if type(status) is str and status in statuses and (status not in FAILURES or type(value) is str):
            return status, value[:DETAIL_LIMIT] if status in FAILURES else value
    except (ValueError, TypeError, RecursionError):
        pass
    return FORGED
