"""The case file: one clinic's confirmed findings in a folder that anyone can verify without claimcheck."""

from claimcheck.review.casefile.folder import WrittenCase, case_name, write_case, write_case_zip
from claimcheck.review.casefile.gather import CaseOptions, gather_case
from claimcheck.review.casefile.records import CaseFile

__all__ = ["CaseFile", "CaseOptions", "WrittenCase", "case_name", "gather_case", "write_case", "write_case_zip"]
