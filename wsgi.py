"""The WSGI application, for a server: `granian --interface wsgi wsgi:app`."""

from workspace import create_app, logs
from workspace.config.files import keep_to_ourselves
from workspace.db import db, schema
from workspace.demo import separation

keep_to_ourselves()
app = create_app()
logs.install(as_json=app.settings.log_format == "json")
with app.app_context():
    try:
        separation.keep_apart(app.settings)
        if not schema.is_current():
            raise SystemExit("The database's schema is too old for this version of Samspil: run workspace migrate.")
    finally:
        db.engine.dispose()  # No connection may pass into the processes that a server forks.
