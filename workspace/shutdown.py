"""Whether this process was told to end: nothing new is begun then, and its health says so."""

from threading import Event

stopping = Event()
