from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from eocanvas_apply.manifest.job_order import in_order
from eocanvas_apply.manifest.loading import load

names = st.sampled_from("abcde")


def test_each_job_comes_after_those_it_follows() -> None:
    assert in_order({"c": {"b"}, "b": {"a"}, "a": set(), "d": {"d"}, "e": {"d"}}) == ["a", "b", "c"]


@given(st.dictionaries(names, st.sets(names, max_size=3)))
def test_only_jobs_in_or_after_a_cycle_are_left_out(followed: dict[str, set[str]]) -> None:
    ordered = in_order(followed)
    done: set[str] = set()
    for name in ordered:
        assert followed[name] & followed.keys() <= done
        done.add(name)
    for name in followed.keys() - done:
        assert followed[name] & followed.keys() - done


def chain(length: int) -> str:
    lines = ["version: 1", "project: p", "jobs:"]
    for number in range(length):
        given = f"{{result: j{number - 1}}}" if number else "{url: http://x}"
        lines.append(f"  j{number}: {{graph: g.xml, inputs: {{i: {given}}}}}")
    return "\n".join(lines)


def test_a_chain_of_two_thousand_jobs_is_loaded() -> None:
    loaded = load(chain(2000), "m.yaml")
    assert loaded.diagnostics == ()
    assert len(loaded.require().jobs) == 2000
    assert in_order({name: job.source_names for name, job in loaded.require().jobs.items()})[-1] == "j1999"


class Counting(dict[str, set[str]]):
    """The order of jobs, counting how often a job is looked up."""

    asked = 0

    def __getitem__(self, name: str) -> set[str]:
        self.asked += 1
        return super().__getitem__(name)


def test_the_order_looks_at_each_job_once() -> None:
    followed = Counting({f"j{n}": {f"j{n - 1}"} if n else set() for n in reversed(range(300))})
    assert len(in_order(followed)) == 300
    assert followed.asked <= 300
