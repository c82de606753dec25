import type { Attack } from "./attack.fixture.ts";

export const network: Attack[] = [
  {
    name: "connects to this machine",
    code: "import socket\ndef f(x):\n    socket.create_connection(('127.0.0.1', 80))\n    return 0",
    verdict: "forbidden",
    weaker: { pyodide: "exception", none: "exception" },
  },
  {
    name: "asks for a name",
    code: "import socket\ndef f(x):\n    return socket.gethostbyname('example.org')",
    verdict: ["exception", "forbidden"],
    weaker: { pyodide: "wrong" },
  },
  {
    name: "sends a datagram",
    code: "import socket\ndef f(x):\n    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 53))\n    return 0",
    verdict: "forbidden",
    weaker: { pyodide: "exception", none: "wrong" },
  },
  {
    name: "listens",
    code: "import socket\ndef f(x):\n    socket.create_server(('127.0.0.1', 0))\n    return 0",
    verdict: "forbidden",
    weaker: { pyodide: "exception", none: "wrong" },
  },
  {
    name: "opens a raw socket",
    code: "import socket\ndef f(x):\n    socket.socket(socket.AF_PACKET, socket.SOCK_RAW)\n    return 0",
    verdict: "forbidden",
    weaker: { pyodide: "exception" },
  },
  {
    name: "connects to a local service's socket",
    code: "import socket\ndef f(x):\n    socket.socket(socket.AF_UNIX).connect('/run/dbus/system_bus_socket')\n    return 0",
    verdict: "forbidden",
    weaker: { pyodide: "exception", none: "exception" },
  },
  {
    name: "makes a pair of sockets",
    code: "import socket\ndef f(x):\n    socket.socketpair()\n    return 0",
    verdict: "forbidden",
    weaker: { pyodide: "exception", none: "wrong" },
  },
  {
    name: "fetches a page",
    code: "import urllib.request\ndef f(x):\n    return urllib.request.urlopen('http://127.0.0.1:80/').status",
    verdict: ["exception", "forbidden"],
  },
  {
    name: "asks for io_uring, which could open sockets",
    code: "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\ndef f(x):\n    if libc.syscall(425, 8, bytes(120)) < 0: raise OSError(ctypes.get_errno(), 'denied')\n    return 0",
    verdict: "forbidden",
    weaker: { pyodide: "exception", none: "wrong" },
  },
];
