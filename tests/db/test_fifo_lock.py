"""The fair lock: whoever waits first is first, and nobody for ever."""

from threading import Event, Thread

from workspace.db.fifo_lock import FifoLock


def waiting(turns: FifoLock, number: int, order: list[int]) -> Thread:
    """A thread that waits for its turn behind those who wait already."""
    before, asked = turns.length, Event()

    def work() -> None:
        asked.set()
        assert turns.acquire(10)
        order.append(number)
        turns.release()

    thread = Thread(target=work)
    thread.start()
    asked.wait()
    while turns.length == before:
        pass
    return thread


def test_turns_come_in_the_order_in_which_they_were_asked_for() -> None:
    turns, order = FifoLock(), list[int]()
    assert turns.acquire(0)
    threads = [waiting(turns, number, order) for number in range(20)]
    turns.release()
    for thread in threads:
        thread.join()
    assert order == list(range(20))


def test_whoever_waits_too_long_gives_up_and_holds_up_nobody() -> None:
    turns = FifoLock()
    assert turns.acquire(0)
    assert not turns.acquire(0.01)
    assert turns.length == 0
    turns.release()
    assert turns.acquire(0)
