"""The records that a reviewer may add to a finding: those of the pack that the claim was judged against."""

from functools import lru_cache

from claimcheck.corpus.reader import Corpus, YamlCorpusReader, list_packs
from claimcheck.errors import ClaimcheckError
from claimcheck.records import EvidenceRecord
from claimcheck.review.errors import InvalidError
from claimcheck.settings import data_folder

__all__ = ["known_record", "pack_records"]


@lru_cache(maxsize=8)
def _pack(name: str) -> Corpus:
    return YamlCorpusReader().read(data_folder("corpus") / name)


def pack_records(pack: str) -> tuple[EvidenceRecord, ...]:
    """Return the records of a pack; none when this machine does not have it.

    Corpora move on: a finding of last year may name a pack that is no longer here, and stays reviewable.
    """
    try:
        return _pack(pack).records if pack in list_packs(data_folder("corpus")) else ()
    except ClaimcheckError:
        return ()


def known_record(pack: str, record_id: str) -> EvidenceRecord:
    """Return a record of the pack.

    :raises InvalidError: when there is no such record.
    """
    for record in pack_records(pack):
        if record.id == record_id:
            return record
    raise InvalidError(f"found no evidence record {record_id!r} in pack {pack!r}; take an id from the corpus search")
