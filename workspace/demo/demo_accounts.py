"""The demo's public accounts, as the sign-in page lists them."""

from flask_babel import lazy_gettext as _l

from workspace.accounts import passwords

PASSWORD = passwords.PUBLIC

SIGN_INS = (
    ("moderator@gladsaxe.example", _l("Moderator, Gladsaxe Kommune")),
    ("moderator@icura.example", _l("Moderator, Icura")),
    ("deltager@icura.example", _l("Participant, Icura")),
    ("observator@rudersdal.example", _l("Observer, Rudersdal Kommune")),
    ("udenfor@kmd.example", _l("Participant in other partnerships, KMD")),
    ("admin@samspil.example", _l("Administrator")),
)
