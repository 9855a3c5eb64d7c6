"""The points at which a worker is killed: between any two things that a worker does with an email."""

import os
import signal
import smtplib
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, event

from workspace.db import db
from workspace.mail import delivery
from workspace.mail.smtp import SmtpTransport

# In the order in which they are passed.
POINTS = (
    "before it is taken",
    "taken, not committed",
    "taken",
    "before MAIL",
    "after MAIL",
    "after RCPT",
    "before it is written",
    "written",
    "sending, not committed",
    "sending",
    "after DATA",
    "in the middle of the text",
    "before the last dot",
    "after the last dot",
    "accepted",
    "sent, not committed",
    "sent",
)
# Where the mail has been accepted, or may have been, and nobody has written it down.
IN_DOUBT = POINTS[POINTS.index("after the last dot") : POINTS.index("sent")]


class Death:
    """Kills this process, as the kernel would, when it comes to the point for the `nth` time."""

    def __init__(self, point: str, nth: int) -> None:
        assert point in POINTS
        self.point, self.left = point, nth

    def at(self, point: str) -> None:
        """Here is the point."""
        if point == self.point:
            self.left -= 1
            if self.left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def install(self) -> None:
        """Stand at every point of this process."""
        self._around(delivery, "claim_due", before="before it is taken", after="taken")
        self._around(SmtpTransport, "_start_transaction", before="before MAIL", after="after MAIL")
        self._around(SmtpTransport, "start", after="after RCPT")
        self._around(delivery, "written", before="before it is written")
        self._around(delivery, "build_mime", after="written")
        self._around(delivery, "start_sending", after="sending")
        self._around(smtplib.SMTP, "putcmd", after="after DATA", when=lambda self, command, *rest: command == "DATA")
        self._around(smtplib.SMTP, "getreply", after="accepted", when=lambda server: server.__dict__.pop("dotted", 0))
        self._around(delivery, "complete", after="sent")
        self._stand_in_the_text()
        self._stand_before_commits()

    def _around(
        self,
        owner: Any,
        name: str,
        *,
        before: str = "",
        after: str = "",
        when: Callable[..., bool] = lambda *arguments: True,
    ) -> None:
        original = getattr(owner, name)

        def standing(*arguments: Any, **named: Any) -> Any:
            is_here = when(*arguments)
            if before and is_here:
                self.at(before)
            result = original(*arguments, **named)
            if after and is_here:
                self.at(after)
            return result

        setattr(owner, name, standing)

    def _stand_in_the_text(self) -> None:
        send = smtplib.SMTP.send

        def sending(server: smtplib.SMTP, said: Any) -> None:
            is_text = isinstance(said, bytes) and len(said) > 200
            for point, end in (("in the middle of the text", len(said) // 2), ("before the last dot", -len(".\r\n"))):
                if is_text and self.point == point and self.left <= 1:
                    send(server, said[:end])
                if is_text:
                    self.at(point)
            send(server, said)
            if is_text:
                self.at("after the last dot")
            server.dotted = is_text  # type: ignore[attr-defined]

        smtplib.SMTP.send = sending  # type: ignore[method-assign, assignment]

    def _stand_before_commits(self) -> None:
        def committing_in(place: str, call: Callable[..., Any]) -> Callable[..., Any]:
            def before(connection: Connection) -> None:
                self.at(place)

            def called(*arguments: Any) -> Any:
                event.listen(db.engine, "commit", before)
                try:
                    return call(*arguments)
                finally:
                    event.remove(db.engine, "commit", before)

            return called

        steps: Any = delivery
        steps.claim_due = committing_in("taken, not committed", steps.claim_due)
        steps.start_sending = committing_in("sending, not committed", steps.start_sending)
        steps.complete = committing_in("sent, not committed", steps.complete)
