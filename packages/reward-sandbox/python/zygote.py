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
PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, PR_SET_PDEATHSIG = 4, 38, 22, 1
SECCOMP_MODE_FILTER = 2
libc = ctypes.CDLL(None, use_errno=True)

# System calls that a pure function never needs, by machine: processes, signals to others, network, mounts, tracing.
DENIED = {
    "x86_64": [41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 53, 54, 55, 56, 57, 58, 59, 62, 101, 109, 112, 129, 155, 161, 165, 166,
               200, 206, 209, 234, 240, 246, 248, 250, 272, 288, 298, 299, 304, 308, 310, 311, 320, 321, 322, 323, 424, 425, 434, 435, 437],
    "aarch64": [129, 130, 131, 154, 157, 117, 97, 198, 199, 200, 201, 202, 203, 204, 205, 206, 207, 208, 209, 210, 211, 212, 220,
                221, 39, 40, 51, 241, 242, 243, 265, 268, 269, 270, 271, 280, 281, 282, 424, 425, 434, 435, 437],
}
AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}


def deny_system_calls():
    """Installs a seccomp filter that answers EPERM; kills a program of another architecture."""
    machine = platform.machine()
    if machine not in DENIED:
        return False
    allow, deny, kill = 0x7FFF0000, 0x00050001, 0x80000000
    numbers = DENIED[machine]
    code = [(0x20, 0, 0, 4), (0x15, 1, 0, AUDIT_ARCH[machine]), (0x06, 0, 0, kill), (0x20, 0, 0, 0)]
    if machine == "x86_64":  # the x32 ABI numbers the same calls differently
        code += [(0x35, 0, 1, 0x40000000), (0x06, 0, 0, kill)]
    for i, number in enumerate(numbers):
        code.append((0x15, len(numbers) - i, 0, number))
    code += [(0x06, 0, 0, allow), (0x06, 0, 0, deny)]
    program = b"".join(struct.pack("HBBI", *line) for line in code)
    buffer = ctypes.create_string_buffer(program)
    header = struct.pack("HxxxxxxP", len(code), ctypes.addressof(buffer))
    return libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.create_string_buffer(header), 0, 0) == 0


def restrict(memory, wall):
    os.setsid()
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


def parse_line(line):
    try:
        status, value = json.loads(line)
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
    if "--probe" in sys.argv:
        print(json.dumps({"python": platform.python_version(), "machine": platform.machine(), "seccomp": platform.machine() in DENIED}), flush=True)
        return
    libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    for line in sys.stdin.buffer:
        job = json.loads(line)
        answer = json.dumps({"id": job["id"], **run(job)}) + "\n"
        sys.stdout.buffer.write(answer.encode())
        sys.stdout.buffer.flush()


main()
