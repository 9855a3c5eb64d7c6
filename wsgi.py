"""The WSGI application, for a server: `granian --interface wsgi wsgi:app`."""

from workspace import create_app

app = create_app()
