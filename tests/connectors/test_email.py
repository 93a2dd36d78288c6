"""Mail: charsets as they come, marked and moved only after storing, sent to all or to none. On real servers."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from email import message_from_bytes
from email.header import decode_header, make_header
from typing import Any

import pytest

from connectors import registry
from connectors.sdk import Acknowledging, Connector, Page, ReadRequest
from connectors.testing.contract.fixture import Fixture
from connectors.vendors.email.box import _quoted
from connectors.vendors.email.parse import decoded, mail, plain_text
from connectors.vendors.email.stand import MailSystem, create
from tongmai.core.errors import (
    AuthenticationError,
    ConfigurationError,
    OutcomeUnknownError,
    RemoteRefusedError,
    RetryableError,
)

pytestmark = pytest.mark.filterwarnings("ignore")  # aiosmtpd warns of what only a test may do: logging in without TLS

INBOX = {"folder": "INBOX", "key": "message_id", "deletes": "never"}
WRITES = {"notice": {"stream": "order", "our_key": "reference", "to": "ops@example.com", "subject": "通知"}}
Open = Callable[..., Connector]


@pytest.fixture(scope="module")
def running() -> Iterator[MailSystem]:
    system = create(Fixture(connector="email"))
    system.start()
    yield system
    system.stop()


@pytest.fixture
def mailbox(running: MailSystem) -> Iterator[MailSystem]:
    yield running
    running.delivery.taken.clear()
    running.delivery.envelopes.clear()
    running.delivery.hang_up = False
    for folder in ("INBOX", "Notices"):
        imap = running.imap()
        imap.select(folder)
        imap.uid("STORE", "1:*", "+FLAGS", r"(\Deleted)")
        imap.expunge()
        imap.logout()


@pytest.fixture
def opened(mailbox: MailSystem) -> Iterator[Open]:
    made: list[Connector] = []

    def start(stream: dict[str, Any] = INBOX, **more: Any) -> Connector:
        given = {**mailbox.settings(), "streams": {"order": stream}, "writes": WRITES, "timeout": 5, **more}
        made.append(registry.open_connection("mail", "email", registry.settings_for("mail", "email", {}, given)))
        return made[-1]

    yield start
    for connection in made:
        connection.close()


def read(connection: Connector, **asked: Any) -> list[Page]:
    return list(connection.read(ReadRequest("order", **asked)))


def ids(pages: list[Page]) -> list[str]:
    return [record.key for page in pages for record in page.records]


def seen(mailbox: MailSystem, folder: str = "INBOX") -> int:
    imap = mailbox.imap()
    imap.select(folder, readonly=True)
    found = imap.uid("SEARCH", "SEEN")[1][0]
    imap.logout()
    return len(found.split())


def test_reading_marks_nothing_and_goes_on_after_its_checkpoint(mailbox: MailSystem, opened: Open) -> None:
    first = [mailbox.write("INBOX", "insert", "", {}) for _ in range(3)]
    connection = opened(page_size=2)
    pages = read(connection, full=True)
    assert ids(pages) == first
    assert [len(page.records) for page in pages] == [2, 1]
    assert seen(mailbox) == 0
    later = mailbox.write("INBOX", "insert", "", {"text": "新订单"})
    assert ids(read(connection, checkpoint=pages[-1].checkpoint)) == [later]


def test_a_folder_that_was_made_anew_is_read_from_its_beginning(mailbox: MailSystem, opened: Open) -> None:
    key = mailbox.write("INBOX", "insert", "", {})
    assert ids(read(opened(), checkpoint='{"uidvalidity": "1", "uid": 999999}')) == [key]


@pytest.mark.parametrize("after", ["seen", "move"])
def test_a_mail_is_marked_or_moved_only_after_it_is_stored(mailbox: MailSystem, opened: Open, after: str) -> None:
    keys = [mailbox.write("INBOX", "insert", "", {}) for _ in range(3)]
    stream = {**INBOX, "after": after, **({"move_to": "入库"} if after == "move" else {})}
    connection = opened(stream, page_size=2)
    pages = read(connection, full=True)
    assert (seen(mailbox), mailbox.keys("INBOX")) == (0, set(keys))
    connection.close()  # a crash before anything was stored

    second = opened(stream, page_size=2)
    again = read(second, full=True)
    assert [record.fingerprint for page in again for record in page.records] == [
        record.fingerprint for page in pages for record in page.records
    ]
    assert isinstance(second, Acknowledging)
    second.stored(again[0].checkpoint or "")
    assert ids(read(opened(stream), full=True)) == keys[2:]
    if after == "seen":
        assert seen(mailbox) == 2
    else:
        assert mailbox.keys("INBOX") == set(keys[2:])
        assert mailbox.keys(_quoted("入库")) == set(keys[:2])


def test_a_mail_that_is_too_large_or_has_no_id_is_shown_and_stops_nobody(mailbox: MailSystem, opened: Open) -> None:
    mailbox.append("INBOX", b"Subject: big\r\nMessage-ID: <big@x>\r\n\r\n" + b"x" * 5000)
    mailbox.append("INBOX", b"Subject: none\r\n\r\nhello")
    good = mailbox.write("INBOX", "insert", "", {})
    records = [record for page in read(opened(max_mail_bytes=2000), full=True) for record in page.records]
    assert [record.op for record in records] == ["broken", "broken", "upsert"]
    assert "max_mail_bytes" in records[0].problem
    assert "key: uid" in records[1].problem
    assert records[2].key == good


def test_by_key_and_since(mailbox: MailSystem, opened: Open) -> None:
    keys = [mailbox.write("INBOX", "insert", "", {}) for _ in range(2)]
    whole = opened({**INBOX, "deletes": "full-listing"})
    (page,) = read(whole, keys=(keys[0], "<not@there>"))
    assert [(record.key, record.op) for record in page.records] == [(keys[0], "upsert"), ("<not@there>", "delete")]
    assert not read(opened(), keys=("<not@there>",))[0].records


def test_a_notice_has_an_id_of_our_key_and_arrives_whole(mailbox: MailSystem, opened: Open) -> None:
    writer = opened().writer("notice")
    payload = {
        "to": ["王芳 <wang@example.com>", "li@example.com"],
        "cc": "z@example.com",
        "subject": "订单已签约",
        "text": "金额：¥1\n.\n完",
    }
    first = writer.create(payload, "K1")
    assert writer.create(payload, "K1").key == first.key != writer.create(payload, "K2").key
    got = message_from_bytes(mailbox.delivery.taken[0])
    assert got["Message-ID"] == first.key
    assert str(make_header(decode_header(got["Subject"]))) == "订单已签约"
    body = got.get_payload(decode=True)
    assert isinstance(body, bytes)
    assert body.decode().replace("\r\n", "\n") == "金额：¥1\n.\n完\n"
    assert mailbox.delivery.envelopes[0] == ["wang@example.com", "li@example.com", "z@example.com"]
    writer.update(first.key, {"text": "已更新"})
    assert message_from_bytes(mailbox.delivery.taken[-1])["In-Reply-To"] == first.key


def test_one_refused_recipient_means_that_nobody_gets_it(mailbox: MailSystem, opened: Open) -> None:
    writer = opened().writer("notice")
    with pytest.raises(RemoteRefusedError, match="no such mailbox"):
        writer.create({"to": ["a@example.com", "nobody@example.com"], "text": "x"}, "K1")
    with pytest.raises(RemoteRefusedError):
        writer.create({"subject": "a\r\nBcc: thief@example.com", "text": "x"}, "K2")
    assert mailbox.delivery.taken == []


def test_later_refused_and_doubtful_are_told_apart(mailbox: MailSystem, opened: Open) -> None:
    writer = opened().writer("notice")
    mailbox.delivery.answers[:] = ["451 come again", "554 spam"]
    with pytest.raises(RetryableError, match="come again"):
        writer.create({"text": "x"}, "K1")
    with pytest.raises(RemoteRefusedError, match="spam"):
        writer.create({"text": "x"}, "K1")
    mailbox.delivery.hang_up = True
    with pytest.raises(OutcomeUnknownError):
        writer.create({"text": "x"}, "K1")


def test_wrong_passwords_and_missing_folders_are_said(mailbox: MailSystem, opened: Open) -> None:
    with pytest.raises(AuthenticationError, match="refused user or password"):
        opened(password="wrong").check()
    with pytest.raises(AuthenticationError):
        opened(password="wrong").writer("notice").create({"text": "x"}, "K1")
    with pytest.raises(ConfigurationError) as error:
        opened({**INBOX, "folder": "没有"}).check()
    assert error.value.code == "email-folder"


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"imap_host": "mail.example.com"}, "in the open"),
        ({"streams": {"order": {**INBOX, "after": "move"}}}, "move_to"),
        ({"streams": {"order": {**INBOX, "after": "seen", "deletes": "full-listing"}}}, "deletes: never"),
        ({"streams": {}}, "there is no stream"),
        ({"smtp_host": ""}, "smtp_host"),
    ],
)
def test_mistakes_are_said(opened: Open, more: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        opened(**more)


def test_texts_in_the_charsets_that_mailers_claim_and_do_not_keep_to() -> None:
    text = "镕基公司訂單：囍㐂"
    assert decoded(text.encode("gb18030"), "gb2312") == text
    assert decoded(text.encode("gb18030"), "no-such-charset") == text
    assert decoded(text.encode(), "us-ascii") == text
    assert decoded(b"\xff\xfe\xfd", "utf-8")


def test_headers_encoded_raw_or_cut_in_the_middle_of_a_character() -> None:
    data = "采购订单二〇二六".encode("gb18030")
    halves = [base64.b64encode(part).decode() for part in (data[:5], data[5:])]
    encoded = b"Subject: " + b"\r\n ".join(f"=?gb2312?B?{half}?=".encode() for half in halves)
    raw = b"Subject: " + data
    for subject in (encoded, raw):
        whole = subject + b"\r\nFrom: =?utf-8?B?546L6Iqz?= <w@example.com>\r\nMessage-ID: <1@x>\r\n\r\nhi"
        record = mail(whole, "1.1", 100)
        assert record["subject"] == "采购订单二〇二六"
        assert record["from"] == {"name": "王芳", "address": "w@example.com"}


def test_attachments_are_named_and_bounded_and_html_is_read() -> None:
    boundary = b"--b\r\n"
    parts = [
        b"Content-Type: text/html; charset=gb2312\r\n\r\n"
        + "<style>x</style><p>数量&nbsp;3</p><p>单价 5</p>".encode("gb18030"),
        b"Content-Type: application/pdf; name*=gb18030''%B6%A9%B5%A5.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + base64.b64encode(b"%PDF small"),
        b'Content-Type: application/zip; name="../../evil.zip"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
        + base64.b64encode(b"z" * 500),
    ]
    body = b"".join(boundary + part + b"\r\n" for part in parts) + b"--b--\r\n"
    record = mail(b'Content-Type: multipart/mixed; boundary="b"\r\nMessage-ID: <1@x>\r\n\r\n' + body, "1.1", 100)
    assert record["text"] == "数量 3\n单价 5"
    first, second = record["attachments"]
    assert (first["name"], base64.b64decode(first["content"])) == ("订单.pdf", b"%PDF small")
    assert second == {"name": "evil.zip", "type": "application/zip", "size": 500, "left_out": "max_attachment_bytes"}


def test_folder_names_and_pages() -> None:
    assert _quoted("台北 & \\x") == '"&U,BTFw- &- \\\\x"'
    assert plain_text("<p>a</p><script>b()</script><p>c<br>d</p>") == "a\nc\nd"
