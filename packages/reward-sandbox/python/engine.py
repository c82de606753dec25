"""Becomes a JavaScript engine that runs one of the scripts in ../javascript."""
import ctypes
import mmap
import os

# The engine's path, at an address that no engine knows or can choose: the system-call filter accepts an execve path only from there.
# So an engine can be started, but cannot become another program.
PAGE = mmap.mmap(-1, mmap.PAGESIZE)
PATH_ADDRESS = ctypes.addressof(ctypes.c_char.from_buffer(PAGE))
# Code, threads and tables of the engine, in addition to what a program may use.
RESERVE = 512 << 20
SCRIPTS = {}
# The system's OpenSSL configuration is not readable, which an engine would treat as an error.
ENVIRONMENT = ("UV_THREADPOOL_SIZE=1", "OPENSSL_CONF=/dev/null")


def use(path):
    PAGE[:] = os.fsencode(path).ljust(len(PAGE), b"\0")


def texts(items):
    """An array of C strings."""
    return (ctypes.c_char_p * (len(items) + 1))(*map(os.fsencode, items), None)


def start(script, memory):
    """Replaces this process. The script finds its files at 3, 4, ..."""
    flags = [f"--max-old-space-size={memory >> 20}", "--v8-pool-size=1", "--no-warnings"]
    args = ["node", *flags, "-e", f"{SCRIPTS[script]}(require, {SCRIPTS['modules']})"]
    libc = ctypes.CDLL(None, use_errno=True)
    libc.execve(ctypes.c_void_p(PATH_ADDRESS), texts(args), texts(ENVIRONMENT))
    raise OSError(ctypes.get_errno(), "the engine was not started")
