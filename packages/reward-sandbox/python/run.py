"""One run: the children and pipes of an item of a job, its time, and its children's answers."""
import json
import os
import select
import signal
import time

from sandbox import engine, tmp
from sandbox.child_process import Child, sealed

# Output of all items of a job, bytes; a single one may always be as large as allowed.
ALL_OUTPUT_LIMIT = 64 << 20
# How V8 aborts; the system-call filter leaves it no other way than a fault.
OUT_OF_MEMORY = (signal.SIGABRT, signal.SIGTRAP, signal.SIGILL, signal.SIGSEGV)
NOT_STARTED = ("infrastructure", "no child could be started")


class Clock:
    """The time of a job: of the current item, and in total."""

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

    def __init__(self, fd, limit):
        self.fd, self.limit, self.rest, self.ready, self.total, self.is_late = fd, limit, b"", [], 0, False

    def next(self, clock):
        """The next line; None if there are no more, or if time ran out (then is_late)."""
        while not self.ready:
            left = clock.left()
            if left <= 0 or not select.select([self.fd], [], [], left)[0]:
                self.is_late = True
                return None
            data = os.read(self.fd, 1 << 16)
            self.total += len(data)
            if not data or self.total > max(ALL_OUTPUT_LIMIT, 2 * self.limit) or len(self.rest) > 2 * self.limit:
                return None
            *self.ready, self.rest = (self.rest + data).split(b"\n")
            self.ready.reverse()
        return self.ready.pop()


def ending(child, is_late, is_engine):
    """How a child that did not answer ended. Ends it."""
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
        if job["files"]:
            tmp.watch(self.children)

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
        """Ends all children, and leaves nothing in /tmp."""
        for fd in list(self.fds):
            self.close(fd)
        for child in self.children:
            child.end()
        if self.job["files"]:
            tmp.end_watch()
            tmp.clean()

    def ending(self, is_late):
        """How the program ended, in the first child."""
        return ending(self.children[0], is_late, self.is_engine)
