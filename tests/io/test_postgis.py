"""Tables from and layers to a PostgreSQL with PostGIS that the test starts itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from shapely import Point

import quarterhour as qh
from command import quarterhour
from postgres import PASSWORD, server
from quarterhour.base.errors import DataError, QuarterhourError, ServiceError, StudyError, WriteError
from quarterhour.io import files
from quarterhour.io.postgis import Database, check_writable, read_database, write_database
from quarterhour.report import write
from tables import STUDY

TABLES = """
CREATE EXTENSION postgis;
CREATE SCHEMA welfare;
CREATE TABLE welfare.sites (
    code bigint PRIMARY KEY, "机构名称" text, beds numeric, opened date, geom geometry(Point, 4490)
);
INSERT INTO welfare.sites VALUES
    (371002001012, '乙', 40, '2020-01-02', 'SRID=4490;POINT(122.2 37.5)'),
    (371002001011, '甲', 30.5, NULL, 'SRID=4490;POINT(122.1 37.5)'),
    (371002001013, '丙', NULL, NULL, NULL);
CREATE VIEW welfare.open_sites AS SELECT * FROM welfare.sites WHERE beds IS NOT NULL;
CREATE TABLE welfare."村 居; drop" (id text, name text, x float8, y float8, older int, note jsonb);
INSERT INTO welfare."村 居; drop" VALUES
    ('b', '东村', 122.2, 37.5, 7, '{"a": 1}'),
    ('a', '西村', 122.1, 37.5, NULL, NULL),
    ('c', '北村', 37.5, 122.1, 3, NULL);
CREATE TABLE plain (id int, name text);
INSERT INTO plain VALUES (2, 'two'), (1, 'one');
CREATE TABLE welfare.two (id int, a geometry, b geography);
CREATE TABLE welfare.mixed (id int, geom geometry);
INSERT INTO welfare.mixed VALUES (1, 'SRID=4326;POINT(1 1)'), (2, 'SRID=32651;POINT(1 1)');
CREATE TABLE welfare.unsaid (id int, name text, geom geometry);
INSERT INTO welfare.unsaid VALUES (1, 'a', 'POINT(122.1 37.5)');
CREATE TABLE welfare.ground (id int, name text, place geography(PointZ));
INSERT INTO welfare.ground VALUES (1, 'a', 'POINT Z (122.1 37.5 9)');
CREATE TABLE welfare.none (id int, name text, geom geometry(Point, 32651));
CREATE ROLE reader LOGIN PASSWORD 'reader-word';
GRANT USAGE ON SCHEMA welfare TO reader;
GRANT SELECT ON welfare.sites TO reader;
"""
PG = Database("postgis", "QUARTERHOUR_TEST_PG")


def run(address: str, statements: str) -> Any:
    import psycopg

    with psycopg.connect(address, autocommit=True) as connection:
        found = connection.execute(statements)
        return found.fetchall() if found.description else None


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    with server() as address:
        run(f"{address}/postgres", "CREATE DATABASE test")
        run(f"{address}/postgres", "CREATE DATABASE bare")
        run(f"{address}/test", TABLES)
        yield address


@pytest.fixture
def known(base: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv(PG.url_env, f"{base}/test")
    return f"{base}/test"


@pytest.mark.usefixtures("known")
class TestReading:
    def test_a_table_comes_by_its_key_with_its_system_and_types(self) -> None:
        table = read_database(PG, "welfare.sites")
        assert table.file == "postgis.welfare.sites" and table.rows == files.header.Rows(3)
        frame = table.frame
        assert isinstance(frame, gpd.GeoDataFrame) and frame.crs.to_epsg() == 4490
        assert frame["code"].tolist() == [371002001011, 371002001012, 371002001013]
        assert frame["机构名称"].tolist() == ["甲", "乙", "丙"] and frame["beds"].tolist()[:2] == [30.5, 40]
        assert frame["opened"].tolist()[1] == "2020-01-02" and list(frame.index) == [1, 2, 3]

    def test_rows_go_through_the_door_of_files(self) -> None:
        read = read_database(PG, "welfare.sites")
        kept, found, account = files.read_counted_places(read, table="facilities", crs=STUDY, kind="care_base")
        assert list(kept.index) == ["371002001011", "371002001012"] and kept.crs == STUDY
        assert {"no_place", "column_by_heading"} <= set(found["rule"]) and set(found["file"]) == {
            "postgis.welfare.sites"
        }
        assert found.loc[found["rule"] == "no_place", "row"].tolist() == [3]
        assert [account[k] for k in ("rows", "used", "set_aside")] == [3, 2, 1]

    def test_a_view_and_a_name_on_the_search_path_are_read(self) -> None:
        assert len(read_database(PG, "welfare.open_sites").frame) == 2
        plain = read_database(PG, "plain")
        assert plain.file == "postgis.public.plain" and plain.frame.to_dict("list") == {
            "id": [1, 2],
            "name": ["one", "two"],
        }

    def test_a_name_is_quoted_and_never_a_statement(self) -> None:
        read = read_database(PG, "welfare.村 居; drop")
        assert read.frame["id"].tolist() == ["a", "b", "c"]
        kept, found = files.read_places(read, table="communities", crs=STUDY, people=["older"])
        assert list(kept.index) == ["b"] and {"people_missing", "swapped", "nested_column"} <= set(found["rule"])
        for name in ("welfare.sites; DROP TABLE plain", 'welfare."sites"', "welfare.sites WHERE true --"):
            with pytest.raises(DataError, match="has no table"):
                read_database(PG, name)

    def test_the_nearest_names_are_told_of_a_table_that_is_not_there(self) -> None:
        with pytest.raises(DataError, match=r"no table 'welfare\.site'\. Names like it: welfare\.sites"):
            read_database(PG, "welfare.site")
        with pytest.raises(DataError, match=r"Names like it: public\.plain"):
            read_database(PG, "plan")

    def test_shapes_that_cannot_be_one_layer_are_refused(self) -> None:
        with pytest.raises(DataError, match="several columns of shapes: a, b"):
            read_database(PG, "welfare.two")
        with pytest.raises(DataError, match="several systems .SRID 4326, 32651"):
            read_database(PG, "welfare.mixed")

    def test_shapes_without_a_system_are_taken_as_a_files_are(self) -> None:
        kept, found = files.read_places(read_database(PG, "welfare.unsaid"), table="communities", crs=STUDY)
        assert len(kept) == 1 and found["rule"].tolist() == ["crs_taken"]
        with pytest.raises(DataError, match="names no coordinate reference system"):
            files.read_roads_file(read_database(PG, "welfare.unsaid"), crs=STUDY)
        with pytest.raises(DataError, match="has no geometry"):
            files.read_roads_file(read_database(PG, "plain"), crs=STUDY)

    def test_geographies_and_heights_and_empty_tables_are_read(self) -> None:
        ground = read_database(PG, "welfare.ground").frame
        assert ground.crs.to_epsg() == 4326 and not ground.geometry.has_z.any()
        assert read_database(PG, "welfare.none").frame.empty


class TestWhatGoesWrong:
    def refused(self, kind: type[QuarterhourError], said: str, table: str = "welfare.sites") -> None:
        with pytest.raises(kind, match=said) as told:
            read_database(PG, table)
        for lang in ("zh", "en"):
            assert PASSWORD not in told.value.sentence(lang) and "reader-word" not in told.value.sentence(lang)
        assert PASSWORD not in repr(told.value.__cause__)

    @pytest.mark.usefixtures("base")
    def test_no_address_or_one_that_is_none(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv(PG.url_env, raising=False)
        self.refused(DataError, "environment variable QUARTERHOUR_TEST_PG, which is empty")
        for wrong in (f"keeper:{PASSWORD}@host", f"mysql://keeper:{PASSWORD}@host/x", f"postgresql://a:{PASSWORD}@h:x/b",
                      f"postgresql://keeper:{PASSWORD}@host"):  # fmt: skip
            monkeypatch.setenv(PG.url_env, wrong)
            self.refused(DataError, "holds no PostgreSQL address")

    def test_no_server_no_database_or_another_password(self, base: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(PG.url_env, re.sub(r":\d+$", ":1/test", base))
        self.refused(ServiceError, r"127\.0\.0\.1:1, test. could not be reached")
        monkeypatch.setenv(PG.url_env, f"{base}/absent")
        self.refused(ServiceError, 'database "absent" does not exist')
        monkeypatch.setenv(PG.url_env, f"{base}/test".replace(PASSWORD, "reader-word"))
        self.refused(ServiceError, "password authentication failed")

    def test_what_a_user_may_not_read_is_told(self, base: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(PG.url_env, f"{base}/test".replace(f"keeper:{PASSWORD}", "reader:reader-word"))
        assert len(read_database(PG, "welfare.sites").frame) == 3
        self.refused(ServiceError, "does not allow this to the user 'reader': permission denied", "welfare.mixed")
        with pytest.raises(ServiceError, match="does not allow this to the user 'reader'"):
            check_writable(PG, "new_one", owner="toy")

    @pytest.mark.usefixtures("known")
    def test_without_the_extra_it_says_what_to_install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(__import__("sys").modules, "psycopg", None)
        self.refused(DataError, r'pip install "quarterhour\[postgis\]"')

    def test_a_database_without_postgis_takes_no_layers(self, base: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv(PG.url_env, f"{base}/bare")
        with pytest.raises(DataError, match="CREATE EXTENSION postgis"):
            check_writable(PG, "results", owner="toy")


def layer(**columns: Any) -> gpd.GeoDataFrame:
    frame = gpd.GeoDataFrame(columns, geometry=[Point(400_000, 4_150_000), None], crs=STUDY, index=["a", "b"])
    return frame.rename_axis("id")


class TestWriting:
    def test_layers_come_back_as_they_went(self, known: str) -> None:
        made = layer(name=["甲\t\\N\n", None], met=[True, False], people=[1, 2], minutes=[1.5, np.nan])
        write_database(PG, "结 果", {"communities": made, "sites": layer(order=[1, 2])}, owner="toy")
        back = read_database(PG, "结 果.communities").frame.set_index("id")
        assert (
            back.crs == STUDY
            and back.geometry["a"].equals(made.geometry["a"])
            and back.geometry.isna().tolist() == [0, 1]
        )
        assert back["met"].tolist() == [True, False] and back["people"].tolist() == [1, 2]
        assert (
            back["minutes"].tolist()[0] == 1.5 and pd.isna(back["minutes"].tolist()[1]) and pd.isna(back["name"]["b"])
        )
        stored = run(known, "SELECT name FROM \"结 果\".communities WHERE id = 'a'")
        assert stored == [("甲\t\\N\n",)]

    def test_a_later_run_replaces_its_own_and_leaves_no_old_layer(self, known: str) -> None:
        write_database(PG, "again", {"communities": layer(n=[1, 2]), "sites": layer(n=[1, 2])}, owner="toy")
        write_database(PG, "again", {"communities": layer(n=[3, 4])}, owner="toy")
        assert read_database(PG, "again.communities").frame["n"].tolist() == [3, 4]
        assert run(known, "SELECT to_regclass('again.sites')") == [(None,)]

    def test_all_or_nothing(self, known: str) -> None:
        write_database(PG, "whole", {"communities": layer(n=[1, 2])}, owner="toy")
        odd = layer(n=[5, 6]).to_crs("+proj=tmerc +lon_0=122.3 +ellps=GRS80")
        with pytest.raises(DataError, match="has no EPSG code"):
            write_database(PG, "whole", {"communities": layer(n=[3, 4]), "sites": odd}, owner="toy")
        assert read_database(PG, "whole.communities").frame["n"].tolist() == [1, 2]
        run(known, "CREATE VIEW whole.seen AS SELECT * FROM whole.communities")
        with pytest.raises(WriteError, match=r"rest on a table that would be replaced.*Nothing was written"):
            write_database(PG, "whole", {"roads": layer(n=[1, 2]), "communities": layer(n=[3, 4])}, owner="toy")
        assert run(known, "SELECT to_regclass('whole.roads')") == [(None,)]

    def test_tables_of_others_are_never_written_over(self, known: str) -> None:
        run(known, "CREATE SCHEMA busy; CREATE TABLE busy.communities (a int)")
        with pytest.raises(
            WriteError, match="busy in the database 'postgis' holds tables that are no results.*communities"
        ):
            write_database(PG, "busy", {"communities": layer(n=[1, 2])}, owner="toy")
        write_database(PG, "busy", {"sites": layer(n=[1, 2])}, owner="toy")
        with pytest.raises(WriteError, match="sites"):
            write_database(PG, "busy", {"sites": layer(n=[1, 2])}, owner="another study")
        assert run(known, "SELECT count(*) FROM busy.communities") == [(0,)]

    def test_the_check_before_the_work_leaves_nothing(self, known: str) -> None:
        check_writable(PG, "early", owner="toy")
        assert run(known, "SELECT count(*) FROM pg_namespace WHERE nspname = 'early'") == [(0,)]

    @pytest.mark.usefixtures("known")
    def test_long_names_are_cut_and_stay_apart(self) -> None:
        first, second = "很" * 30 + "长一", "很" * 30 + "长二"
        write_database(PG, "long", {"sites": layer(**{first: [1, 2], second: [3, 4]})}, owner="toy")
        back = read_database(PG, "long.sites").frame
        assert [back[c].tolist() for c in back.columns if c.startswith("很")] == [[1, 2], [3, 4]]


IN_DATABASE = {
    'path = "roads.geojson"': 'database = "pg"\ntable = "toy.roads"',
    'path = "communities.csv"': 'database = "pg"\ntable = "toy.communities"',
    'path = "facilities.csv"': 'database = "pg"\ntable = "toy.facilities"',
}
SINK = '[outputs]\ndatabase = "pg"\nschema = "toy_results"\n'
DATABASE = f'\n[databases.pg]\nurl_env = "{PG.url_env}"\n'


def stored_study(folder: Path, known: str) -> Path:
    """The toy study with all its tables in the database."""
    run(known, "DROP SCHEMA IF EXISTS toy, toy_results CASCADE")
    roads = gpd.read_file(folder / "roads.geojson")
    write_database(PG, "toy", {"roads": roads}, owner="test")
    for name in ("communities", "facilities"):
        table = files.read_table(folder / f"{name}.csv").frame
        run(known, f"CREATE TABLE toy.{name} ({', '.join(f'{c} text' for c in table)})")
        for row in table.astype(str).values.tolist():
            run(known, f"INSERT INTO toy.{name} VALUES ({', '.join(repr(v) for v in row)})")
    text = (folder / "study.toml").read_text(encoding="utf-8")
    for old, new in IN_DATABASE.items():
        assert old in text
        text = text.replace(old, new)
    (folder / "study.toml").write_text(text.replace("[outputs]\n", SINK) + DATABASE, encoding="utf-8")
    return folder


def test_a_study_out_of_a_database_gives_what_its_files_give(toy_study: Path, toy_run: qh.Results, known: str) -> None:
    results = qh.run_study(qh.read_study(stored_study(toy_study, known)))
    for one, other in zip(results.checks, toy_run.checks, strict=True):
        pd.testing.assert_frame_equal(one.shares, other.shares)
    assert results.inputs.used["file"].tolist() == ["pg.toy.communities", "pg.toy.facilities", "pg.toy.roads"]
    assert results.inputs.used["sha256"].str.len().eq(64).all()
    assert results.inputs.account["file"].tolist() == ["pg.toy.communities", "pg.toy.facilities"]
    again = qh.run_study(qh.read_study(toy_study))
    pd.testing.assert_frame_equal(again.inputs.used, results.inputs.used)


def test_the_command_writes_the_layers_and_never_the_address(toy_study: Path, known: str, tmp_path: Path) -> None:
    folder, out = stored_study(toy_study, known), tmp_path / "out"
    done = quarterhour("run", folder, "--out", out, "--lang", "en")
    assert "the layers were written to the database pg.toy_results" in done.stdout, done.stderr
    results = qh.run_study(qh.read_study(folder))
    assert set(write.result_layers(results)) == {
        n for (n,) in run(known, "SELECT tablename FROM pg_tables WHERE schemaname = 'toy_results'")
    }
    assert len(read_database(PG, "toy_results.communities").frame) == len(results.inputs.communities)
    for path in (p for p in out.rglob("*") if p.is_file()):
        assert PASSWORD.encode() not in path.read_bytes(), path
    assert PASSWORD not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('path = "roads.geojson"', 'path = "postgresql://me:word@host/base"',
         r"roads.path: postgresql://\*\*\*@host/base is not a file"),
        ('path = "roads.geojson"', 'database = "pg"', "database: .*table"),
        ('path = "roads.geojson"', 'table = "a.b"', "table: .*database"),
        ('path = "roads.geojson"', 'path = "roads.geojson"\ndatabase = "pg"\ntable = "a.b"', "does not go with `path`"),
        ('path = "roads.geojson"', 'database = "gp"\ntable = "a.b"', r"\[databases\] has no such database; it has: pg"),
        ('path = "communities.csv"', 'database = "pg"\ntable = "a.b"\nencoding = "utf-8"', "communities.encoding"),
        (f'"{PG.url_env}"', '"postgresql://me:word@host/base"', "name an environment variable"),
        ("url_env =", "url =", r"databases.pg.url"),
        ('schema = "toy_results"', "", "database: .*schema"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_of_a_database_is_refused(toy_study: Path, old: str, new: str, said: str) -> None:
    file = toy_study / "study.toml"
    text = file.read_text(encoding="utf-8").replace("[outputs]\n", SINK) + DATABASE
    text = text.replace(old, new)
    file.write_text(text.replace("url = ", 'url = "postgresql://me:word@host/base" #'), encoding="utf-8")
    with pytest.raises(StudyError, match=said) as told:
        qh.read_study(toy_study)
    assert "word@" not in str(told.value) and "word@" not in told.value.sentence("zh")
