"""`workspace mail test`: a test mail, and what became of it in plain words, each with its remedy."""

import socket
import ssl
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.environment import Run
from tests.mail.sink import Sink
from workspace import Workspace
from workspace.config import Settings

pytestmark = pytest.mark.either_database

ADDRESS = "ada@example.dk"


@pytest.fixture
def encrypting(certificate: tuple[Path, Path]) -> Iterator[Sink]:
    """A server that takes nothing in the clear, and knows one user."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)
    with Sink(certificate=context, login=("samspil", "hemmelig")) as sink:
        yield sink


def told(run: Run, url: str, address: str = ADDRESS, **environment: str) -> str:
    """What is said where it did not go: one sentence or two, on one line."""
    result = run("mail", "test", address, SMTP_URL=url, BASE_URL="https://samspil.dk", **environment)
    assert result.exit_code == 1, result.output
    assert result.output.startswith("Error: ")
    assert result.output.count("\n") == 1
    return result.output.removeprefix("Error: ").rstrip()


def test_a_test_mail_arrives(run: Run, sink: Sink) -> None:
    result = run("mail", "test", ADDRESS, SMTP_URL=sink.url, MAIL_FROM="samspil@kommune.dk")
    assert result.exit_code == 0, result.output
    assert result.output.startswith(f"127.0.0.1:{sink.port} has taken the e-mail for {ADDRESS}.")
    [mail] = sink.received
    assert (mail.recipient, mail.message["Subject"]) == (ADDRESS, "A test e-mail from Samspil")
    assert mail.message["From"] == "Samspil <samspil@kommune.dk>"
    assert "http://127.0.0.1:8000/" in mail.message.as_string()


def test_it_is_written_in_the_language_of_the_terminal(run: Run, sink: Sink) -> None:
    assert "har taget imod mailen" in run("mail", "test", ADDRESS, SMTP_URL=sink.url, LC_ALL="da_DK.UTF-8").output


def test_a_folder_reaches_nobody_and_nobody_else_reads_it(run: Run, settings: Settings) -> None:
    result = run("mail", "test", ADDRESS)
    file = settings.instance / "mail" / "0000000000.eml"
    assert result.exit_code == 0, result.output
    assert result.output == (
        f"SMTP_URL is a folder, so no e-mail reaches anybody. The test e-mail is the file {file}.\n"
    )
    assert f"To: <{ADDRESS}>" in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_nobody_listens(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    said = told(run, f"smtp+plain://127.0.0.1:{port}")
    assert said == (
        f"127.0.0.1:{port} refused the connection. Check host and port in SMTP_URL, and that the server is running."
    )


def test_a_host_that_is_not_found(run: Run) -> None:
    said = told(run, "smtp://mail.invalid:587")
    assert said == "mail.invalid:587 is not found. Check the host in SMTP_URL, and this machine's DNS."


def test_a_server_that_does_not_answer(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workspace.mail.smtp.SECONDS_TO_CONNECT", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        assert "does not answer. A firewall may be in between" in told(
            run, f"smtp+plain://127.0.0.1:{silent.getsockname()[1]}"
        )


def test_a_server_without_encryption(run: Run, sink: Sink) -> None:
    assert "offers no encryption (STARTTLS), so nothing is sent" in told(run, f"smtp://localhost:{sink.port}")


def test_a_server_that_speaks_no_tls(run: Run, sink: Sink) -> None:
    assert "does not speak TLS as SMTP_URL says" in told(run, f"smtps://localhost:{sink.port}")


def test_a_certificate_that_nobody_vouches_for(run: Run, encrypting: Sink) -> None:
    said = told(run, f"smtp://localhost:{encrypting.port}")
    assert f"The certificate of localhost:{encrypting.port} can't be trusted (self-signed certificate)" in said


def test_a_wrong_password(run: Run, encrypting: Sink, certificate: tuple[Path, Path]) -> None:
    url = f"smtp://samspil:forkert@localhost:{encrypting.port}"
    said = told(run, url, SSL_CERT_FILE=str(certificate[0]))
    assert f"localhost:{encrypting.port} refused the user or the password: 535" in said
    assert "write @, /, : and # as %40, %2F, %3A and %23" in said
    assert "forkert" not in said


def test_a_user_is_asked_for(run: Run, encrypting: Sink, certificate: tuple[Path, Path]) -> None:
    said = told(run, f"smtp://localhost:{encrypting.port}", SSL_CERT_FILE=str(certificate[0]))
    assert "The mail server asks who is sending: 530" in said


def test_a_server_that_knows_no_users(run: Run, sink: Sink) -> None:
    said = told(run, f"smtp+plain://samspil:hemmelig@127.0.0.1:{sink.port}")
    assert "takes no user and password. Leave them out of SMTP_URL" in said


def test_a_sender_that_is_refused(run: Run, sink: Sink) -> None:
    sink.plan("MAIL", "mail 550")
    said = told(run, sink.url, MAIL_FROM="samspil@kommune.dk")
    assert "refused the sender samspil@kommune.dk: 550 5.1.1 No such mailbox. Set MAIL_FROM" in said


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("rcpt 550", f"refused the recipient {ADDRESS}: 550 5.1.1 No such mailbox. Check the address"),
        ("rcpt 451", f"does not take e-mail for {ADDRESS} at present: 451 4.3.0 Try again later. Try again"),
        ("data 550", "took the address, but not the e-mail: 550 5.1.1 No such mailbox. Its log says more."),
        ("drop after", "did not say that it has it"),
        ("mail 421", "takes no e-mail at present: 421 4.3.2 Closing. Try again later."),
    ],
)
def test_what_the_server_refuses_is_told(run: Run, sink: Sink, fault: str, words: str) -> None:
    sink.plan("MAIL" if fault.startswith("mail") else ADDRESS, fault)
    assert words in told(run, sink.url)


def test_what_is_no_address_is_told(run: Run, sink: Sink) -> None:
    assert "not an e-mail address" in told(run, sink.url, address="ada")
    assert sink.received == []


def test_a_folder_that_can_not_be_written_to(run: Run, app: Workspace, tmp_path: Path) -> None:
    (tmp_path / "0000000000.part").mkdir()
    assert "can't be written to" in told(run, f"file://{tmp_path}")
