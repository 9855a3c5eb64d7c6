"""The WSGI application, for a server: `granian --interface wsgi wsgi:app`."""

from workspace import create_app
from workspace.files import keep_to_ourselves

keep_to_ourselves()
app = create_app()
