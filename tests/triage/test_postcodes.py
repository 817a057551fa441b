"""Loading where postcodes are: both open files, plain or zipped, again and again, and with rows that cannot be read."""

import zipfile
from pathlib import Path

import pytest
from sqlalchemy import select

from triage import places, postcodes, whereabouts
from triage.car_models import Postcode
from triage.db import Database
from triage.places import Position
from triage.postcodes import NoPostcodes, Reading

ONSPD = (
    "pcd,pcd2,pcds,dointr,doterm,lat,long\n"
    '"PO301AA","PO30 1AA","PO30 1AA",198001,,50.7000,-1.2900\n'
    '"PO301AB","PO30 1AB","PO30 1AB",198001,199906,99.999999,0.000000\n'
    '"PO331AA","PO33 1AA","PO33 1AA",198001,,50.7310,-1.1630\n'
)
CODE_POINT = '"PO30 1AA",10,450050,89050,"E92000001"\n"PO30 1AB",90,0,0,"E92000001"\n'


def loaded(database: Database, file: Path) -> Reading:
    [*_, last] = postcodes.load(database, file)
    return last


def have(database: Database) -> list[str]:
    with database.reading() as db:
        return list(db.scalars(select(Postcode.postcode).order_by(Postcode.postcode)))


def test_onspd_says_where_postcodes_are_and_again_replaces_them(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text("\ufeff" + ONSPD, encoding="utf-8")
    for _ in range(2):
        done = loaded(database, file)
        assert (done.in_place, done.nowhere, done.bad_rows) == (2, 1, 0)
        assert done.read == done.size
    with database.reading() as db:
        assert whereabouts.of_postcode(db, "po30 1aa") == Position(50.7, -1.29)
        assert whereabouts.of_postcode(db, "PO30 1AB") is None
        assert whereabouts.of_postcode(db, "PO30") is None
    file.write_text("\n".join(ONSPD.splitlines()[:2]), encoding="utf-8")
    loaded(database, file)
    assert have(database) == ["PO301AA"], "what the new list does not have is gone"


def test_code_point_open_as_it_is_downloaded(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "codepo_gb.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(
            "Doc/Code-Point_Open_Column_Headers.csv", "PC,PQ,EA,NO,CY\nPostcode,Quality,Eastings,Northings,C"
        )
        archive.writestr("Doc/licence.txt", "open")
        archive.writestr("Data/CSV/po.csv", CODE_POINT)
        archive.writestr("Data/CSV/po-again.csv", CODE_POINT)
    done = loaded(database, file)
    assert (done.in_place, done.nowhere, done.bad_rows) == (1, 2, 0)
    with database.reading() as db:
        there = whereabouts.of_postcode(db, "PO30 1AA")
    assert there is not None
    assert places.metres(there, places.read("SZ 50050 89050")) < 1


def test_a_row_nobody_can_read_is_counted_and_said_with_its_line(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text(
        ONSPD + "nonsense\nPO301AC,,PO30 1AC,,,north,-1.2\nX,,X,,,50.7,-1.2\nPO301AD,,PO30 1AD,,,48.8,2.3\n"
        "PO301AE,,PO30 1AE,,,nan,-1.2\n" + "short\n" * 20
    )
    done = loaded(database, file)
    assert (done.in_place, done.bad_rows, len(done.bad)) == (2, 25, 10)
    assert done.bad[0].startswith("list.csv, line 5:")


@pytest.mark.parametrize("content", [b"", b"a,b\n1,2\n", b"\xff\xfe\x00", b"PK\x03\x04 no zip", b"pcds,lat,long\n"])
def test_a_file_that_is_no_list_changes_nothing(database: Database, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "list.csv"
    file.write_text(ONSPD)
    loaded(database, file)
    file.write_bytes(content)
    with pytest.raises(NoPostcodes, match=r"Nothing was changed"):
        loaded(database, file)
    assert have(database) == ["PO301AA", "PO331AA"]


def test_a_load_that_breaks_off_leaves_what_was_there(database: Database, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text(ONSPD)
    loaded(database, file)
    file.write_text(ONSPD.replace("PO3", "SO3"))
    going = postcodes.load(database, file)
    while next(going).written == 0:
        pass
    with pytest.raises(KeyboardInterrupt):
        going.throw(KeyboardInterrupt)
    assert have(database) == ["PO301AA", "PO331AA"]
