"""Work that is done once, in the process that each program is forked from."""
import ctypes
import gc
import threading

from sandbox.event_loop import use_plain_event_loops

OFTEN_IMPORTED = ("ast", "bisect", "copy", "dataclasses", "datetime", "functools", "heapq", "itertools", "math", "operator", "random", "re", "string", "typing")


# Addresses of a thread's stack, which count as a program's memory: half of Linux's default, so that a hundred fit into 512 MB.
STACK = 4 << 20
M_ARENA_MAX = -8


def save_addresses():
    """Lets threads share one heap: glibc reserves 64 MB of addresses for each further one."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "mallopt"):
        libc.mallopt(M_ARENA_MAX, 1)
    threading.stack_size(STACK)


def warm_up():
    for name in OFTEN_IMPORTED:
        __import__(name)
    save_addresses()
    use_plain_event_loops()
    import random

    random.seed(0)  # with PYTHONHASHSEED, the same program gives the same outputs each time
    gc.collect()
    gc.freeze()
