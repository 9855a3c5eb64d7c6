"""A lock that serves its waiters in order."""

from collections import deque
from threading import Lock


class FifoLock:
    """A lock that passes from the thread that releases it to the one that has waited longest."""

    def __init__(self) -> None:
        self._guard = Lock()
        self._is_held = False
        self._waiters: deque[Lock] = deque()

    @property
    def length(self) -> int:
        """How many threads wait."""
        return len(self._waiters)

    def acquire(self, timeout: float) -> bool:
        """Wait for the lock, at most `timeout` seconds; whether it was acquired."""
        with self._guard:
            if not self._is_held:
                self._is_held = True
                return True
            waiter = Lock()
            waiter.acquire()
            self._waiters.append(waiter)
        return waiter.acquire(timeout=timeout) or not self._give_up(waiter)

    def release(self) -> None:
        """Hand the lock to the next waiter, if there is one."""
        with self._guard:
            if self._waiters:
                self._waiters.popleft().release()
            else:
                self._is_held = False

    def _give_up(self, waiter: Lock) -> bool:
        """Stop waiting; False when the lock has just been handed over after all."""
        with self._guard:
            if waiter in self._waiters:
                self._waiters.remove(waiter)
                return True
            return False
