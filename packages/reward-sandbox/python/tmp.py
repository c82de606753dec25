"""The /tmp of jobs that may write: emptied after each run, and limited to a number of files. Its mount bounds their content; an empty file
takes kernel memory that nothing else counts."""
import os
import signal

TMP = "/tmp"
MOST_FILES = 4096
INTERVAL = 0.02  # seconds between checks


def watch(children):
    """Kills these processes, and those added later, once there are too many files."""

    def look(*_):
        space = os.statvfs(TMP)
        if space.f_files - space.f_ffree <= MOST_FILES:
            return
        for child in children:
            if child.status is None:
                try:
                    os.killpg(child.pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass  # it has not created its group yet

    signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, INTERVAL, INTERVAL)


def end_watch():
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)


def clean():
    """Empties it. If something cannot be removed, this process ends, and /tmp with it."""
    import shutil  # slow to import

    for folder, names, _ in os.walk(TMP):
        for name in names:
            path = os.path.join(folder, name)
            if not os.path.islink(path):
                os.chmod(path, 0o700)
    for name in os.listdir(TMP):
        path = os.path.join(TMP, name)
        shutil.rmtree(path) if os.path.isdir(path) and not os.path.islink(path) else os.unlink(path)
