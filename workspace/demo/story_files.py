"""The story's files: pictures that were drawn for it, and documents that are made of its text."""

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from werkzeug.datastructures import FileStorage

from workspace.demo import story_documents
from workspace.files import receiving
from workspace.files.attaching import Attachments

if TYPE_CHECKING:
    from workspace.demo.story_loader import StoryPlayer

PICTURES = Path(__file__).parent / "story" / "pictures"


def of_event(player: "StoryPlayer", event: dict[str, Any]) -> Attachments:
    """The files of a text, which the worker checks as any others: `event["files"]`, each with its name.

    It is a `picture`, with what it shows (`alt`), or the text of a `pdf` with its `title`, or the `rows` of a spreadsheet.
    """
    by = player.memberships[event["by"]]
    alts: dict[int, str] = {}
    for place, told in enumerate(event.get("files", ())):
        sent = FileStorage(io.BytesIO(_content(told)), filename=told["name"])
        number = receiving.receive_here(by, sent, player.key(f"{event['nth']}-file-{place}"))
        alts[number] = told.get("alt", "")
    return Attachments(uploads=tuple(alts), alts=alts)


def _content(told: dict[str, Any]) -> bytes:
    if "picture" in told:
        return (PICTURES / told["picture"]).read_bytes()
    if "pdf" in told:
        return story_documents.pdf(told["title"], told["pdf"])
    return story_documents.spreadsheet(told["rows"])
