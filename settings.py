"""All settings of Pipeline Monitor, with their types.

Values come from the environment, then from `.env`, then from the defaults here. The README's table
is generated from this class (`python app.py settings`), so the descriptions are the documentation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from os import environ
from pathlib import Path
from typing import Any, Literal, Self

from dotenv import dotenv_values
from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

SOURCE = Path(__file__).resolve().parent
FATHOM_CONTAINER = "bronze-fathom"
RASTER_CONTAINER = "bronze-rasters"
ENV_FILE = ".env"
# Renamed settings, old to new: an old name that is still set is an error, not silently ignored.
RENAMED = {
    "STALE_SECONDS": "JOB_LEASE_SECONDS",
    "BRONZE": "FATHOM_SOURCE",
    "RASTERS": "RASTER_SOURCE",
}


class Settings(BaseSettings):
    """The settings; a field's environment variable is its name in upper case."""

    model_config = SettingsConfigDict(
        env_file=ENV_FILE, extra="ignore", frozen=True, env_ignore_empty=True
    )

    database_url: str | None = Field(
        None,
        description="PostgreSQL (14 or newer) to watch. Its tables are used as they are; only "
        "`database create` and `database install` create something in it. Without it an embedded "
        "PostgreSQL in `DATA_DIR` is used.",
    )
    host: str = Field("127.0.0.1", description="Address to serve on.")
    port: int = Field(8050, ge=1, le=65535, description="Port to serve on.")
    allowed_hosts: str | None = Field(
        None,
        description="Host names that are answered to, separated by commas; `.example.org` stands "
        "for its subdomains. Default: the loopback names and `HOST`.",
    )
    read_only: bool = Field(
        False,
        description="With `true` nothing can be submitted, cancelled or run again from here, and "
        "every transaction only reads.",
    )
    auth_user_header: str | None = Field(
        None,
        description="Header in which a proxy of `TRUSTED_PROXIES` says who somebody is. Without a "
        "name in it nobody sees anything.",
    )
    auth_groups_header: str | None = Field(
        None,
        description="Header with the groups: names separated by commas, or the principal of Entra "
        "(`X-MS-CLIENT-PRINCIPAL`).",
    )
    submitter_groups: str | None = Field(
        None,
        description="Groups that may submit, cancel and run again, separated by commas. Default: "
        "all, or none with `VIEWER_GROUPS`.",
    )
    viewer_groups: str | None = Field(
        None, description="Groups that may look. Default: all who are logged in."
    )
    trusted_proxies: str | None = Field(
        None,
        description="Addresses or networks of the proxies whose headers are believed, separated "
        "by commas.",
    )
    api_tokens: str | None = Field(
        None,
        description="Tokens of scripts, as `python app.py token NAME` prints them, separated by "
        "commas.",
    )
    serve_processes: int = Field(
        1,
        ge=1,
        description="Processes that serve the dashboard. Each reads the database for itself; "
        "one is enough for many viewers.",
    )
    serve_threads: int = Field(
        8,
        ge=1,
        description="Threads of each serving process. It opens at most "
        "SERVE_THREADS + pipelines + 2 database connections.",
    )
    data_dir: Path = Field(
        Path(".data"), description="Folder of the embedded database, the sample and the outputs."
    )
    pipelines_dir: Path | None = Field(
        None, description="A further folder of pipeline files (`*.toml`), beside the built-in ones."
    )
    built_in: bool = Field(
        True,
        description="Whether the built-in pipelines and their sample are there. With `false` only "
        "those of `PIPELINES_DIR` are.",
    )
    jobs_module: str | None = Field(
        None,
        description="A Python file, or the dotted name of a module, with job types of your own.",
    )
    fathom_source: str | None = Field(
        None,
        description="Folder or fsspec URL of FATHOM source files, used as container "
        "`bronze-fathom` instead of the sample. Same as `--fathom-source`.",
    )
    raster_source: str | None = Field(
        None,
        description="Folder or fsspec URL of GeoTIFFs for `raster_v2`, used as container "
        "`bronze-rasters`. Same as `--raster-source`.",
    )
    storage: str | None = Field(
        None,
        description="Folder or fsspec URL in which the other containers lie (`silver-fathom`, …). "
        "Default: `files` in `DATA_DIR`.",
    )
    containers: str | None = Field(
        None,
        description="Containers that lie elsewhere, as `name=place` separated by commas. A place "
        "is a folder or an fsspec URL, e.g. `bronze-survey=/data/photos`.",
    )
    runner: Literal["auto", "on", "off"] = Field(
        "auto",
        description="Whether `python app.py` also runs jobs. `auto`: with the embedded database "
        "yes, with `DATABASE_URL` or `PLATFORM_URL` no.",
    )
    dask_scheduler: str | None = Field(
        None,
        description="Address of a Dask scheduler (`tls://…`) whose workers do the tasks. "
        "Without it the runner starts a local cluster.",
    )
    dask_tls_ca: Path | None = Field(
        None, description="Certificate of the authority that signed those of a `tls://` cluster."
    )
    dask_tls_cert: Path | None = Field(
        None, description="The runner's certificate for a `tls://` cluster."
    )
    dask_tls_key: Path | None = Field(None, description="The key of `DASK_TLS_CERT`.")
    dask_insecure: bool = Field(
        False,
        description="Allows `tcp://` to another machine. Whoever reaches that network runs code "
        "as the runner.",
    )
    workers: int | None = Field(
        None, ge=1, description="Processes of the local cluster. Default: one per core."
    )
    platform_url: str | None = Field(
        None,
        description="Base URL of the platform: submitted jobs are posted to it, no runner starts.",
    )
    refresh_seconds: float = Field(
        5.0, gt=0, description="How often the snapshot of each pipeline is renewed, at the most."
    )
    statement_timeout: float = Field(
        30.0, gt=0, description="Seconds after which a query of the dashboard is cancelled."
    )
    heartbeat_seconds: float = Field(
        5.0, gt=0, description="How often the runner says that its jobs are alive."
    )
    job_lease_seconds: float = Field(
        30.0,
        ge=1,
        description="How long a job stays a runner's without a heartbeat; then another runner "
        "continues it.",
    )
    sample_pixels: int = Field(
        600,
        ge=16,
        le=3600,
        description="Width and height of a sample tile in pixels (the real: 3600).",
    )

    @model_validator(mode="before")
    @classmethod
    def _refuse_old_names(cls, given: Any) -> Any:
        set_in: Mapping[str, Any] = {**dotenv_values(ENV_FILE), **environ}
        old = sorted(RENAMED.keys() & {name.upper() for name, value in set_in.items() if value})
        if old:
            raise ValueError(". ".join(f"{name} is now called {RENAMED[name]}" for name in old))
        return given

    @field_validator("platform_url")
    @classmethod
    def _without_trailing_slash(cls, url: str | None) -> str | None:
        return url.rstrip("/") if url else url

    @field_validator("containers")
    @classmethod
    def _check_containers(cls, given: str | None) -> str | None:
        _places(given)
        return given

    @model_validator(mode="after")
    def _keep_database_apart(self) -> Self:
        """The embedded database's folder is no container, and no container is in it."""
        database = self.workspace / "postgres"
        for name, place in {"STORAGE": self.storage, **self.places}.items():
            if not self.embedded or place is None or "://" in place:
                continue
            folder = Path(place).expanduser().resolve()
            if database.is_relative_to(folder) or folder.is_relative_to(database):
                raise ValueError(
                    f"{name} ({place}) and the embedded database ({database}) are in one another; "
                    "expected folders of their own"
                )
        return self

    @property
    def embedded(self) -> bool:
        """Whether the database is the embedded one."""
        return self.database_url is None

    @property
    def runs_jobs(self) -> bool:
        """Whether this project's runner runs the jobs submitted here."""
        if self.read_only:
            return False
        if self.runner == "auto":
            return self.embedded and self.platform_url is None
        return self.runner == "on"

    @property
    def workspace(self) -> Path:
        """Folder of the embedded database and the outputs, a different one per `FATHOM_SOURCE`.

        Each source has its own inventory; in one database, their counts would be mixed.
        """
        root = self.data_dir.expanduser().resolve()
        if self.fathom_source is None:
            return root
        name = re.sub(r"[^a-z0-9]+", "-", self.fathom_source.lower()).strip("-")[-24:].strip("-")
        return root / f"{name}-{sha256(self.fathom_source.encode()).hexdigest()[:8]}"

    @property
    def places(self) -> dict[str, str]:
        """Containers outside `storage`: name → folder or URL."""
        named = {FATHOM_CONTAINER: self.fathom_source, RASTER_CONTAINER: self.raster_source}
        own = {name: place for name, place in named.items() if place is not None}
        return {**_places(self.containers), **own}

    @property
    def wants_sample(self) -> bool:
        """Whether to write the sample and submit its first jobs."""
        return self.built_in and self.embedded and self.fathom_source is None and self.runs_jobs

    @property
    def storage_root(self) -> str:
        """Folder or URL of the containers that have no other place."""
        return self.storage or str(self.workspace / "files")

    def as_environment(self) -> dict[str, str]:
        """The settings as environment variables, for child processes."""
        given = self.model_dump(mode="json", exclude_none=True)
        return {name.upper(): str(value) for name, value in given.items()}


def _places(given: str | None) -> dict[str, str]:
    """The containers of `CONTAINERS`: name → folder or URL. Raises ValueError."""
    found: dict[str, str] = {}
    for one in filter(None, (part.strip() for part in (given or "").split(","))):
        name, equals, place = (part.strip() for part in one.partition("="))
        if not (name and equals and place):
            raise ValueError(f"'{one}': expected name=folder or name=URL")
        if name in found:
            raise ValueError(f"container '{name}' is given twice")
        found[name] = place
    return found
