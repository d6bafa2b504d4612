"""Folders of made-up pages for tests of scans: varied claims, boilerplate on every page, pages that break things."""

import random

HEAD = "Welcome to the Leaf House, where tea is poured by hand. Our tea is proven to calm you."
FOOT = "Tea is sold to adults only. Call us or write to us for an appointment any day of the week."
ACTS = ["cures", "is proven to ease", "may ease", "helps with", "nobody knows whether it ends"]
ILLS = ["headaches", "low mood", "a stiff back", "poor sleep", "worry", "a cold", "dry eyes", "tired legs"]


def page(number, rng, claims=4):
    lines = [
        f"<li>Green tea {rng.choice(ACTS)} {rng.choice(ILLS)} in week {rng.randrange(40)}.</li>" for _ in range(claims)
    ]
    return (
        f"<html lang=en><head><title>Page {number}</title></head><body><h1>Tea at the Leaf House</h1><p>{HEAD}</p>"
        f"<h2>What it does for you</h2><ul>{''.join(lines)}</ul><p>This is page {number} of what we have to say about "
        f"leaves, cups and the people who drink from them.</p><p>{FOOT}</p></body></html>"
    )


TROUBLE = {
    "bad/nested.html": "<div>" * 50_000 + "tea cures all" + "</div>" * 50_000,
    "bad/empty.html": "",
    "bad/german.txt": "Der Tee heilt alles und jeden, sagt man. Wir glauben es nicht, aber wir verkaufen ihn gern an "
    "jeden, der danach fragt und der das Geld dafür hat.\n",
    "bad/broken.pdf": "%PDF-1.4 and then nothing that a reader could use",
    "bad/picture.png": "not a page",
    "bad/bug.html": "<p>BUG here, and the tea is poured by hand as it was in our grandmother's house.</p>",
    "bad/judge.html": "<p>The tea has a JUDGEBUG in it, as it was in our grandmother's house all the time.</p>",
}


def write_site(folder, pages, *, seed=7, trouble=()):
    """Write a folder of pages; two of them are the same text in other bytes. Return it."""
    rng = random.Random(seed)  # noqa: S311 - pages, no secrets
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(pages):
        (folder / f"page{number:03d}.html").write_text(page(number, rng))
    if pages:
        first = (folder / "page000.html").read_text()
        (folder / "zz_again.html").write_text(first.replace("<body>", "<body><!-- the same words -->"))
    for name in trouble:
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(TROUBLE[name])
    return folder
