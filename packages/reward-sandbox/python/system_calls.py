"""Filters of system calls (seccomp), as BPF programs: what is not allowed is answered EPERM.

Allowed is by list, so that whatever a later kernel adds is denied. Denied are: processes, signals to others, network, limits and
priorities of others, memory that outlives the job, and changes to files.
"""
import ctypes
import os
import struct

MACHINE = os.uname().machine
AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
LOAD, EQUAL, AT_LEAST, ANY_BIT, END = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOW, DENY, ABSENT, KILL = (END, 0, 0, 0x7FFF0000), (END, 0, 0, 0x00050001), (END, 0, 0, 0x00050026), (END, 0, 0, 0x80000000)
PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2

# Reading files, its own memory, its own signals and timers, waiting, asking for the time and for what it is.
COMPUTING = {
    "x86_64": [0, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 17, 19, 20, 21, 22, 23, 24, 25, 28, 32, 33, 34, 35, 36, 37, 38, 39,
               60, 61, 63, 79, 89, 96, 98, 99, 100, 102, 104, 107, 108, 110, 128, 131, 158, 186, 201, 202, 204, 217, 218, 219, 221,
               228, 229, 230, 231, 232, 233, 262, 267, 269, 270, 271, 273, 281, 291, 292, 293, 309, 318, 324, 332, 334, 436, 439],
    "aarch64": [17, 20, 21, 22, 23, 24, 48, 57, 59, 61, 62, 63, 64, 65, 66, 67, 72, 73, 78, 79, 80, 93, 94, 96, 98, 99, 101, 102, 103,
                113, 114, 115, 123, 124, 128, 132, 134, 135, 137, 139, 153, 160, 165, 168, 169, 172, 173, 174, 175, 176, 177, 178, 179,
                214, 215, 216, 222, 223, 226, 233, 260, 278, 283, 291, 293, 436, 439],
}
# Changing files: the mounts, not the filter, then say where.
WRITING = {
    "x86_64": [2, 18, 40, 73, 74, 75, 76, 77, 80, 81, 82, 83, 84, 85, 87, 90, 91, 95, 257, 258, 263, 264, 268, 280, 285, 296, 316, 326],
    "aarch64": [32, 34, 35, 38, 45, 46, 47, 49, 50, 52, 53, 56, 68, 70, 71, 82, 83, 88, 166, 276, 285],
}
# What V8 and libuv want besides: their own events, and to be started.
ENGINE = {"x86_64": [59, 125, 213, 290, 330], "aarch64": [19, 90, 221, 289]}
CLONE, CLONE3, PRCTL, PRLIMIT, IOCTL = (
    {"x86_64": x86, "aarch64": arm} for x86, arm in ((56, 220), (435, 435), (157, 167), (302, 261), (16, 29))
)
CLONE_THREAD = 0x10000
PRCTL_NAMES = [15, 16, 0x53564D41]  # naming a thread or a range of memory
IOCTL_COMMANDS = [0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451]  # what a file is, its size, whether it blocks and survives exec
# open and openat, which may only read: call, and which argument holds the flags.
OPENS = {"x86_64": [(2, 1), (257, 2)], "aarch64": [(56, 2)]}
OPENING_TO_WRITE = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
# fcntl, which may duplicate and set flags; it could also aim a signal at another process.
FCNTL = {"x86_64": 72, "aarch64": 25}
FCNTL_COMMANDS = [0, 1, 2, 3, 4, 1030]


def one_of(values):
    return [(EQUAL, len(values) - i, 0, value) for i, value in enumerate(values)] + [DENY, ALLOW]


def on_call(number, decision):
    return [(EQUAL, 0, len(decision), number), *decision]


def argument(index):
    return (LOAD, 0, 0, 16 + 8 * index)


def system_call_filter(*, writes_files=False, is_engine=False):
    """A BPF program; None on a machine whose calls are not known here.

    writes_files: files may be changed where the mounts allow it. is_engine: a JavaScript engine, with threads of its own.
    """
    if MACHINE not in COMPUTING:
        return None
    code = [(LOAD, 0, 0, 4), (EQUAL, 1, 0, AUDIT_ARCH[MACHINE]), KILL, (LOAD, 0, 0, 0)]
    if MACHINE == "x86_64":  # the x32 ABI numbers the same calls differently
        code += [(AT_LEAST, 0, 1, 0x40000000), KILL]
    if not writes_files:
        for number, flags in OPENS[MACHINE]:
            code += on_call(number, [argument(flags), (ANY_BIT, 0, 1, OPENING_TO_WRITE), DENY, ALLOW])
    code += on_call(FCNTL[MACHINE], [argument(1), *one_of(FCNTL_COMMANDS)])
    if is_engine:
        code += on_call(CLONE[MACHINE], [argument(0), (ANY_BIT, 1, 0, CLONE_THREAD), DENY, ALLOW])
        code += on_call(CLONE3[MACHINE], [ABSENT])  # its flags lie in memory; libc falls back on clone
        code += on_call(PRCTL[MACHINE], [argument(0), *one_of(PRCTL_NAMES)])
        code += on_call(PRLIMIT[MACHINE], [argument(0), *one_of([0])])  # its own
        code += on_call(IOCTL[MACHINE], [argument(1), *one_of(IOCTL_COMMANDS)])
    code += one_of(COMPUTING[MACHINE] + writes_files * WRITING[MACHINE] + is_engine * ENGINE[MACHINE])
    return b"".join(struct.pack("HBBI", *line) for line in code)


def install(libc, program):
    """Holds this process to a filter for good. Wants PR_SET_NO_NEW_PRIVS."""
    buffer = ctypes.create_string_buffer(program)
    header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(buffer))
    if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.create_string_buffer(header), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "the kernel refused the filter of system calls")
