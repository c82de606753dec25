"""Runs untrusted Python functions, one forked child per job. Started once per worker by worker.ts.

A job is one line of JSON on standard input: { id, code, entry, inputs, wall, memory }. The answer is one line on standard
output: { id, syntax, results }. Inputs go in and outputs come out; what a right answer would be never enters this process.
The child answers one line per input over a pipe, so that a loop in the third call does not lose the first two.
"""
import ast
import ctypes
import json
import os
import platform
import resource
import select
import signal
import struct
import sys
import time

OUTPUT_LIMIT = 1 << 20
NOBODY = 65534
PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, PR_SET_PDEATHSIG = 4, 38, 22, 1
SECCOMP_MODE_FILTER = 2
libc = ctypes.CDLL(None, use_errno=True)

# The only system calls that a candidate may make, by machine: reading files, its own memory, signals and timers, waiting,
# asking for the time and for what it is. All others are answered EPERM: processes and threads, signals to others, network,
# limits and priorities of others, memory that outlives the job, changes to files, and whatever a later kernel adds.
ALLOWED = {
    "x86_64": [0, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 17, 19, 20, 21, 22, 23, 24, 25, 28, 32, 33, 34, 35, 36, 37, 38, 39,
               60, 61, 63, 79, 89, 96, 98, 99, 100, 102, 104, 107, 108, 110, 128, 131, 158, 186, 201, 202, 204, 217, 218, 219, 221,
               228, 229, 230, 231, 232, 233, 262, 267, 269, 270, 271, 273, 281, 291, 292, 293, 309, 318, 324, 332, 334, 436, 439],
    "aarch64": [17, 20, 21, 22, 23, 24, 48, 57, 59, 61, 62, 63, 64, 65, 66, 67, 72, 73, 78, 79, 80, 93, 94, 96, 98, 99, 101, 102, 103,
                113, 114, 115, 123, 124, 128, 132, 134, 135, 137, 139, 153, 160, 165, 168, 169, 172, 173, 174, 175, 176, 177, 178, 179,
                214, 215, 216, 222, 223, 226, 233, 260, 278, 283, 291, 293, 436, 439],
}
# open and openat, which may only read: call, and which argument holds the flags.
OPENS = {"x86_64": [(2, 1), (257, 2)], "aarch64": [(56, 2)]}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
# fcntl, which may duplicate and set flags; it could also aim a signal at another process.
FCNTL = {"x86_64": 72, "aarch64": 25}
FCNTL_COMMANDS = [0, 1, 2, 3, 4, 1030]
AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}


def deny_system_calls():
    """Installs a seccomp filter that answers EPERM; kills a program of another architecture."""
    machine = platform.machine()
    if machine not in ALLOWED:
        return False
    load, equal, any_bit, end = 0x20, 0x15, 0x45, 0x06
    allow, deny, kill = (end, 0, 0, 0x7FFF0000), (end, 0, 0, 0x00050001), (end, 0, 0, 0x80000000)

    def allow_if_one_of(values):
        return [(equal, len(values) - i, 0, value) for i, value in enumerate(values)] + [deny, allow]

    code = [(load, 0, 0, 4), (equal, 1, 0, AUDIT_ARCH[machine]), kill, (load, 0, 0, 0)]
    if machine == "x86_64":  # the x32 ABI numbers the same calls differently
        code += [(0x35, 0, 1, 0x40000000), kill]
    for number, argument in OPENS[machine]:
        code += [(equal, 0, 4, number), (load, 0, 0, 16 + 8 * argument), (any_bit, 0, 1, WRITING), deny, allow]
    commands = allow_if_one_of(FCNTL_COMMANDS)
    code += [(equal, 0, len(commands) + 1, FCNTL[machine]), (load, 0, 0, 16 + 8 * 1), *commands]
    code += allow_if_one_of(ALLOWED[machine])
    program = b"".join(struct.pack("HBBI", *line) for line in code)
    buffer = ctypes.create_string_buffer(program)
    header = struct.pack("HxxxxxxP", len(code), ctypes.addressof(buffer))
    return libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.create_string_buffer(header), 0, 0) == 0


def restrict(memory, wall):
    os.setsid()
    if os.geteuid() == 0:  # without bubblewrap, as root: nobody's files and processes are as good as out of reach
        try:
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
        except OSError:
            pass  # a user namespace without that user
    libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    seconds = int(wall) + 2
    for what, limit in (
        (resource.RLIMIT_AS, memory), (resource.RLIMIT_CPU, seconds), (resource.RLIMIT_FSIZE, OUTPUT_LIMIT),
        (resource.RLIMIT_NOFILE, 32), (resource.RLIMIT_CORE, 0), (resource.RLIMIT_NPROC, 64),
    ):
        resource.setrlimit(what, (limit, limit))
    libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    deny_system_calls()


class Refused(Exception):
    pass


def encode(value, depth=0):
    """A value of exactly these types as JSON with tags; anything else, subclasses included, is refused."""
    if depth > 40:
        raise Refused("nested too deeply")
    kind = type(value)
    if value is None or kind is bool:
        return value
    if kind is int:
        return value if -(2 ** 53) < value < 2 ** 53 else {"int": str(value)}
    if kind is float:
        return {"float": repr(value)}
    if kind is str:
        return value
    if kind is list:
        return [encode(item, depth + 1) for item in value]
    if kind is tuple:
        return {"tuple": [encode(item, depth + 1) for item in value]}
    if kind is set or kind is frozenset:
        return {"set": sorted((encode(item, depth + 1) for item in value), key=json.dumps)}
    if kind is dict:
        return {"dict": [[encode(key, depth + 1), encode(item, depth + 1)] for key, item in value.items()]}
    raise Refused(kind.__name__)


def decode(value):
    """The inverse, for inputs."""
    if type(value) is list:
        return [decode(item) for item in value]
    if type(value) is dict:
        (tag, inner), = value.items()
        if tag == "int":
            return int(inner)
        if tag == "float":
            return float(inner)
        if tag == "tuple":
            return tuple(decode(item) for item in inner)
        if tag == "set":
            return {decode(item) for item in inner}
        return {decode(key): decode(item) for key, item in inner}
    return value


def child(job, first, out):
    """Defines the function and answers inputs[first:]; every exit but the last line's means that the candidate ended us."""
    dumps, write, encode_value, decode_value = json.dumps, os.write, encode, decode

    def answer(status, value=None):
        line = dumps([status, value]).encode()
        if len(line) > OUTPUT_LIMIT:
            line = b'["overflow", null]'
        line += b"\n"
        while line:
            line = line[write(out, line):]

    try:
        tree = ast.parse(job["code"])
    except MemoryError:
        answer("memory")
        return
    except (SyntaxError, ValueError, RecursionError):
        answer("syntax")
        return
    answer("parsed")

    def attempt(action):
        try:
            return "ok", action()
        except MemoryError:
            return "memory", None
        except SystemExit:
            return "exit", None
        except Refused as error:
            return "refused", str(error)
        except BaseException as error:
            return "error", type(error).__name__

    scope = {"__name__": "candidate"}
    status, detail = attempt(lambda: exec(compile(tree, "candidate.py", "exec"), scope))
    if status != "ok":
        answer("module-" + status, detail)
        return
    for args in job["inputs"][first:]:
        status, detail = attempt(lambda: encode_value(scope[job["entry"]](*decode_value(args))))
        try:
            answer(status, detail)
        except MemoryError:
            answer("memory")


def read_lines(pipe, deadline, lines, wanted):
    """Reads answers until there are enough, the pipe closes (True) or the time is over (False)."""
    rest = b""
    total = 0
    while len(lines) < wanted:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([pipe], [], [], left)[0]:
            return False
        data = os.read(pipe, 1 << 16)
        if not data:
            return True
        total += len(data)
        if total > 4 * OUTPUT_LIMIT:
            return True
        *whole, rest = (rest + data).split(b"\n")
        lines.extend(whole)
    return True


def run_from(job, first, deadline):
    """One child, from input `first` on. Returns (its lines, whether it ran out of time)."""
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(read_end)
            null = os.open(os.devnull, os.O_RDWR) if os.path.exists(os.devnull) else None
            for fd in (0, 1, 2):
                os.close(fd) if null is None else os.dup2(null, fd)
            os.closerange(3, write_end)
            os.closerange(write_end + 1, 256)
            restrict(job["memory"], job["wall"])
            child(job, first, write_end)
        finally:
            os._exit(0)
    os.close(write_end)
    lines = []
    finished = read_lines(read_end, deadline, lines, len(job["inputs"]) - first + 1)
    os.close(read_end)
    for target in (-pid, pid):
        try:
            os.kill(target, signal.SIGKILL) if target > 0 else os.killpg(pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
    _, status = os.waitpid(pid, 0)
    ran_out = not finished or (os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGXCPU)
    return lines, ran_out


def refuse_number(text):
    raise ValueError(text)


def parse_line(line):
    """A child's answer. Floats travel as tagged text: a bare one, NaN or Infinity is the candidate's own writing."""
    try:
        status, value = json.loads(line, parse_float=refuse_number, parse_constant=refuse_number)
        return [status, value] if type(status) is str else ["error", "forged"]
    except (ValueError, TypeError, RecursionError):
        return ["error", "forged"]


def run(job):
    """Statuses of all inputs; forks again after a child was killed or left early, within the job's time."""
    count = len(job["inputs"])
    job_deadline = time.monotonic() + job["wall"] * 3
    results = []
    syntax = True
    first_attempt = True
    while first_attempt or len(results) < count:
        first_attempt = False
        deadline = min(job_deadline, time.monotonic() + job["wall"])
        if time.monotonic() >= job_deadline:
            results += [["timeout", None]] * (count - len(results))
            break
        lines, ran_out = run_from(job, len(results), deadline)
        parsed = [parse_line(line) for line in lines]
        if not parsed or parsed[0][0] != "parsed":
            # Not even parsed: a syntax error, or source text that exhausts time or memory.
            status = parsed[0] if parsed else ["timeout" if ran_out else "memory", None]
            syntax = status[0] != "syntax"
            return {"syntax": syntax, "results": [status] * count}
        answers = parsed[1:]
        if answers and answers[0][0].startswith("module-"):
            results += [[answers[0][0][7:], answers[0][1]]] * (count - len(results))
            break
        results += answers[: count - len(results)]
        if len(results) < count:
            results.append(["timeout" if ran_out else "exit", None])
            if not answers and len(results) < count:
                # Ended before the first answer: the module's own top level does it, or every call will.
                results += [results[-1]] * (count - len(results))
    return {"syntax": syntax, "results": results}


def main():
    libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    for line in sys.stdin.buffer:
        job = json.loads(line)
        answer = json.dumps({"id": job["id"], **run(job)}) + "\n"
        sys.stdout.buffer.write(answer.encode())
        sys.stdout.buffer.flush()


main()
