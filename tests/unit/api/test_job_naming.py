from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from datacube_api.core import DNS_SUBDOMAIN
from datacube_api.naming import CUBE_LABEL, job_name, transfer_labels

LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
LABEL_VALUE = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?")

FEW = hypothesis_settings(max_examples=50)
names = st.from_regex(DNS_SUBDOMAIN, fullmatch=True).filter(lambda name: len(name) <= 253)


def test_an_ordinary_name_is_readable() -> None:
    assert job_name("s3-upload-file") == "s3-upload-file-batchjob"


def test_the_longest_name_that_fits_is_kept() -> None:
    assert job_name("a" * 54) == "a" * 54 + "-batchjob"
    assert job_name("a" * 55) != "a" * 55 + "-batchjob"


@pytest.mark.parametrize(
    "name", ["a" * 253, "a.b", "x" * 40 + "." + "y" * 40, "a" + "-" * 80 + "b"]
)
def test_a_name_that_does_not_fit_is_cut_and_hashed(name: str) -> None:
    job = job_name(name)
    assert len(job) <= 63
    assert LABEL.fullmatch(job)
    assert re.search(r"-[0-9a-f]{10}-batchjob$", job)


def test_long_names_that_begin_alike_stay_apart() -> None:
    assert job_name("a" * 100) != job_name("a" * 101)


def test_nobody_can_pick_the_name_that_a_hash_makes() -> None:
    hashed = job_name("a.b").removesuffix("-batchjob")
    assert job_name(hashed) != job_name("a.b")


@FEW
@given(names, names)
def test_every_name_gives_a_valid_one_and_no_two_share_it(one: str, other: str) -> None:
    assert LABEL.fullmatch(job_name(one))
    assert len(job_name(one)) <= 63
    assert (job_name(one) == job_name(other)) == (one == other)


@FEW
@given(names)
def test_every_name_gives_a_valid_label(name: str) -> None:
    value = transfer_labels(name)[CUBE_LABEL]
    assert len(value) <= 63
    assert LABEL_VALUE.fullmatch(value)
