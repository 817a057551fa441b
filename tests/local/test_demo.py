"""`make demo`: the same evening for the same seed, one sentence when nothing runs, and everybody looked after."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from tests.harness.stack import ROOT, Stack
from triage.local.demo import people, report
from triage.local.demo.__main__ import Play, gather
from triage.local.demo.world import World


def test_forty_people_with_drama_numbers_the_same_for_the_same_seed():
    cast = people.everybody(7)
    assert cast == people.everybody(7) != people.everybody(8)
    assert len({person.number for person in cast}) == len(cast) == 40
    assert all(person.number.startswith("+447700900") for person in cast)
    assert {person.channel for person in cast} == {"call", "text"}


def test_without_a_running_service_it_says_so_in_a_sentence_and_fails(tmp_path: Path, free_port: Callable[[], int]):
    done = subprocess.run(
        [sys.executable, "-m", "triage.local.demo"],
        cwd=ROOT,
        env={"PORT": str(free_port()), "CARRIER_PORT": str(free_port()), "NWD_VAR": str(tmp_path)},
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.returncode == 7
    assert len(done.stderr.splitlines()) == 1
    assert "start it with `make run` first" in done.stderr


def test_everybody_who_rings_or_texts_is_looked_after(make_stack: Callable[..., Stack]):
    stack = make_stack(carrier_speed=8)
    (stack.folder / "local.env").touch(mode=0o600)
    places = {"PORT": str(stack.port), "CARRIER_PORT": str(stack.carrier_port), "NWD_VAR": str(stack.folder)}
    world = World({**stack.settings, **places})
    world.check()
    cast = gather(world, seed=1)
    wanted = ("Maud", "Niall", "Quill", "Kezia", "Rhian", "Xanthe", "Amara")
    cast.people = [
        replace(person, at_s=number * 1.5, talk_s=2)
        for number, person in enumerate(person for person in cast.people if person.name in wanted)
    ]
    play = Play(world, cast)
    try:
        contacts = play.run()
    finally:
        play.tidy()
    met = {person.name: contacts[person.number] for person in cast.people}
    assert set(met) == set(wanted)
    assert all(report.is_over(contact) for contact in met.values())
    assert met["Maud"]["incidents"][0]["state"] == "clear"
    assert met["Maud"]["keyword"] == "marigold"
    assert met["Amara"]["keyword"] == "harbour"
    assert met["Kezia"]["danger"]
    assert met["Rhian"]["masked_number"] == "withheld"
    assert (met["Quill"]["state"], met["Quill"]["promises"][0]["kind"]) == ("abandoned", "call_back")
    assert met["Niall"]["connected_at"]
    assert [message["direction"] for message in met["Xanthe"]["messages"]].count("in") == 3
    assert report.table(cast.people, contacts).row_count == len(wanted)
