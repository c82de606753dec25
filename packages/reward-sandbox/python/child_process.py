"""Starts restricted child processes and waits for them."""
import ctypes
import fcntl
import os
import resource
import signal
import sys
import time

from sandbox import engine, landlock
from sandbox.system_calls import install, system_call_filter

FILE_LIMIT = 1 << 20
NOBODY = 65534
OWN_TASKS = 512  # processes and threads of all jobs of a user: an engine has several threads, and a program may start some
PR_SET_CHILD_SUBREAPER, PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS, PR_SET_PDEATHSIG = 36, 4, 38, 1
libc = ctypes.CDLL(None, use_errno=True)
prctl = getattr(libc, "prctl", lambda *_: 0)  # only Linux has it

FILTERS = {
    (writes_files, is_engine): system_call_filter(writes_files=writes_files, engine_path=engine.PATH_ADDRESS if is_engine else None)
    if sys.platform == "linux"
    else None
    for writes_files in (False, True)
    for is_engine in (False, True)
}
# Landlock rules (landlock.py) for the paths that programs may read, where mounts do not restrict them.
RULES = []


def tasks_of(user):
    """How many processes and threads a user has; 0 where none can be seen, as in a namespace, which counts only its own."""
    count = 0
    for name in os.listdir("/proc") if os.path.isdir("/proc") else ():
        try:
            if name.isdigit() and os.stat(f"/proc/{name}").st_uid == user:
                count += len(os.listdir(f"/proc/{name}/task"))
        except OSError:
            pass  # it ended
    return count


OTHER_TASKS = tasks_of(os.geteuid() or NOBODY)


def hide():
    """Keeps other processes of the same user from inspecting this one."""
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)


def end_with_parent(parent):
    """Has this process killed when its parent ends."""
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(0)


def adopt_orphans():
    """Makes processes whose parents end this one's children, so that they stay below it, where their memory is counted."""
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_orphans():
    """Kills all children. Where system calls are filtered there are none, and no /proc to find them in."""
    while True:
        try:
            with open(f"/proc/self/task/{os.getpid()}/children") as file:
                children = [int(pid) for pid in file.read().split()]
        except OSError:
            return
        if not children:
            return
        for pid in children:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def restrict(parent, *, memory, seconds, writes_files, is_engine):
    """Restricts this process to what a job may have. Memory in bytes; an engine reserves more addresses than it uses."""
    os.setsid()
    signal.signal(signal.SIGALRM, signal.SIG_DFL)  # tmp.py's
    if os.geteuid() == 0:  # without bubblewrap, as root: as the user nobody, other users' files and processes are out of reach
        try:
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
        except OSError:
            pass  # a user namespace that lacks that user
    end_with_parent(parent)
    limits = {
        resource.RLIMIT_DATA if is_engine else resource.RLIMIT_AS: memory,
        resource.RLIMIT_CPU: int(seconds) + 2,
        resource.RLIMIT_FSIZE: FILE_LIMIT,
        resource.RLIMIT_NOFILE: 64,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NPROC: OTHER_TASKS + OWN_TASKS,
    }
    for what, limit in limits.items():
        try:
            resource.setrlimit(what, (limit, limit))
        except (ValueError, OSError):
            pass  # macOS has no limit on addresses
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    for rules in RULES:
        landlock.obey(rules)
    program = FILTERS[writes_files, is_engine]
    if program is not None:
        install(libc, program)
    if not is_engine:
        hide()


def placed(files, stdin, stdout):
    """Makes the given files 3, 4, ..., the standard streams the given ones or /dev/null, and closes all others."""
    null = os.open(os.devnull, os.O_RDWR)
    wanted = [null if stdin is None else stdin, null if stdout is None else stdout, null, *files]
    safe = [fcntl.fcntl(fd, fcntl.F_DUPFD, 128) for fd in wanted]
    for place, fd in enumerate(safe):
        os.dup2(fd, place, inheritable=True)
    os.closerange(len(safe), 256)


class Child:
    """A forked and restricted process that performs an action and ends."""

    def __init__(self, action, *, files, limits, stdin=None, stdout=None):
        parent = os.getpid()
        self.status, self.was_killed = None, False
        self.pid = os.fork()
        if self.pid == 0:
            try:
                placed(files, stdin, stdout)
                restrict(parent, **limits)
                action()
            finally:
                os._exit(0)

    def ended_by_itself(self, within=0.25):
        """Whether it ends within a moment, like one that has closed its files; if not it is killed."""
        give_up = time.monotonic() + within
        while self.status is None and time.monotonic() < give_up:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = status
                return True
            time.sleep(0.001)
        self.end()
        return not self.was_killed

    def end(self):
        """Kills what is left of it."""
        if self.status is not None:
            return
        for kill in (os.killpg, os.kill):
            try:
                kill(self.pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                pass
        _, self.status = os.waitpid(self.pid, 0)
        self.was_killed = True


def sealed(content):
    """A file in memory with these bytes, positioned at the start."""
    if hasattr(os, "memfd_create"):
        fd = os.memfd_create("job")
    else:
        import tempfile  # slow to import

        with tempfile.TemporaryFile() as file:
            fd = os.dup(file.fileno())
    write_all(fd, content)
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def write_all(fd, content):
    view = memoryview(content)
    while view:
        view = view[os.write(fd, view):]


def read_line(fd):
    """Everything up to a line end, after which nothing may follow yet."""
    chunks = []
    while not chunks or not chunks[-1].endswith(b"\n"):
        chunk = os.read(fd, 1 << 20)
        if not chunk:
            os._exit(1)
        chunks.append(chunk)
    return b"".join(chunks)
