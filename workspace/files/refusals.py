"""Why a file is not kept, and what to do instead, in the reader's language."""

from flask_babel import lazy_gettext as _l

from workspace.files.inspection import Refusal

REFUSALS = {
    Refusal.EMPTY: _l("The file is empty."),
    Refusal.BROKEN: _l("The file can't be read. It may have been cut off on its way here: try to save it again."),
    Refusal.NAME: _l("The file's name is too long, or has signs that can't be seen. Give it another name."),
    Refusal.WRONG_ENDING: _l("The file is of another kind than its name says. Save it under a name that fits."),
    Refusal.KIND: _l("This kind of file can't be used here."),
    Refusal.OLD_OFFICE: _l("Files of old Office versions can't be used here. Save it as docx, xlsx, pptx or PDF."),
    Refusal.HEIC: _l("HEIC pictures can't be used here. Save the picture as JPEG."),
    Refusal.VIDEO: _l("Video and sound can't be used here."),
    Refusal.ARCHIVE: _l("Archives, such as ZIP files, can't be used here. Add the files one by one."),
    Refusal.PROGRAM: _l("Programs can't be used here."),
    Refusal.MACROS: _l("Files with macros can't be used here. Save it without macros, as docx, xlsx, pptx or PDF."),
    Refusal.ENCRYPTED: _l("The file is protected by a password. Save it without one."),
    Refusal.PIXELS: _l("The picture has too many pixels. Make it smaller: 60 million pixels are the most."),
    Refusal.BOMB: _l("The file unpacks to far more than it takes up, so it can't be used here."),
    Refusal.INFECTED: _l("The file holds a virus."),
    Refusal.TOO_MUCH_WORK: _l("It takes too long to look at the file. Make it smaller or simpler."),
}
