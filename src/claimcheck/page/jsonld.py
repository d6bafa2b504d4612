"""Answers and reviews that a page states only in its JSON-LD, for search engines to show."""

import json
from collections import deque

__all__ = ["stated_texts"]

_MAX_NODES = 50_000
# A clinic's page has a few dozen answers; each is compared with the whole text.
_MAX_TEXTS = 500
# Of each type only what a reader of search results sees.
_SHOWN = {"Answer": "text", "Review": "reviewBody"}


def stated_texts(script: str) -> tuple[str, ...]:
    """Return the answers of FAQ pages and the bodies of reviews as HTML or text, in order; none when it is not JSON.

    Of more than 500 the rest is left out.
    """
    try:
        data = json.loads(script.strip().removeprefix("<![CDATA[").removesuffix("]]>"), strict=False)
    except (ValueError, RecursionError):
        return ()
    found: list[str] = []
    waiting = deque([data])
    for _ in range(_MAX_NODES):
        if not waiting:
            break
        item = waiting.popleft()
        if isinstance(item, list):
            waiting.extendleft(reversed(item))
        elif isinstance(item, dict):
            kinds = item.get("@type")
            for kind in kinds if isinstance(kinds, list) else [kinds]:
                shown = item.get(_SHOWN.get(kind, "")) if isinstance(kind, str) else None
                if isinstance(shown, str) and shown.strip():
                    found.append(shown)
            waiting.extendleft(reversed([value for value in item.values() if isinstance(value, dict | list)]))
    return tuple(dict.fromkeys(found))[:_MAX_TEXTS]
