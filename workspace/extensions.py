"""What a process has one of: the Flask extensions, given their app in create_app, and whether it is told to end."""

from threading import Event

from flask_babel import Babel
from flask_compress import Compress
from flask_login import LoginManager
from flask_wtf import CSRFProtect

login = LoginManager()
csrf = CSRFProtect()
babel = Babel()
compress = Compress()
stopping = Event()  # set soon before the process ends; nothing new is begun then
