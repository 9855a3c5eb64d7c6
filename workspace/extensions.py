"""The Flask extensions, made here and given their app in create_app."""

from flask_babel import Babel
from flask_compress import Compress
from flask_login import LoginManager
from flask_wtf import CSRFProtect

login = LoginManager()
csrf = CSRFProtect()
babel = Babel()
compress = Compress()
