"""Addresses: written alike, kept to the site, and told from what is no page."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claimcheck.errors import UsageError
from claimcheck.scan.crawl.urls import (
    MAX_URL,
    is_own,
    looks_unreadable,
    normalised,
    origin_of,
    shape_of,
    site_of,
)

BASE = "https://clinic.example/care/page"


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("HTTPS://Clinic.Example:443/A#top", "https://clinic.example/A"),
        ("http://clinic.example:80", "http://clinic.example/"),
        ("http://clinic.example:8080/", "http://clinic.example:8080/"),
        ("../b?utm_source=mail&x=1&fbclid=2", "https://clinic.example/b?x=1"),
        ("?gclid=1", "https://clinic.example/care/page"),
        ("/a;jsessionid=ABC?PHPSESSID=1", "https://clinic.example/a"),
        ("/caf\u00e9 menu", "https://clinic.example/caf%C3%A9%20menu"),
        ("/caf%c3%a9%20menu", "https://clinic.example/caf%C3%A9%20menu"),
        ("/%7euser/%41", "https://clinic.example/~user/A"),
        ("/100%", "https://clinic.example/100%25"),
        ("//b\u00fccher.example/x", "https://xn--bcher-kva.example/x"),
        ("https://clinic.example/a/../../b/./", "https://clinic.example/b/"),
        ("/x/", "https://clinic.example/x/"),
        ("http://[2001:db8::1]/x", "http://[2001:db8::1]/x"),
    ],
)
def test_addresses_are_written_in_one_way(reference, expected):
    assert normalised(reference, BASE) == expected
    assert normalised(expected, BASE) == expected


@pytest.mark.parametrize(
    "reference",
    [
        "javascript:alert(1)",
        "mailto:a@b.example",
        "tel:1",
        "data:text/html,x",
        "ftp://clinic.example/",
        "file:///etc/passwd",
        "http://",
        "http://[broken",
        "http://user:secret@clinic.example/",
        "http://clinic.example:99999/",
        "http://clinic.example:x/",
        "http://ex ample/",
        "http://" + "a" * 300 + ".example/",
        "/" + "a" * MAX_URL,
    ],
)
def test_what_is_no_address_of_a_page_is_none(reference):
    assert normalised(reference, BASE) == ""


@given(st.text(max_size=60))
def test_no_text_breaks_it_and_what_it_gives_is_plain(reference):
    url = normalised(reference, BASE)
    assert url == "" or (url.isascii() and url.isprintable() and " " not in url and normalised(url) == url)


def test_a_site_is_its_host_with_or_without_www_by_http_or_https():
    assert is_own("http://www.clinic.example/x", "clinic.example")
    assert is_own("https://clinic.example/x", "www.clinic.example")
    assert not is_own("https://shop.clinic.example/x", "clinic.example")
    assert not is_own("https://clinic.example.evil.example/", "clinic.example")
    assert not is_own("https://clinic.example:8443/", "clinic.example")


def test_sites_are_named_by_host_or_address():
    assert site_of(" Clinic.example ").host == "clinic.example"
    assert site_of("Clinic.example").start_url == "https://clinic.example/"
    assert site_of("http://clinic.example:81/a").host == "clinic.example:81"
    assert site_of("http://clinic.example:81/a").start_url == "http://clinic.example:81/a"
    for wrong in ("", "ftp://x.example", "two words", "http://"):
        with pytest.raises(UsageError, match="expected a host"):
            site_of(wrong)


def test_pictures_and_archives_are_known_by_name_and_pdfs_are_pages():
    assert looks_unreadable("https://a.example/x/Photo.JPEG?w=1")
    assert looks_unreadable("https://a.example/x.tar.gz")
    assert looks_unreadable("https://a.example/x.%6apg")
    assert not looks_unreadable("https://a.example/prices.pdf")
    assert not looks_unreadable("https://a.example/v1.2/about")
    assert not looks_unreadable("https://a.example/jpg")


def test_addresses_without_end_have_one_shape():
    assert shape_of("https://a.example/calendar/2026/11") == shape_of("https://a.example/calendar/1999/1")
    assert shape_of("https://a.example/e?page=2&x=") == shape_of("https://a.example/e?x=5&page=77")
    assert shape_of("https://a.example/a/b/a/b/a/b/a/b") == shape_of("https://a.example/a/b/a/b/a/b/a/b/a/b")
    assert shape_of("https://a.example/calendar/1") != shape_of("https://a.example/blog/1")
    assert shape_of("https://a.example/about/us") == ""


def test_robots_speaks_for_scheme_and_host():
    assert origin_of("https://a.example:8443/x?y") == "https://a.example:8443"
