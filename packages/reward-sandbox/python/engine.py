"""Becomes a JavaScript engine that runs one of the scripts in ../javascript."""
import os
import sys

executable = None
# Code, threads and tables of the engine, besides what a program may use.
RESERVE = 512 << 20
SCRIPTS = {}


def start(script, memory):
    """Replaces this process. The script finds its files at 3, 4, ..."""
    flags = [f"--max-old-space-size={memory >> 20}", "--v8-pool-size=1", "--no-warnings"]
    os.execve(executable, ["node", *flags, "-e", SCRIPTS[script]], {"UV_THREADPOOL_SIZE": "1"})
