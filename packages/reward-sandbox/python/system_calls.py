"""System-call filters (seccomp), as BPF programs: a denied call gets EPERM.

Allowed calls are listed, so whatever a later kernel adds is denied. Denied are: processes (not threads), signals to others, network,
limits and priorities of others, memory that outlives the job, and changes to files.
"""
import ctypes
import os
import struct

MACHINE = os.uname().machine
AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
LOAD, EQUAL, AT_LEAST, ANY_BIT, END = 0x20, 0x15, 0x35, 0x45, 0x06
ALLOW, DENY, KILL = (END, 0, 0, 0x7FFF0000), (END, 0, 0, 0x00050001), (END, 0, 0, 0x80000000)
ABSENT, UNSUPPORTED = (END, 0, 0, 0x00050026), (END, 0, 0, 0x0005005F)
PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 22, 2

# The number of each call on x86-64 and on arm64, which lacks the older of two similar ones. A test checks them against the kernel's headers.
NUMBERS = """
    read 0 63, write 1 64, open 2 -, close 3 57, stat 4 -, fstat 5 80, lstat 6 -, poll 7 -, lseek 8 62, mmap 9 222, mprotect 10 226,
    munmap 11 215, brk 12 214, rt_sigaction 13 134, rt_sigprocmask 14 135, rt_sigreturn 15 139, ioctl 16 29, pread64 17 67, pwrite64
    18 68, readv 19 65, writev 20 66, access 21 -, pipe 22 -, select 23 -, sched_yield 24 124, mremap 25 216, madvise 28 233, dup 32
    23, dup2 33 -, pause 34 -, nanosleep 35 101, getitimer 36 102, alarm 37 -, setitimer 38 103, getpid 39 172, sendfile 40 71,
    clone 56 220, execve 59 221, exit 60 93, wait4 61 260, uname 63 160, fcntl 72 25, flock 73 32, fsync 74 82, fdatasync 75 83,
    truncate 76 45, ftruncate 77 46, getcwd 79 17, chdir 80 49, fchdir 81 50, rename 82 -, mkdir 83 -, rmdir 84 -, creat 85 -,
    unlink 87 -, readlink 89 -, chmod 90 -, fchmod 91 52, umask 95 166, gettimeofday 96 169, getrusage 98 165, sysinfo 99 179, times
    100 153, getuid 102 174, getgid 104 176, geteuid 107 175, getegid 108 177, getppid 110 173, capget 125 90, rt_sigtimedwait 128
    137, sigaltstack 131 132, statfs 137 43, fstatfs 138 44, prctl 157 167, arch_prctl 158 -, gettid 186 178, listxattr 194 11,
    llistxattr 195 12, time 201 -, futex 202 98, sched_getaffinity 204 123, epoll_create 213 -, getdents64 217 61, set_tid_address
    218 96, restart_syscall 219 128, fadvise64 221 223, clock_gettime 228 113, clock_getres 229 114, clock_nanosleep 230 115,
    exit_group 231 94, epoll_wait 232 -, epoll_ctl 233 21, openat 257 56, mkdirat 258 34, newfstatat 262 79, unlinkat 263 35,
    renameat 264 38, readlinkat 267 78, fchmodat 268 53, faccessat 269 48, pselect6 270 72, ppoll 271 73, set_robust_list 273 99,
    utimensat 280 88, epoll_pwait 281 22, fallocate 285 47, eventfd2 290 19, epoll_create1 291 20, dup3 292 24, pipe2 293 59,
    pwritev 296 70, prlimit64 302 261, getcpu 309 168, renameat2 316 276, getrandom 318 278, membarrier 324 283, copy_file_range 326
    285, pkey_alloc 330 289, statx 332 291, rseq 334 293, clone3 435 435, close_range 436 436, faccessat2 439 439
"""
ARCHITECTURES = ("x86_64", "aarch64")
NUMBER = {}
if MACHINE in ARCHITECTURES:
    for row in NUMBERS.split(","):
        name, *numbers = row.split()
        if numbers[ARCHITECTURES.index(MACHINE)] != "-":
            NUMBER[name] = int(numbers[ARCHITECTURES.index(MACHINE)])

# Reading files, its own memory, its own signals and timers, waiting, the time, and information about itself.
COMPUTING = """
    read write close stat fstat lstat poll lseek mmap mprotect munmap brk rt_sigaction rt_sigprocmask rt_sigreturn pread64 readv
    writev access pipe select sched_yield mremap madvise dup dup2 pause nanosleep getitimer alarm setitimer getpid exit wait4 uname
    getcwd readlink gettimeofday getrusage sysinfo times getuid getgid geteuid getegid getppid rt_sigtimedwait sigaltstack
    arch_prctl gettid time futex sched_getaffinity getdents64 set_tid_address restart_syscall fadvise64 clock_gettime clock_getres
    clock_nanosleep exit_group epoll_wait epoll_ctl newfstatat readlinkat faccessat pselect6 ppoll set_robust_list epoll_pwait
    epoll_create1 dup3 pipe2 getcpu getrandom membarrier statx rseq close_range faccessat2
""".split()
# Changing files, and free space: the mounts, not the filter, then decide where.
WRITING = """
    open pwrite64 sendfile flock fsync fdatasync truncate ftruncate chdir fchdir rename mkdir rmdir creat unlink chmod fchmod umask
    openat mkdirat unlinkat renameat fchmodat utimensat fallocate pwritev renameat2 copy_file_range statfs fstatfs
""".split()
# What V8 and libuv also need: their own events.
ENGINE = "capget epoll_create eventfd2 pkey_alloc".split()
CLONE_THREAD = 0x10000
PRCTL_NAMES = [15, 16, 0x53564D41]  # naming a thread or a range of memory
IOCTL_COMMANDS = [0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451]  # what a file is, its size, whether it blocks and survives exec
# open and openat, only for reading: the call, and which argument holds the flags.
OPENS = (("open", 1), ("openat", 2))
OPENING_TO_WRITE = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
# fcntl, which may duplicate and set flags; it could also send a signal to another process.
FCNTL_COMMANDS = [0, 1, 2, 3, 4, 1030]
FCNTL_LOCKS = [5, 6, 7]  # of parts of files, as SQLite uses them


def one_of(values):
    return [(EQUAL, len(values) - i, 0, value) for i, value in enumerate(values)] + [DENY, ALLOW]


def on_call(name, decision):
    return [(EQUAL, 0, len(decision), NUMBER[name]), *decision] if name in NUMBER else []


def argument(index):
    return (LOAD, 0, 0, 16 + 8 * index)


def upper_half(index):
    return (LOAD, 0, 0, 20 + 8 * index)


def system_call_filter(*, writes_files=False, engine_path=None):
    """A BPF program; None for an unknown architecture.

    writes_files: files may be changed where the mounts allow it. engine_path: for a JavaScript engine, the address of its path.
    """
    is_engine = engine_path is not None
    if MACHINE not in ARCHITECTURES:
        return None
    code = [(LOAD, 0, 0, 4), (EQUAL, 1, 0, AUDIT_ARCH[MACHINE]), KILL, (LOAD, 0, 0, 0)]
    if MACHINE == "x86_64":  # the x32 ABI numbers the same calls differently
        code += [(AT_LEAST, 0, 1, 0x40000000), KILL]
    if not writes_files:
        for name, flags in OPENS:
            code += on_call(name, [argument(flags), (ANY_BIT, 0, 1, OPENING_TO_WRITE), DENY, ALLOW])
    code += on_call("fcntl", [argument(1), *one_of(FCNTL_COMMANDS + writes_files * FCNTL_LOCKS)])
    code += on_call("clone", [argument(0), (ANY_BIT, 1, 0, CLONE_THREAD), DENY, ALLOW])
    code += on_call("clone3", [ABSENT])  # its flags lie in memory; libc falls back on clone
    if is_engine:
        is_half = [(EQUAL, 1, 0, half) for half in (engine_path & 0xFFFFFFFF, engine_path >> 32)]
        code += on_call("execve", [argument(0), is_half[0], DENY, upper_half(0), is_half[1], DENY, ALLOW])
        code += on_call("prctl", [argument(0), *one_of(PRCTL_NAMES)])
        code += on_call("prlimit64", [argument(0), *one_of([0])])  # its own
    if is_engine or writes_files:
        code += on_call("ioctl", [argument(1), *one_of(IOCTL_COMMANDS)])
    if writes_files:
        for name in ("listxattr", "llistxattr"):  # copying a file asks for them, and accepts no other answer as none
            code += on_call(name, [UNSUPPORTED])
    code += one_of([NUMBER[name] for name in COMPUTING + writes_files * WRITING + is_engine * ENGINE if name in NUMBER])
    return b"".join(struct.pack("HBBI", *line) for line in code)


def install(libc, program):
    """Restricts this process to a filter for good. Needs PR_SET_NO_NEW_PRIVS."""
    buffer = ctypes.create_string_buffer(program)
    header = struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(buffer))
    if libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.create_string_buffer(header), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "the kernel refused the filter of system calls")
