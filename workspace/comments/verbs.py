"""What is done about comments. How a text is changed is the same for posts: workspace/posts/verbs.py."""

from workspace.partnerships.verbs import DigestUse, Verb

COMMENTED = Verb("commented", None, digest=DigestUse.COMMENT, bumps_activity=True)
