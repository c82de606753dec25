"""Landlock: the kernel (Linux 5.13 and later) limits which files a process may read and which processes it may inspect.

A process under a set of rules can read what they name, and can read or trace the memory only of its own children.
"""
import ctypes
import fcntl
import os
import struct

CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446  # on every architecture
RULE_PATH_BENEATH = 1
EXECUTE, READ_FILE, READ_DIR = 1 << 0, 1 << 2, 1 << 3
# Rights on files that each version of the interface knows.
RIGHTS = [0, (1 << 13) - 1, (1 << 14) - 1, (1 << 15) - 1, (1 << 15) - 1, (1 << 16) - 1]
ABOVE_ALL_FILES = 256  # higher than any that a child keeps
libc = ctypes.CDLL(None, use_errno=True)


def call(number, *args):
    result = libc.syscall(ctypes.c_long(number), *args)
    if result < 0:
        raise OSError(ctypes.get_errno(), "Landlock")
    return result


def allow(rules, path, rights):
    try:
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # missing, or not visible to this user
    try:
        call(ADD_RULE, ctypes.c_int(rules), ctypes.c_int(RULE_PATH_BENEATH), struct.pack("=Qi", rights, fd), ctypes.c_uint32(0))
    finally:
        os.close(fd)


def allow_reading(rules, path, hidden):
    """Everything below a path, except hidden entries directly in it: their names are visible, their content is not."""
    if not os.path.isdir(path):
        allow(rules, path, EXECUTE | READ_FILE)
    elif not any(os.path.dirname(folder) == path for folder in hidden):
        allow(rules, path, EXECUTE | READ_FILE | READ_DIR)
    else:
        allow(rules, path, READ_DIR)
        for name in os.listdir(path):
            inner = os.path.join(path, name)
            if inner not in hidden:
                allow_reading(rules, inner, ())


def rules_for(paths, hidden):
    """A file that represents rules for reading these paths. Raises OSError if the kernel has no Landlock."""
    version = call(CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(1))
    rights = struct.pack("=Q", RIGHTS[min(version, len(RIGHTS) - 1)])
    rules = call(CREATE_RULESET, rights, ctypes.c_size_t(len(rights)), ctypes.c_uint32(0))
    for path in [*paths, "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"]:
        allow_reading(rules, path, hidden)
    kept = fcntl.fcntl(rules, fcntl.F_DUPFD_CLOEXEC, ABOVE_ALL_FILES)
    os.close(rules)
    return kept


def obey(rules):
    """Restricts this process to rules for good. Needs PR_SET_NO_NEW_PRIVS."""
    call(RESTRICT_SELF, ctypes.c_int(rules), ctypes.c_uint32(0))
    os.close(rules)
