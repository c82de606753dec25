"""A job's answers, kept as text and counted: a small text may take many times its size once parsed."""
import json

from sandbox.answers import FORGED, parse_answer

# Bytes that all answers of a job may take in a process that parses them; a single one may always be as large as allowed.
MOST = 128 << 20
AS_LARGE_AS_ALLOWED = 32
TOO_MUCH = ("output-limit", "too much output from all calls together")


def cost_of(line):
    """Bytes that a parsed line of JSON takes, roughly at most: `[]` alone takes dozens."""
    lists, texts, items = line.count(b"[") + line.count(b"{"), line.count(b'"') // 2, line.count(b",")
    return (2 if line.isascii() else 6) * len(line) + 64 * lists + 32 * texts + 24 * items


class Results:
    """[status, value or detail, milliseconds] of each item so far."""

    def __init__(self, job):
        self.texts, self.left = [], min(job["memory"], max(MOST, AS_LARGE_AS_ALLOWED * job["output"]))

    def __len__(self):
        return len(self.texts)

    def add(self, status, value, milliseconds):
        self.texts.append(json.dumps([status, value, milliseconds]).encode())

    def add_text(self, status, text, milliseconds):
        """What a program printed, or how it failed; a text counts by its length."""
        cost = 2 * len(text)
        if cost > self.left:
            self.add(*TOO_MUCH, milliseconds)
            return
        self.left -= cost
        self.add(status, text, milliseconds)

    def add_answer(self, line, statuses, milliseconds):
        """An answer as an untrusted process wrote it."""
        cost = cost_of(line)
        if cost > self.left:
            self.add(*TOO_MUCH, milliseconds)
            return
        self.left -= cost
        try:
            self.add(*parse_answer(line, statuses), milliseconds)
        except RecursionError:
            self.add(*FORGED, milliseconds)

    def as_json(self):
        return b"[" + b", ".join(self.texts) + b"]"
