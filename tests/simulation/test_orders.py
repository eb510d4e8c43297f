"""Products ordered ahead of their launches: shared, never too old, and none too many, under all faults."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path
from random import Random

import httpx
import pytest

from eocanvas_apply.emulator.http.request_faults import Fault, FaultKind
from eocanvas_apply.emulator.model.accounts import User
from eocanvas_apply.emulator.model.behaviour import Behaviour, Quota, QuotaAnswer
from eocanvas_apply.emulator.model.catalogue import DATASETS, ArchivedProduct
from eocanvas_apply.emulator.model.job_failures import JobFault
from eocanvas_apply.emulator.model.product_orders import Order
from eocanvas_apply.ledger.events import JobIntended, ProductOrdered
from eocanvas_apply.ledger.verify import verify
from eocanvas_apply.planning.actions import Outcome
from eocanvas_apply.planning.plan import Requests
from eocanvas_apply.planning.state.order_book import LIFE
from eocanvas_apply.report.progress import Ending, Happening
from eocanvas_apply.simulation.simulated_service import ACCOUNT, PASSWORD
from tests.simulation.world import Killed, World

OLCI = DATASETS[0]
LICENCES = ", ".join(OLCI.terms)
PRODUCTS = list(OLCI.products(date(2024, 7, 1), date(2024, 7, 3), ""))[:15]
_URL = re.compile(r"/dataaccess/download/([0-9a-f]+)")


def manifest(jobs: int, quota: str = "", terms: str = LICENCES, *, located: bool = True) -> str:
    """A campaign of so many tiles over the fifteen products."""
    rows = "\n".join(f"        t{n:02}: {_row(PRODUCTS[n % len(PRODUCTS)], located=located)}" for n in range(jobs))
    return f"""
version: 1
project: tiles
{quota}
jobs:
  cut:
    graph: graph.xml
    for_each:
      map:
{rows}
    inputs: {{img1: {{product: "${{each.scene}}", uncompress: true}}}}
    accept_terms: [{terms}]
"""


def _row(product: ArchivedProduct, *, located: bool) -> str:
    place = f', location: "{product.location}"' if located else ""
    return f'{{scene: {product.id}, dataset_id: "{product.dataset_id}"{place}}}'


def orders(world: World) -> tuple[Order, ...]:
    return world.frontend.service.orders.every()


def check(world: World, jobs: int) -> None:
    """What must hold at every end: each job ran once, with a download that was ready and recent."""
    launched = world.frontend.service.jobs.every()
    assert len(launched) == jobs
    assert {job.status for job in launched} == {"successful"}
    made = {order.id: order for order in orders(world)}
    for job in launched:
        (location,) = job.execution.locations
        found = _URL.search(location)
        assert found
        order = made[found[1]]
        assert order.ready <= job.created <= order.created + LIFE


def test_fifteen_orders_serve_twenty_three_jobs(tmp_path: Path) -> None:
    world = World(tmp_path, behaviour=Behaviour(order_time=600))
    result = world.apply(manifest(23))
    assert not result.endings
    check(world, 23)
    assert len(orders(world)) == 15
    assert [d for d in verify(world.entries()) if "order" in d.message] == []
    assert not world.plan(manifest(23)).changes_pending


def test_nothing_is_ordered_for_launches_in_the_distant_future(tmp_path: Path) -> None:
    world = World(tmp_path, quotas=(Quota(3, 3600),), behaviour=Behaviour(order_time=600))
    text = manifest(9, "quota: [{jobs: 3, per: 1h}]")
    world.apply(text, wait=timedelta(minutes=20))
    assert len(orders(world)) == 3
    world.apply(text, wait=timedelta(minutes=35))
    assert len(orders(world)) == 6
    assert len(world.frontend.service.jobs.every()) == 3
    assert not world.apply(text).endings
    check(world, 9)
    assert len(orders(world)) == 9
    # The second three went when the window opened, not ten minutes later: their orders were ready by then.
    created = sorted(job.created for job in world.frontend.service.jobs.every())
    assert created[5] - created[0] < timedelta(hours=1, minutes=2)


def test_products_of_held_jobs_are_ordered_in_advance(tmp_path: Path) -> None:
    world = World(tmp_path, job_time=600, behaviour=Behaviour(order_time=600))
    begun = world.clock()
    assert not world.apply(manifest(6, "max_running: 2")).endings
    check(world, 6)
    assert len(orders(world)) == 6
    # Ten minutes until the first orders are ready, then three turns of ten minutes each.
    assert world.clock() - begun < timedelta(minutes=45)


@pytest.mark.parametrize(("hours", "ordered"), [(2, 15), (7, 16)])
def test_an_order_is_used_for_six_hours_and_then_made_again(tmp_path: Path, hours: int, ordered: int) -> None:
    """Jobs of one product follow each other while its order is young."""
    world = World(tmp_path, quotas=(Quota(1, hours * 3600),))
    text = manifest(16, f"quota: [{{jobs: 1, per: {hours}h}}]\ntiming: {{poll: 30m}}")
    world.apply(text, wait=timedelta(days=6))
    check(world, 16)
    assert len(orders(world)) == ordered


@pytest.mark.parametrize("answer", ["retry-after", "quota-reset", "bare"])
def test_the_quota_of_orders_is_kept_and_probed(tmp_path: Path, answer: QuotaAnswer) -> None:
    world = World(tmp_path, hda_quotas=(Quota(4, 3600),), behaviour=Behaviour(quota_answer=answer))
    assert not world.apply(manifest(10)).endings
    check(world, 10)
    assert len(orders(world)) == 10


def test_a_product_without_location_is_searched(tmp_path: Path) -> None:
    world = World(tmp_path)
    assert not world.apply(manifest(2, located=False)).endings
    check(world, 2)


def test_a_licence_that_the_manifest_does_not_name_is_never_accepted(tmp_path: Path) -> None:
    world = World(tmp_path)
    result = world.apply(manifest(2, terms=OLCI.terms[0]))
    assert {r.outcome for r in result.results} == {Outcome.FAILED}
    fault = result.results[0].error
    assert fault
    assert fault.code == "terms-not-accepted"
    assert OLCI.terms[1] in fault.message
    assert f"accept_terms: [{LICENCES}]" in fault.hint
    user = User(ACCOUNT, PASSWORD)
    assert not world.frontend.service.orders.has_accepted(user, OLCI.terms[1])
    assert not world.frontend.service.jobs.every()


@pytest.mark.parametrize("behaviour", [Behaviour(), Behaviour(terms_needed="nothing"), Behaviour(hda_denies="403")])
def test_licences_accepted_elsewhere_need_not_be_named(tmp_path: Path, behaviour: Behaviour) -> None:
    world = World(tmp_path, behaviour=behaviour)
    user = User(ACCOUNT, PASSWORD)
    for term in OLCI.terms:
        world.frontend.service.orders.accept(user, term)
    assert not world.apply(manifest(2, terms="")).endings
    check(world, 2)


def test_lost_downloads_are_ordered_again_a_limited_number_of_times(tmp_path: Path) -> None:
    world = World(tmp_path, behaviour=Behaviour(order_time=60, order_life=50))
    result = world.apply(manifest(1))
    assert result.endings == {Ending.FAILED}
    assert result.results[0].error
    assert result.results[0].error.code == "order-failed"
    assert len(orders(world)) == 3
    world.frontend.service.behaviour = Behaviour()
    assert not world.apply(manifest(1)).endings
    check(world, 1)


def test_an_unavailable_product_takes_no_slot_from_others(tmp_path: Path) -> None:
    world = World(tmp_path, quotas=(Quota(2, 3600),))
    text = manifest(4, "quota: [{jobs: 2, per: 1h}]").replace(PRODUCTS[0].id, PRODUCTS[0].id[:-5] + "X.SEN3")
    result = world.apply(text)
    assert result.endings == {Ending.FAILED}
    check(world, 3)
    assert world.clock() - world.frontend.service.jobs.every()[0].created < timedelta(hours=3)


def test_lost_orders_are_made_again(tmp_path: Path) -> None:
    world = World(tmp_path)
    for _ in range(2):
        world.frontend.faults.append(Fault("drop-after", method="POST", path="*/dataaccess/download", times=1))
    assert not world.apply(manifest(4)).endings
    check(world, 4)
    assert len(orders(world)) == 6
    assert Happening.ANSWER_LOST in {p.happening for p in world.progress}


def test_a_download_that_one_job_could_not_read_is_not_used_for_another(tmp_path: Path) -> None:
    world = World(tmp_path, quotas=(Quota(1, 600),))
    world.frontend.service.job_faults.append(JobFault("staging-in"))
    text = manifest(16, "quota: [{jobs: 1, per: 10m}]").replace("t15:", "t00b:")
    assert not world.apply(text).endings
    jobs = sorted(world.frontend.service.jobs.every(), key=lambda job: job.number)
    assert [job.status for job in jobs].count("failed") == 1
    spoilt = jobs[0].execution.locations
    assert [job for job in jobs if job.execution.locations == spoilt] == jobs[:1]


def test_a_licence_no_longer_in_force_is_accepted_again(tmp_path: Path) -> None:
    world = World(tmp_path)
    assert not world.apply(manifest(1)).endings
    world.frontend.service.orders._accepted.clear()
    assert not world.apply(manifest(2)).endings
    check(world, 2)
    assert [entry.event.type for entry in world.entries()].count("terms-accepted") == len(OLCI.terms)


@pytest.mark.parametrize("kind", ["drop-before", "html", "status"])
def test_a_silent_hda_delays_no_other_jobs(tmp_path: Path, kind: FaultKind) -> None:
    world = World(tmp_path)
    text = manifest(15) + "  other: {graph: graph.xml, inputs: {img1: {url: 'https://x.invalid/a.nc'}}}\n"
    asked = 0

    async def counting(name: str) -> None:
        nonlocal asked
        asked += name.startswith("before") and "/dataaccess/" in name

    world.frontend.faults.append(Fault(kind, path="*/hda-broker/api/*", times=None, status=503))
    result = world.apply(text, wait=timedelta(hours=3), step=counting)
    assert result.endings == {Ending.FAILED}
    assert {r.address for r in result.results if r.outcome is Outcome.DONE} == {"job.other"}
    assert asked < 400
    world.frontend.faults.clear()
    assert not world.apply(text).endings
    assert len(world.frontend.service.jobs.every()) == 16


def test_two_runners_on_one_ledger_order_once(tmp_path: Path) -> None:
    world = World(tmp_path, behaviour=Behaviour(order_time=120))
    text = manifest(5)
    rival = False

    async def another_runner(name: str) -> None:
        nonlocal rival
        if not rival and name.startswith("before POST") and name.endswith("/dataaccess/download"):
            rival = True
            await world.runner(text).apply(Requests(), timedelta(minutes=1), lambda plan: None)

    assert not world.apply(text, step=another_runner).endings
    check(world, 5)
    assert len(orders(world)) == 5


@pytest.mark.parametrize("seed", range(6))
def test_under_random_faults_no_order_is_old_or_unused(tmp_path: Path, seed: int) -> None:
    """Random lost answers, faults of the HDA, kills and lost orders; then no more faults."""
    chance = Random(seed)
    behaviour = Behaviour(order_time=600, order_life=chance.choice([900, 3 * 3600, 86400]))
    world = World(tmp_path, behaviour=behaviour, quotas=(Quota(5, 3600),), hda_quotas=(Quota(6, 3600),), seed=seed)
    text = manifest(12, "quota: [{jobs: 5, per: 1h}]")
    lost = 0

    async def faulty(name: str) -> None:
        nonlocal lost
        if chance.random() < 0.004:
            raise Killed
        if "hda-broker" in name and chance.random() < 0.05:
            lost += name.startswith("after POST") and name.endswith("/download")
            raise httpx.ReadError("by chance")

    for _ in range(6):
        try:
            world.apply(text, wait=timedelta(minutes=40), step=faulty)
        except Killed:
            lost += 5
    world.frontend.service.behaviour = Behaviour(order_time=600)
    assert not world.apply(text, wait=timedelta(days=2)).endings
    check(world, 12)
    used = {
        found[1] for job in world.frontend.service.jobs.every() if (found := _URL.search(job.execution.locations[0]))
    }
    assert len(used) == 12
    vanished = sum(isinstance(entry.event, ProductOrdered) and entry.event.state == "gone" for entry in world.entries())
    assert len(orders(world)) <= 12 + lost + vanished


_TELLING = re.compile(r"append|termsaccepted|dataaccess|execution")


def _steps(world: World, text: str) -> list[int]:
    """Return the numbers of the steps where a kill matters."""
    names: list[str] = []

    async def noting(name: str) -> None:
        names.append(name)

    world.apply(text, step=noting)
    last = max(number for number, name in enumerate(names) if "execution" in name)
    return [number for number, name in enumerate(names[: last + 3]) if _TELLING.search(name)]


def test_a_campaign_killed_at_every_step_ends_the_same(tmp_path: Path) -> None:
    text = manifest(2)
    for kill in _steps(_quick_world(tmp_path / "first"), text):
        world = _quick_world(tmp_path / str(kill))
        at = -1

        async def killing(name: str, kill: int = kill) -> None:
            nonlocal at
            at += 1
            if at >= kill:
                raise Killed

        with pytest.raises(Killed):
            world.apply(text, step=killing)
        assert not world.apply(text).endings
        check(world, 2)
        facts = [entry.event for entry in world.entries() if isinstance(entry.event, ProductOrdered)]
        # The recorded orders were enough; beyond them there are only orders with a lost answer.
        assert len({fact.order for fact in facts if fact.download_id}) == 2
        assert len(orders(world)) <= 2 + 2
        launches = [entry.event for entry in world.entries() if isinstance(entry.event, JobIntended)]
        assert all(launch.orders for launch in launches)


def _quick_world(folder: Path) -> World:
    folder.mkdir()
    return World(folder, behaviour=Behaviour(order_time=30), job_time=60)
