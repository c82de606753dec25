import { ANSWERS_FILE, type Attack } from "./attack.fixture.ts";

export const fileSystem: Attack[] = [
  {
    name: "reads the answers from a file of the user",
    code: `import json\ndef f(x):\n    return json.load(open('${ANSWERS_FILE}'))[str(x)]`,
    verdict: "exception",
    weaker: { process: "forbidden", none: "pass" },
    withoutLandlock: "pass",
  },
  {
    name: "searches the disk for the answers",
    code: `import json, os\ndef f(x):\n    name = next(n for n in os.listdir('/tmp') if n == '${ANSWERS_FILE.slice(5)}')\n    return json.load(open('/tmp/' + name))[str(x)]`,
    verdict: "exception",
    weaker: { process: "forbidden", none: "pass" },
    withoutLandlock: "pass",
  },
  {
    name: "reads the password file",
    code: "def f(x):\n    return open('/etc/shadow').read()",
    verdict: "exception",
    weaker: { process: "forbidden", none: "forbidden" },
  },
  {
    name: "reads its parent's memory as a file",
    code: "import os\ndef f(x):\n    return open(f'/proc/{os.getppid()}/mem', 'rb').read(1)",
    verdict: "exception",
    weaker: { process: "forbidden", none: "forbidden" },
  },
  {
    name: "reads its parent's files",
    code: "import os\ndef f(x):\n    return os.listdir(f'/proc/{os.getppid()}/fd')",
    verdict: "exception",
    weaker: { process: "forbidden", none: "forbidden" },
  },
  {
    name: "writes to its parent's pipe as a file",
    code: "import os\ndef f(x):\n    open(f'/proc/{os.getppid()}/fd/1', 'w').write('{}\\n')",
    verdict: "forbidden",
    weaker: { pyodide: "exception" },
  },
  {
    name: "writes a file",
    code: "import os\ndef f(x):\n    open('/tmp/left-behind-' + str(os.getpid()), 'w')\n    return 0",
    verdict: "forbidden",
    weaker: { pyodide: "wrong", none: "wrong" },
  },
  {
    name: "writes a file under a relative name",
    code: "def f(x):\n    open('left-behind', 'x')\n    return 0",
    verdict: "forbidden",
    weaker: { pyodide: "wrong", none: ["wrong", "exception"] },
  },
  {
    name: "makes a folder",
    code: "import os\ndef f(x):\n    os.mkdir('/tmp/left-behind')\n    return 0",
    verdict: "forbidden",
    weaker: { pyodide: "wrong", none: ["wrong", "exception"] },
  },
  {
    name: "makes a link",
    code: "import os\ndef f(x):\n    os.symlink('/etc', '/tmp/left-behind')\n    return 0",
    verdict: "forbidden",
    weaker: { pyodide: "wrong", none: ["wrong", "exception"] },
  },
  {
    name: "makes a named pipe",
    code: "import os\ndef f(x):\n    os.mkfifo('/tmp/left-behind')\n    return 0",
    verdict: "forbidden",
    weaker: { pyodide: "exception", none: ["wrong", "exception"] },
  },
  {
    name: "removes a file",
    code: `import os\ndef f(x):\n    os.unlink('${ANSWERS_FILE}')\n    return 0`,
    verdict: "forbidden",
    weaker: { pyodide: "exception", none: "exception" },
  },
  {
    name: "changes Python's own files",
    code: "import json\ndef f(x):\n    open(json.__file__, 'a').write('#')\n    return 0",
    verdict: "forbidden",
    weaker: { pyodide: "exception" },
  },
  {
    name: "writes to shared memory",
    code: "def f(x):\n    open('/dev/shm/left-behind', 'w')\n    return 0",
    verdict: "forbidden",
    weaker: { pyodide: "wrong", none: "wrong" },
  },
  {
    name: "makes a file in memory",
    code: "import os\ndef f(x):\n    return os.memfd_create('x')",
    verdict: "forbidden",
    weaker: { pyodide: "exception", none: "wrong" },
  },
  {
    name: "leaves shared memory behind",
    code: "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\ndef f(x):\n    if libc.shmget(0, 1 << 20, 0o1600) < 0: raise OSError(ctypes.get_errno(), 'denied')\n    return 0",
    verdict: "forbidden",
    weaker: { pyodide: "exception", none: "wrong" },
  },
  {
    name: "mounts",
    code: "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\ndef f(x):\n    if libc.mount(b'none', b'/tmp', b'tmpfs', 0, None) < 0: raise OSError(ctypes.get_errno(), 'denied')\n    return 0",
    verdict: "forbidden",
    weaker: { pyodide: "exception" },
  },
];
