"""What a message may say to anyone who looks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.public_text import public_text, without_secrets

NAMES = st.text("abcdefghijklmnopqrstuvwxyz0123456789_-.", min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("text", "public"),
    [
        (
            'connection to server at "db.internal" (10.1.2.3), port 5432 failed: refused',
            "connection to server at … failed: refused",
        ),
        (
            'connection to server on socket "/var/run/postgresql/.s.PGSQL.5432" failed',
            'connection to server on socket "…/.s.PGSQL.5432" failed',
        ),
        (
            'could not translate host name "db" to an IP',
            "could not translate host name … to an IP",
        ),
        ("no answer from tls://10.0.0.7:8786, gave up", "no answer from tls://…, gave up"),
        ("The platform at https://etl.example:8443/x did not", "The platform at https://… did not"),
        (
            "Permission denied: '/srv/data/x.tif'",
            "Permission denied: '…/x.tif'",
        ),
        ("/srv/data/a.tif: not a TIFF", "…/a.tif: not a TIFF"),
        ("file:///etc/passwd and ~/secret", "file://… and …/secret"),
        ("lost localhost:5432 and worker.lan:40123", "lost … and …"),
        ("from 192.168.1.20 and [fe80::1]:8050", "from … and …"),
        ("C:\\data\\x.tif is missing", "…\\x.tif is missing"),
    ],
)
def test_places_of_the_machine_are_left_out(text: str, public: str) -> None:
    assert public_text(text) == public


@pytest.mark.parametrize(
    "text",
    [
        "bronze-fathom/rwa/FLUVIAL_DEFENDED/2020/1in5.tif can't be read: no space left",
        "20,600 files/h, 3/4 done at 12:30:45, ratio 1.2.3, std::bad_alloc",
        "s02e029/1in200: expected 8 bands, got 7; run this job again",
        "ValueError: a / b, x.tif:3, /",
        "",
    ],
)
def test_other_messages_stay_as_they_are(text: str) -> None:
    assert public_text(text) == text


@given(st.lists(NAMES, min_size=2, max_size=5), st.sampled_from(["'", '"', " ", "(", ": "]))
def test_no_folder_of_a_path_is_left(parts: list[str], before: str) -> None:
    path = "/" + "/".join(f"dir{part}" for part in parts)
    public = public_text(f"can't open{before}{path}")
    assert f"dir{parts[0]}/" not in public
    assert public.endswith(f"…/dir{parts[-1]}")


@pytest.mark.parametrize(
    ("place", "public"),
    [
        ("/data/rasters", "/data/rasters"),
        ("s3://bucket/folder", "s3://bucket/folder"),
        ("s3://KEY:SECRET@bucket/a@b/c?token=SECRET", "s3://bucket/a@b/c"),
        ("https://user:SECRET@example.org?sig=SECRET", "https://example.org"),
    ],
)
def test_a_place_is_shown_without_its_secrets(place: str, public: str) -> None:
    assert without_secrets(place) == public
