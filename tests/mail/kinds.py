"""A kind of mail for tests, also in processes of their own."""

from workspace.mail.letters import Letter, kind
from workspace.mail.models import Mail


def register() -> None:
    """Register mails that say what their references say, and one that can't be written."""

    @kind("note", "Note")
    def write(mail: Mail) -> Letter | None:
        subject = mail.references.get("subject")
        if subject == "broken":
            raise ValueError("This one can't be written.")
        trouble = "Half of it could not be told." if subject == "half" else ""
        return (
            Letter(subject=subject, text=f"{subject}\n.\n", html=f"<p>{subject}</p>", trouble=trouble)
            if subject
            else None
        )
