"""How an email leaves: what a transport does, and how that can end. Without a mail server it lands in a folder."""

import os
from pathlib import Path
from typing import Protocol

from workspace.config.files import create, make_folder


class TransportDown(Exception):
    """Nothing can be sent at present: no email is to blame."""


class TemporaryFailure(Exception):
    """This email was not accepted, and may be later."""


class PermanentFailure(Exception):
    """This email will never be accepted."""


class DeliveryUnknown(Exception):
    """All of it was sent, and no reply came: it may have arrived."""


class Transport(Protocol):
    """Takes one email at a time: to whom, then what. Each step raises one of the exceptions above."""

    def start(self, recipient: str) -> None:
        """Ask whether an email to `recipient` is accepted."""

    def deliver(self, message: bytes, number: int) -> None:
        """Hand it over. When this returns, the recipient's side is responsible for it.

        `number` is the same for each attempt at the same email.
        """

    def abort(self) -> None:
        """Forget the email that was started."""

    def close(self) -> None:
        """Release what was kept between emails."""


class FileTransport:
    """Each email is a file, which the demo shows (`/mailbox`), or an administrator reads."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def start(self, recipient: str) -> None:
        """Everybody is accepted here."""

    def deliver(self, message: bytes, number: int) -> None:
        """Write it whole or not at all."""
        finished = path_of(self.path, number)
        unfinished = finished.with_suffix(".part")
        try:
            make_folder(self.path)
            with open(unfinished, "wb", opener=create) as file:
                file.write(message)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(finished)
        except OSError as error:
            raise TransportDown(f"{self.path} can't be written to: {error.strerror}") from error

    def abort(self) -> None:
        """Nothing was started."""

    def close(self) -> None:
        """Nothing is kept."""


def files(folder: Path) -> list[Path]:
    """The emails in a folder, the newest first."""
    return sorted(folder.glob("*.eml"), reverse=True)


def path_of(folder: Path, number: int) -> Path:
    """Where the email of this number (its row's id) is in a folder."""
    return folder / f"{number:010}.eml"
