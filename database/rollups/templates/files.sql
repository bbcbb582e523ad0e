-- What is kept of the files of one pipeline. A fact is: files of one cell (a combination of grouping
-- values) that were completed in the same minute of each phase, or not completed (NULL).

-- Facts as writers change them, signed: appended only, so that no writer waits for another.
CREATE TABLE @changes (
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    cell text[] NOT NULL,
    @timestamp_columns
    @group_columns
    files bigint NOT NULL,
    unsized bigint NOT NULL,
    bytes numeric NOT NULL
);
CREATE INDEX ON @changes (xid);

-- The cube: what was compacted of the changes. A value may be longer than an index entry, its hash not.
CREATE TABLE @cells (
    cell_id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key bytea NOT NULL UNIQUE,
    cell text[] NOT NULL,
    @measure_columns
    changed xid8 NOT NULL DEFAULT pg_current_xact_id()
);
CREATE INDEX ON @cells (changed);

-- Completions by minute; those before rollup.hours_before by hour.
CREATE TABLE @minutes (
    cell_id integer NOT NULL,
    phase smallint NOT NULL,
    at timestamptz NOT NULL,
    files bigint NOT NULL,
    changed xid8 NOT NULL DEFAULT pg_current_xact_id(),
    PRIMARY KEY (at, phase, cell_id)
);
CREATE INDEX ON @minutes (changed);
CREATE TABLE @hours (
    cell_id integer NOT NULL,
    phase smallint NOT NULL,
    at timestamptz NOT NULL,
    files bigint NOT NULL,
    PRIMARY KEY (at, phase, cell_id)
);

-- Groups whose files were changed, from when that is compacted: whoever holds what is left of a group
-- looks again.
CREATE TABLE @dirty_groups (
    changed xid8 NOT NULL DEFAULT pg_current_xact_id(),
    phase smallint NOT NULL,
    grp text NOT NULL
);
CREATE INDEX ON @dirty_groups (changed);

CREATE FUNCTION @compact() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
SET synchronous_commit = off AS @compact_body;

-- The cell of a group: that of one of its files, of what its task names where it names something;
-- NULL where it has none.
CREATE FUNCTION @cell_of(wanted_phase integer, wanted_group text, wanted_within text) RETURNS text[]
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS @cell_of_body;
