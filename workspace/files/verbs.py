"""What is done about files."""

from functools import partial
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext

from workspace.partnerships.activity_log import Entry
from workspace.partnerships.verbs import Verb, who


def _attached(entry: Entry) -> str:
    return ngettext(
        "%(who)s attached %(num)s file",
        "%(who)s attached %(num)s files",
        int(entry.details.get("count", 1)),
        who=who(entry),
    )


def _removed(entry: Entry) -> str:
    if reason := entry.details.get("reason"):
        return _("%(who)s removed a file: %(reason)s", who=who(entry), reason=reason)
    return _("%(who)s removed a file", who=who(entry))


def _new_files(place: Any, count: int) -> str:
    return ngettext("%(num)s file attached in %(name)s", "%(num)s files attached in %(name)s", count, name=place.name)


def _new_versions(place: Any, count: int) -> str:
    return ngettext(
        "%(num)s new version of a file in %(name)s", "%(num)s new versions of files in %(name)s", count, name=place.name
    )


# What a file is called stands beside the sentence, where it can still be read (queries.names_of_files).
_OfFile = partial(Verb, in_thread=True, changes_text=True, texts=("name", "reason"), page="files")

ATTACHED = _OfFile(
    "attached",
    _attached,
    icon="attach",
    bumps_activity=True,
    act=_l("%(who)s attached files"),
    digest_line=_new_files,
)
REPLACED_FILE = _OfFile(
    "replaced_file",
    _l("%(who)s shared a new version of a file"),
    icon="attach",
    bumps_activity=True,
    act=_l("%(who)s shared a new version of a file"),
    digest_line=_new_versions,
)
REMOVED_FILE = _OfFile("removed_file", _removed, icon="trash")
RESTORED_FILE = _OfFile("restored_file", _l("%(who)s brought a file back"), icon="undo")
# Only its uploader is told, where the file stands.
REFUSED_FILE = Verb("refused_file", None, changes_text=True, texts=("name", "reason"))
ERASED_FILE = _OfFile("erased_file", _l("%(who)s deleted a file for good: %(reason)s"), icon="trash")
OF_FILES = (ATTACHED, REPLACED_FILE, REMOVED_FILE, RESTORED_FILE, REFUSED_FILE, ERASED_FILE)
