"""The two storages do the same: in folders, and in a bucket of a server that speaks S3 on this machine."""

import os
import stat
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from time import monotonic

import boto3
import pytest
from moto.server import ThreadedMotoServer

from workspace import Workspace
from workspace.files import storage as storages
from workspace.files.storage import BucketStorage, FolderStorage, NotStored, Storage, StorageUnavailable, storage

pytestmark = pytest.mark.either_database

BUCKET = "samspil-files"
TOMORROW = datetime.now(UTC) + timedelta(days=1)
YESTERDAY = TOMORROW - timedelta(days=2)
CONTENT = bytes(range(256)) * 5000  # more than one chunk of a bucket


@pytest.fixture(scope="module")
def keys_of_bucket() -> Iterator[None]:
    """What an installation sets in its environment."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AWS_ACCESS_KEY_ID", "testing")
        environment.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        yield


@pytest.fixture(scope="module")
def bucket_url(keys_of_bucket: None) -> Iterator[str]:
    """A bucket of moto, which answers on this machine only."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1")
    client.create_bucket(Bucket=BUCKET)
    client.close()
    yield f"s3://{BUCKET}?endpoint={endpoint}"
    server.stop()


@pytest.fixture(params=["folder", "bucket"])
def stored(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    if request.param == "folder":
        return FolderStorage(tmp_path / "files")
    return BucketStorage(request.getfixturevalue("bucket_url"))


@pytest.fixture
def upload(tmp_path: Path) -> Path:
    path = tmp_path / "upload"
    path.write_bytes(CONTENT)
    return path


def test_what_is_put_can_be_read_in_chunks(stored: Storage, upload: Path) -> None:
    stored.put("7/abc", upload)

    chunks = list(stored.read("7/abc"))
    assert b"".join(chunks) == CONTENT
    assert len(chunks) > 1
    assert stored.size("7/abc") == len(CONTENT)


@pytest.mark.parametrize(
    ("start", "end"), [(0, 1), (5, 300), (len(CONTENT) - 3, None), (2**20 - 1, 2**20 + 1), (10, 10), (3, 10**9)]
)
def test_a_range_is_read_without_the_rest(start: int, end: int | None, stored: Storage, upload: Path) -> None:
    stored.put("7/range", upload)

    assert b"".join(stored.read("7/range", start, end)) == CONTENT[start:end]


def test_a_file_larger_than_a_part_comes_back_whole(stored: Storage, tmp_path: Path) -> None:
    content = os.urandom(storages.PART + 12345)
    (tmp_path / "large").write_bytes(content)

    stored.put("7/large", tmp_path / "large")

    assert b"".join(stored.read("7/large")) == content


def test_an_empty_file_is_stored_too(stored: Storage, tmp_path: Path) -> None:
    (tmp_path / "nothing").touch()

    stored.put("7/nothing", tmp_path / "nothing")

    assert (stored.size("7/nothing"), list(stored.read("7/nothing"))) == (0, [])


def test_what_is_not_there_is_said_before_the_first_byte(stored: Storage) -> None:
    with pytest.raises(NotStored):
        stored.read("7/gone")
    with pytest.raises(NotStored):
        stored.size("7/gone")


def test_deleting_twice_is_fine(stored: Storage, upload: Path) -> None:
    stored.put("7/one", upload)
    stored.put("7/two", upload)
    stored.put("7/other", upload)

    stored.delete(["7/one", "7/two"])
    stored.delete(["7/one", "7/two", "8/never"])
    stored.delete([])

    with pytest.raises(NotStored):
        stored.size("7/one")
    assert stored.size("7/other") == len(CONTENT)


def test_what_is_old_is_listed(stored: Storage, upload: Path) -> None:
    stored.put("9/old", upload)

    assert "9/old" in stored.list_older_than(TOMORROW)
    assert "9/old" not in stored.list_older_than(YESTERDAY)


def test_the_same_key_can_be_put_again(stored: Storage, upload: Path, tmp_path: Path) -> None:
    (tmp_path / "short").write_bytes(b"short")
    stored.put("7/again", upload)

    stored.put("7/again", tmp_path / "short")

    assert b"".join(stored.read("7/again")) == b"short"


@pytest.mark.parametrize(
    "key", ["", "../secret-key", "7/../../x", "/etc/passwd", "7//x", ".hidden", "7/.x", "a\\b", "7/x\n", "æ"]
)
def test_no_key_leads_out_of_the_storage(key: str, stored: Storage, upload: Path) -> None:
    for act in (
        lambda: stored.put(key, upload),
        lambda: stored.read(key),
        lambda: stored.size(key),
        lambda: stored.delete([key]),
    ):
        with pytest.raises(ValueError, match="no key"):
            act()


# In folders


def test_files_and_folders_are_for_the_workspace_only(tmp_path: Path, upload: Path) -> None:
    root = tmp_path / "files"

    FolderStorage(root).put("7/abc", upload)

    modes = [stat.S_IMODE(path.stat().st_mode) for path in (root, root / "7", root / "7/abc")]
    assert modes == [0o700, 0o700, 0o600]


def test_a_copy_that_breaks_leaves_what_was_there_and_no_part(tmp_path: Path, upload: Path) -> None:
    stored = FolderStorage(tmp_path / "files")
    stored.put("7/abc", upload)

    with pytest.raises(StorageUnavailable):
        stored.put("7/abc", Path("/proc/self/mem"))  # opens, and breaks while it is read

    assert b"".join(stored.read("7/abc")) == CONTENT
    assert list(stored.list_older_than(TOMORROW)) == ["7/abc"]


def test_a_part_that_a_killed_process_left_is_found_by_the_sweep(tmp_path: Path, upload: Path) -> None:
    stored = FolderStorage(tmp_path / "files")
    stored.put("7/abc", upload)
    left = tmp_path / "files/7" / f"0123{storages.PARTIAL}"
    left.write_bytes(b"half")

    stored.delete(key for key in list(stored.list_older_than(TOMORROW)) if key != "7/abc")

    assert not left.exists()
    assert stored.size("7/abc") == len(CONTENT)


def test_what_is_deleted_while_it_is_read_ends_whole_on_disk(tmp_path: Path, upload: Path) -> None:
    stored = FolderStorage(tmp_path / "files")
    stored.put("7/abc", upload)
    reading = stored.read("7/abc")
    begun = next(reading)

    stored.delete(["7/abc"])

    assert begun + b"".join(reading) == CONTENT
    with pytest.raises(NotStored):
        stored.read("7/abc")


# In a bucket


def test_what_is_deleted_while_it_is_read_ends_the_reading(bucket_url: str, upload: Path) -> None:
    stored = BucketStorage(bucket_url)
    stored.put("7/abc", upload)
    reading = stored.read("7/abc")
    next(reading)

    stored.delete(["7/abc"])

    with pytest.raises(NotStored):
        list(reading)


class Ill(BaseHTTPRequestHandler):
    """A server that answers 503, or not at all until it is let go."""

    let_go: Event | None = None

    def do_GET(self) -> None:
        if self.let_go:
            self.let_go.wait(60)
        self.send_response(503)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_PUT = do_POST = do_GET

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def ill(keys_of_bucket: None) -> Iterator[ThreadingHTTPServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (Ill,), {"let_go": None}))
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def use_all(stored: Storage, upload: Path) -> Iterator[str]:
    """What could be done, of everything that a storage does."""
    for name, act in {
        "put": lambda: stored.put("7/abc", upload),
        "read": lambda: stored.read("7/abc"),
        "size": lambda: stored.size("7/abc"),
        "delete": lambda: stored.delete(["7/abc"]),
        "list": lambda: list(stored.list_older_than(TOMORROW)),
    }.items():
        began = monotonic()
        try:
            act()
        except NotStored:
            yield f"{name} takes it for gone"
        except StorageUnavailable:
            if monotonic() - began > 40:
                yield f"{name} takes too long"
        else:
            yield f"{name} goes through"


def test_a_bucket_that_answers_503_is_not_there(ill: ThreadingHTTPServer, upload: Path) -> None:
    stored = BucketStorage(f"s3://{BUCKET}?endpoint=http://127.0.0.1:{ill.server_port}")

    assert list(use_all(stored, upload)) == []


def test_a_bucket_that_is_away_is_not_there(keys_of_bucket: None, upload: Path) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Ill) as closed:
        port = closed.server_port
    stored = BucketStorage(f"s3://{BUCKET}?endpoint=http://127.0.0.1:{port}")

    assert list(use_all(stored, upload)) == []


@pytest.mark.slow
def test_a_bucket_that_hangs_is_given_up(ill: ThreadingHTTPServer, upload: Path) -> None:
    let_go = Event()
    ill.RequestHandlerClass.let_go = let_go  # type: ignore[attr-defined]
    stored = BucketStorage(f"s3://{BUCKET}?endpoint=http://127.0.0.1:{ill.server_port}")
    began = monotonic()

    with pytest.raises(StorageUnavailable):
        stored.size("7/abc")

    assert monotonic() - began < 40
    let_go.set()


def test_the_setting_chooses_the_storage(app: Workspace, monkeypatch: pytest.MonkeyPatch, bucket_url: str) -> None:
    with app.app_context():
        assert isinstance(storage(), FolderStorage)
        monkeypatch.setattr(app, "settings", replace(app.settings, storage_url=bucket_url))
        assert isinstance(storage(), BucketStorage)
        assert storage() is storage()
