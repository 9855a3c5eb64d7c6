"""A kind of mail for tests, also in processes of their own."""

from workspace.mail.message_types import EmailContent, email_type
from workspace.mail.models import Mail


def register() -> None:
    """Register mails that say what their references say, and one that can't be written."""

    @email_type("note", "Note")
    def write(mail: Mail) -> EmailContent | None:
        subject = mail.payload.get("subject")
        if subject == "broken":
            raise ValueError("This one can't be written.")
        trouble = "Half of it could not be told." if subject == "half" else ""
        return (
            EmailContent(subject=subject, text=f"{subject}\n.\n", html=f"<p>{subject}</p>", trouble=trouble)
            if subject
            else None
        )
