"""What is done about comments. How a text is changed is the same for posts: workspace/posts/verbs.py."""

from flask_babel import lazy_gettext as _l

from workspace.partnerships.verbs import DigestUse, Verb

COMMENTED = Verb("commented", None, act=_l("%(who)s commented"), digest=DigestUse.COMMENT, bumps_activity=True)
