"""What a child process may use, and what a file may ask of it."""

CPU_SECONDS = 20
WALL_SECONDS = 60  # more, since it shares the machine
MEMORY = 1200 * 2**20  # of addresses, libraries included: a picture of 60 megapixels, turned, needs 700 MiB
LARGEST_FILE = 256 * 2**20  # that it writes
OPEN_FILES = 64

LONGEST_NAME = 200  # characters; 255 bytes is the most a file system takes
MOST_PIXELS = 60_000_000
LONGEST_SIDE = 30_000
LONGEST_HEIC_SIDE = 4096
MOST_PARTS = 10_000  # files within a ZIP
MOST_UNPACKED = 500 * 2**20  # bytes in all the files within a ZIP
LARGEST_INDEX = 2**20  # bytes of the part that says what a document contains
LARGEST_PROFILE = 2**21  # bytes of a colour profile
LARGEST_SMALL_PREVIEW = 30_000  # bytes
