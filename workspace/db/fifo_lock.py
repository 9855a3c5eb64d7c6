"""Turns: whoever waits first is first."""

from collections import deque
from threading import Lock


class FifoLock:
    """A lock that is handed from one thread to the one that has waited longest."""

    def __init__(self) -> None:
        self._door = Lock()
        self._is_taken = False
        self._waiting: deque[Lock] = deque()

    @property
    def length(self) -> int:
        """How many wait."""
        return len(self._waiting)

    def acquire(self, seconds: float) -> bool:
        """Wait for one's turn; False when it has not come within so many seconds."""
        with self._door:
            if not self._is_taken:
                self._is_taken = True
                return True
            mine = Lock()
            mine.acquire()
            self._waiting.append(mine)
        return mine.acquire(timeout=seconds) or not self._leave(mine)

    def release(self) -> None:
        """Let the next one have it."""
        with self._door:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._is_taken = False

    def _leave(self, mine: Lock) -> bool:
        """Wait no longer; False when the turn has come just now."""
        with self._door:
            if mine in self._waiting:
                self._waiting.remove(mine)
                return True
            return False
