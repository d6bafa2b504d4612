"""Pages rendered in the machine's Chromium, which must reach nothing that the crawler would not."""

import shutil

import pytest

from claimcheck.capture import page_of, read_capture, verify_store
from site_server import canonical, crawl_to_end, new_store, options, outcomes, pages, quick, reply, site, test_web

pytest.importorskip("playwright", reason="playwright is not installed (extra render)")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not shutil.which("chromium"), reason="no chromium on the PATH"),
]


def test_pages_made_by_script_are_read_linked_and_pictured(tmp_path):
    sites = test_web.make_sites(scale=0.03, names=("scripted",))
    with test_web.TestWeb(sites) as web:
        store = new_store(tmp_path, [web.url("scripted")])
        crawl_to_end(store, options(render=True, timeout=60))
        assert outcomes(store) == web.expected(is_rendered=True)
        found = pages(store)
    for row in found.values():
        captured = read_capture(store.archive, row.warc_file, row.warc_offset, row.warc_length)
        assert (captured.kind, row.rendered) == ("conversion", True)
        assert "Loading the page" not in page_of(captured).text
        assert captured.refers_to.startswith("<urn:uuid:")
        assert (store.archive / row.screenshot).read_bytes().startswith(b"\x89PNG")
    assert list(verify_store(store)) == []
    assert len(canonical(store)) == len(found)


def test_a_rendered_page_cannot_reach_out(tmp_path):
    """A page tries every way out; what it may not reach is counted by a server beside it."""
    with site({}) as (other, reached):
        port = other.rsplit(":", 1)[1].strip("/")
        script = f"""
        const out = [];
        for (const host of ['127.0.0.1', 'localhost', '[::1]']) {{
          out.push(fetch('http://' + host + ':{port}/fetch', {{method: 'POST'}}).catch(() => 0));
          try {{ new WebSocket('ws://' + host + ':{port}/socket'); }} catch (e) {{}}
          navigator.sendBeacon('http://' + host + ':{port}/beacon', 'x');
        }}
        const servers = {{iceServers: [{{urls: 'stun:127.0.0.1:{port}'}}]}};
        try {{ new RTCPeerConnection(servers).createDataChannel('x'); }} catch (e) {{}}
        try {{ window.open('http://127.0.0.1:{port}/popup'); }} catch (e) {{}}
        const frame = document.createElement('iframe'); frame.src = 'http://127.0.0.1:{port}/frame';
        document.body.append(frame);
        Promise.allSettled(out).then(() => {{ document.body.append('tried everything'); }});
        setTimeout(() => {{ location = 'http://127.0.0.1:{port}/away'; }}, 200);
        alert('stop');
        """
        with site({"/": f"<p>Words of the page.</p><script>{script}</script>"}) as (url, _):
            store = new_store(tmp_path, [url])
            crawl_to_end(store, quick(render=True, timeout=60, follow=False))
            row = pages(store)[url]
    assert row.state == "fetched"
    captured = read_capture(store.archive, row.warc_file, row.warc_offset, row.warc_length)
    assert b"Words of the page." in captured.body
    assert reached == []
    assert b"tried everything" in captured.body


def test_a_script_that_never_ends_costs_the_rendering_only(tmp_path):
    web = {"/": reply(b"<p>Words before the loop.</p><script>while (true) {}</script>")}
    with site(web) as (url, _):
        store = new_store(tmp_path, [url])
        crawl_to_end(store, quick(render=True, timeout=4, follow=False))
        row = pages(store)[url]
    assert (row.state, row.rendered) == ("fetched", False)
