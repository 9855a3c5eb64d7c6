"""What is done about roles and who holds them."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from workspace.partnerships.activity_log import Entry
from workspace.partnerships.verbs import Verb, who


def _took_role(entry: Entry) -> str:
    name = entry.details.get("name", "")
    if entry.details.get("kind") == "accountable":
        return _("%(who)s took over the responsibility for ‘%(name)s’", who=who(entry), name=name)
    return _("%(who)s helps with ‘%(name)s’ now", who=who(entry), name=name)


def _left_role(entry: Entry) -> str:
    name = entry.details.get("name", "")
    if entry.actor_id == entry.subject_id or entry.subject is None:
        return _("%(who)s stepped down from the role ‘%(name)s’", who=who(entry), name=name)
    person = entry.subject.user.name
    return _("%(who)s removed %(person)s from the role ‘%(name)s’", who=who(entry), person=person, name=name)


ADDED_ROLE = Verb("added_role", _l("%(who)s added the role ‘%(name)s’"), texts=("name",))
EDITED_ROLE = Verb("edited_role", _l("%(who)s changed the role ‘%(name)s’"), texts=("name", "before"))
DELETED_ROLE = Verb("deleted_role", _l("%(who)s deleted the role ‘%(name)s’, which was never used"), texts=("name",))
RETIRED_ROLE = Verb("retired_role", _l("%(who)s retired the role ‘%(name)s’"), texts=("name",))
RESUMED_ROLE = Verb("resumed_role", _l("%(who)s brought the role ‘%(name)s’ back into use"), texts=("name",))
OFFERED_ROLE = Verb("offered_role", _l("%(who)s offered %(person)s the role ‘%(name)s’"), texts=("name",))
ASKED_FOR_ROLE = Verb("asked_for_role", _l("%(who)s asked for the role ‘%(name)s’"), texts=("name",))
WITHDREW_ROLE = Verb(
    "withdrew_role", _l("%(who)s withdrew an offer or a request about the role ‘%(name)s’"), texts=("name",)
)
RESTORED_OFFER = Verb(
    "restored_offer", _l("%(who)s let the offer of the role ‘%(name)s’ to %(person)s stand again"), texts=("name",)
)
TOOK_ROLE = Verb("took_role", _took_role, texts=("name",))
DECLINED_ROLE = Verb("declined_role", _l("%(who)s declined the role ‘%(name)s’"), texts=("name", "reason"))
GAVE_ROLE = Verb("gave_role", _l("%(who)s gave %(person)s the role ‘%(name)s’"), texts=("name",))
REFUSED_ROLE = Verb("refused_role", _l("%(who)s did not give %(person)s the role ‘%(name)s’"), texts=("name", "reason"))
LEFT_ROLE = Verb("left_role", _left_role, texts=("name", "reason"))
