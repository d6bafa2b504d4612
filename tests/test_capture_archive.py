"""Captures are what was served, can be read by others, and survive a writer that was killed."""

import gzip
import hashlib
import io
import json
import multiprocessing
from datetime import UTC, datetime
from random import Random

import pytest

from claimcheck.capture import ArchiveWriter, Exchange, head_of, page_of, read_capture, verify_archive, warc_exchanges
from claimcheck.errors import DamagedDataError, SourceError, TooLargeError, UnreadableError

pytest.importorskip("warcio", reason="warcio is not installed (extra scan)")

AT = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
HTML = b"<html lang=en><p>Ketamine is safe for everyone who comes to us.</p></html>"


def exchange(body=HTML, url="https://clinic.example/a?b=1", **changes):
    values = {
        "url": url,
        "status": 200,
        "reason": "OK",
        "headers": (("Content-Type", "text/html"), ("X-oDD", "caf\xe9"), ("X-oDD", "twice")),
        "body": body,
        "fetched_at": AT,
        "request_headers": (("Host", "clinic.example"), ("User-Agent", "claimcheck/1")),
        "ip": "192.0.2.7",
    }
    return Exchange(**values | changes)


def write(archive, *exchanges, **options):
    with ArchiveWriter(archive, 1, **options) as writer:
        return [writer.capture(each) for each in exchanges]


def read(archive, capture, **options):
    return read_capture(archive, capture.warc_file, capture.offset, capture.length, **options)


def records(archive, capture):
    """Return the records of a file as warcio sees them, each with its block."""
    from warcio.archiveiterator import ArchiveIterator

    with (archive / capture.warc_file).open("rb") as stream:
        return [(r.rec_type, r.rec_headers, r.raw_stream.read()) for r in ArchiveIterator(stream, no_record_parse=True)]


def test_a_capture_is_read_back_as_it_was_served(tmp_path):
    packed = gzip.compress(HTML)
    headers = (("Content-Type", "text/html"), ("Content-Encoding", "gzip"))
    [capture] = write(tmp_path, exchange(packed, headers=headers))
    captured = read(tmp_path, capture)
    assert captured.body == HTML
    assert captured.body_sha256 == capture.body_sha256 == hashlib.sha256(HTML).hexdigest()
    assert (captured.url, captured.status, captured.fetched_at) == ("https://clinic.example/a?b=1", 200, AT)
    assert captured.headers == headers
    member = (tmp_path / capture.warc_file).read_bytes()[capture.offset :][: capture.length]
    assert hashlib.sha256(member).hexdigest() == capture.capture_sha256 == captured.capture_sha256
    # The member stands on its own.
    assert gzip.decompress(member).endswith(packed + b"\r\n\r\n")


def test_others_read_the_records_and_find_the_digests_right(tmp_path):
    [capture] = write(tmp_path, exchange())
    found = records(tmp_path, capture)
    assert [kind for kind, _, _ in found] == ["warcinfo", "response", "request"]
    _, headers, block = found[1]
    assert headers.protocol == "WARC/1.1"
    assert headers.get_header("WARC-Date") == "2026-03-04T05:06:07Z"
    assert headers.get_header("WARC-IP-Address") == "192.0.2.7"
    assert headers.get_header("WARC-Payload-Digest") == f"sha256:{hashlib.sha256(HTML).hexdigest()}"
    assert headers.get_header("WARC-Block-Digest") == f"sha256:{hashlib.sha256(block).hexdigest()}"
    assert block.startswith(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nX-oDD: caf\xe9\r\nX-oDD: twice\r\n\r\n")
    assert found[2][2].startswith(b"GET /a?b=1 HTTP/1.1\r\nHost: clinic.example\r\n")
    assert found[2][1].get_header("WARC-Concurrent-To") == headers.get_header("WARC-Record-ID")
    assert b"claimcheck/" in found[0][2]


def test_chunks_are_gone_and_the_header_that_spoke_of_them_is_renamed(tmp_path):
    [capture] = write(tmp_path, exchange(headers=(("Transfer-Encoding", "chunked"), ("Content-Type", "text/html"))))
    assert read(tmp_path, capture).headers[0] == ("X-Archive-Orig-Transfer-Encoding", "chunked")
    [again] = warc_exchanges(tmp_path / capture.warc_file)
    assert again.body == HTML


def test_header_injection_makes_no_further_header(tmp_path):
    [capture] = write(tmp_path, exchange(url="https://a.example/\r\nWARC-Type: warcinfo", reason="OK\r\nX: y"))
    assert [kind for kind, _, _ in records(tmp_path, capture)] == ["warcinfo", "response", "request"]
    assert "X" not in dict(read(tmp_path, capture).headers)


def test_a_page_is_extracted_with_the_time_of_its_capture(tmp_path):
    [capture] = write(tmp_path, exchange())
    page = page_of(read(tmp_path, capture))
    assert page.text == "Ketamine is safe for everyone who comes to us."
    assert (page.source.kind, page.source.retrieved_at) == ("url", "2026-03-04T05:06:07Z")


def test_files_are_resources_and_rendered_pages_refer_to_their_response(tmp_path):
    with ArchiveWriter(tmp_path, 1) as writer:
        source = writer.capture(exchange())
        file = writer.resource("file:a.html", HTML, content_type="text/html", at=AT)
        made = writer.conversion(
            "https://clinic.example/a?b=1", b"<p>x</p>", content_type="text/html", at=AT, source=source
        )
        picture = writer.screenshot("https://clinic.example/a?b=1", b"\x89PNG")
    assert page_of(read(tmp_path, file)).source.kind == "file"
    assert read(tmp_path, made).refers_to == read(tmp_path, source).record_id
    assert (tmp_path / picture.path).read_bytes() == b"\x89PNG"
    assert list(verify_archive(tmp_path)) == []


def test_files_are_rolled_and_never_written_to_again(tmp_path):
    captures = write(tmp_path, exchange(), exchange(), exchange(), roll_bytes=1)
    captures += write(tmp_path, exchange())
    assert len({capture.warc_file for capture in captures}) == 4
    assert list(verify_archive(tmp_path)) == []


def test_a_bomb_is_not_unpacked_when_it_is_read(tmp_path):
    headers = (("Content-Encoding", "gzip"),)
    [capture] = write(tmp_path, exchange(gzip.compress(b"\0" * 5_000_000), headers=headers))
    with pytest.raises(TooLargeError):
        read(tmp_path, capture, max_bytes=1_000_000)


def test_an_encoding_that_cannot_be_undone_is_refused_and_nothing_written(tmp_path):
    with ArchiveWriter(tmp_path, 1) as writer, pytest.raises(UnreadableError):
        writer.capture(exchange(headers=(("Content-Encoding", "br"),)))
    assert head_of(tmp_path).lines == 0


@pytest.mark.parametrize(
    "name", ["../store.db", "warc/../../x.warc.gz", "/etc/passwd", "warc/x", "", "warc/a b.warc.gz"]
)
def test_a_hostile_file_name_leads_nowhere(tmp_path, name):
    write(tmp_path, exchange())
    with pytest.raises(DamagedDataError, match="inside the archive"):
        read_capture(tmp_path, name, 0, 10)


def test_a_link_out_of_the_archive_leads_nowhere(tmp_path):
    (tmp_path / "outside").write_bytes(b"secret")
    archive = tmp_path / "archive"
    write(archive, exchange())
    (archive / "warc" / "x.warc.gz").symlink_to(tmp_path / "outside")
    with pytest.raises(DamagedDataError, match="inside the archive"):
        read_capture(archive, "warc/x.warc.gz", 0, 6)


@pytest.mark.parametrize(("offset", "length"), [(1, 50), (10**9, 50), (0, 10**12), (-5, 50), (0, 0)])
def test_a_wrong_place_is_damage_and_nothing_else(tmp_path, offset, length):
    [capture] = write(tmp_path, exchange())
    with pytest.raises(DamagedDataError):
        read_capture(tmp_path, capture.warc_file, offset, length)


# Killed writers.


def test_a_torn_record_and_a_torn_line_are_kept_noted_and_gone_on_from(tmp_path):
    [first] = write(tmp_path, exchange())
    file, manifest = tmp_path / first.warc_file, tmp_path / "manifest.jsonl"
    with file.open("ab") as stream:
        stream.write(b"\x1f\x8bhalf a record")
    with manifest.open("ab") as stream:
        stream.write(b'{"file":"warc/0000')
    assert len(list(verify_archive(tmp_path))) == 2
    [second] = write(tmp_path, exchange(b"<p>more</p>"))
    assert list(verify_archive(tmp_path)) == []
    assert file.read_bytes().endswith(b"half a record")
    torn = [entry for entry in map(json.loads, manifest.read_text().splitlines()) if entry["kind"] == "torn"]
    assert {entry["file"] for entry in torn} == {"manifest.jsonl", first.warc_file}
    assert read(tmp_path, first).body == HTML
    assert read(tmp_path, second).body == b"<p>more</p>"


def _write_many(archive, number):
    with ArchiveWriter(archive, number) as writer:
        for i in range(15):
            writer.capture(exchange(f"<p>{number} {i}</p>".encode()))


def test_several_processes_write_one_chain(tmp_path):
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write_many, args=(tmp_path, number)) for number in (1, 2)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [writer.exitcode for writer in writers] == [0, 0]
    assert list(verify_archive(tmp_path)) == []
    assert head_of(tmp_path).lines == 2 * (1 + 15 * 2)


# Files of others.


def test_a_foreign_warc_with_chunks_and_other_records_is_read(tmp_path):
    from warcio.statusandheaders import StatusAndHeaders
    from warcio.warcwriter import WARCWriter

    path = tmp_path / "other.warc.gz"
    with path.open("wb") as stream:
        writer = WARCWriter(stream, gzip=True)
        for url, body, headers in (
            ("http://a.example/", b"5\r\nhello\r\n0\r\n\r\n", [("Transfer-Encoding", "chunked")]),
            ("dns:a.example", b"x", []),
            ("http://a.example/big", b"x" * 2_000, []),
            ("http://a.example/b", b"bye", [("Content-Type", "text/plain")]),
        ):
            http = StatusAndHeaders("200 OK", headers, protocol="HTTP/1.1")
            record = writer.create_warc_record(url, "response", payload=io.BytesIO(body), http_headers=http)
            writer.write_record(record)
            record.raw_stream.close()
    found = list(warc_exchanges(path, max_bytes=1_000))
    assert [each.url if isinstance(each, Exchange) else each.reason for each in found] == [
        "http://a.example/", "too-large", "http://a.example/b",
    ]  # fmt: skip
    assert found[0].body == b"hello"


def test_a_foreign_warc_that_is_cut_gives_what_was_before(tmp_path):
    write(tmp_path, exchange(), exchange(Random(1).randbytes(9_000), url="http://a.example/x"))  # noqa: S311 - bytes that do not compress, no secret
    path = next((tmp_path / "warc").iterdir())
    cut = tmp_path / "cut.warc.gz"
    cut.write_bytes(path.read_bytes()[:-1_500])
    found = list(warc_exchanges(cut))
    assert found[0].body == HTML
    assert isinstance(found[-1], SourceError)


@pytest.mark.parametrize(
    "data", [b"", b"no warc at all\n" * 50, b"\x1f\x8b\x08\x00 broken", b"WARC/1.0\r\nContent-Length: x\r\n\r\n"]
)
def test_what_is_no_warc_gives_an_error_or_nothing(tmp_path, data):
    path = tmp_path / "x.warc.gz"
    path.write_bytes(data)
    assert all(isinstance(each, SourceError) for each in warc_exchanges(path))
    with pytest.raises(UnreadableError):
        next(warc_exchanges(tmp_path / "none.warc"))
