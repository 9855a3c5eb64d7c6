"""How a mail leaves the house: what a carrier does, and how it can end. Where no server is set it lands in a folder."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from workspace.config.files import create, make_folder


class TransportDown(Exception):
    """Nothing can be sent at present, whatever it is: no mail is to blame."""


class TemporaryFailure(Exception):
    """This mail was not taken, and may be later."""


class PermanentFailure(Exception):
    """This mail will never be taken."""


class DeliveryUnknown(Exception):
    """All was said, and no answer came: it may have arrived."""


class Transport(Protocol):
    """Takes one mail at a time: to whom, then what. Each step raises one of the exceptions above."""

    def begin(self, recipient: str) -> None:
        """Ask whether a mail for `recipient` may come."""

    def deliver(self, message: Callable[[], bytes], number: int, following: str = "") -> None:
        """Hand it over, as `message` makes it. When this returns, somebody else answers for it.

        `number` is the same whenever the mail is. The next one will probably be for `following`: it may be asked
        already whether that may come.
        """

    def drop(self) -> None:
        """Let the mail that was begun be none."""

    def close(self) -> None:
        """Let go of what was kept between mails."""


class FileTransport:
    """Each mail a file, which the demo shows (`/mailbox`), or an administrator reads."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def begin(self, recipient: str) -> None:
        """Everybody may have mail here."""

    def deliver(self, message: Callable[[], bytes], number: int, following: str = "") -> None:
        """Write it whole or not at all."""
        finished = path_of(self.path, number)
        unfinished = finished.with_suffix(".part")
        content = message()
        try:
            make_folder(self.path)
            with open(unfinished, "wb", opener=create) as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(finished)
        except OSError as error:
            raise TransportDown(f"{self.path} can't be written to: {error.strerror}") from error

    def drop(self) -> None:
        """Nothing was begun."""

    def close(self) -> None:
        """Nothing is kept."""


def files(folder: Path) -> list[Path]:
    """The mails in a folder, the newest first."""
    return sorted(folder.glob("*.eml"), reverse=True)


def path_of(folder: Path, number: int) -> Path:
    """Where the mail of this number (its row's id) is in a folder."""
    return folder / f"{number:010}.eml"
