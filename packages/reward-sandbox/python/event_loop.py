"""asyncio without sockets, which programs may not open: a loop for timers, tasks and threads, the same in a process and in Pyodide."""
import asyncio
import threading
import time
import warnings


class EventLoop(asyncio.BaseEventLoop):
    """Waits for timers and for calls from other threads; there are no files or connections to wait for."""

    def __init__(self):
        super().__init__()
        self._woken = threading.Event()
        self._selector = self

    def select(self, timeout):
        if timeout is None or timeout > 0:
            try:
                self._woken.wait(timeout)
            except RuntimeError:  # Pyodide has no threads to wake it
                time.sleep(timeout or 0)
        self._woken.clear()
        return []

    def _process_events(self, _):
        pass

    def _write_to_self(self):
        self._woken.set()


def use_plain_event_loops():
    """Makes `asyncio.run` and `asyncio.new_event_loop` use it, and removes what Pyodide has put there to call JavaScript."""
    asyncio.run = asyncio.runners.run
    time.sleep = getattr(time.sleep, "__wrapped__", time.sleep)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python 3.14 deprecates policies

        class Policy(asyncio.DefaultEventLoopPolicy):
            _loop_factory = EventLoop

        asyncio.set_event_loop_policy(Policy())
