"""A stager brings every file of a job's phase where it belongs, or says why not, and never twice."""

from __future__ import annotations

from collections import deque
from io import RawIOBase

import pytest

from pulsar_runtime.domain.errors import (
    DiskFull,
    NotWanted,
    PulsarRuntimeError,
    StagingError,
    StoreBusy,
    TransferInterrupted,
    TransferRefused,
    UnsafePath,
)
from pulsar_runtime.domain.ids import JobId, ManagerName
from pulsar_runtime.domain.job import Submission, Tool
from pulsar_runtime.domain.paths import Directory, JobFile, RelativePath
from pulsar_runtime.domain.staging import (
    Counterpart,
    DiscoveredFiles,
    ExpectedOutputs,
    HttpFile,
    OutputRoutes,
    SharedFile,
    StageOutPlan,
    StagingPlan,
    StoredObject,
    Text,
    Transfer,
    Unreachable,
    Way,
)
from pulsar_runtime.domain.status import JobStatus
from pulsar_runtime.staging.mover import Carriers, Mover
from pulsar_runtime.staging.pool import Task, TransferPool
from pulsar_runtime.staging.progress import Progress
from pulsar_runtime.staging.retries import RetryPolicy
from pulsar_runtime.staging.stager import Direction, PooledStager
from pulsar_runtime.testing.clock import ManualClock
from pulsar_runtime.testing.faults import Faults
from pulsar_runtime.testing.job_files import InMemoryJobFiles
from pulsar_runtime.testing.job_store import InMemoryJobStore
from pulsar_runtime.testing.reactor import ManualReactor
from runtime.tests.contract.stored_jobs import move

A_MOMENT = 0.1
A_WHILE = 60.0
POLICY = RetryPolicy(most=3, first_seconds=2.0, step_seconds=2.0, longest_seconds=30.0, within_seconds=600.0)


class SteppedPool(TransferPool):
    """A pool without threads: tasks run when a test says so."""

    def __init__(self) -> None:
        self.tasks: deque[tuple[int, Task]] = deque()

    def add(self, owner: int, *tasks: Task) -> None:
        self.tasks.extend((owner, task) for task in tasks)

    def drop(self, owner: int) -> list[Task]:
        dropped = [task for key, task in self.tasks if key == owner]
        self.tasks = deque((key, task) for key, task in self.tasks if key != owner)
        return dropped

    def close(self) -> None:
        self.tasks.clear()


class Elsewhere:
    """The other end of everything: what is there, by path or URL, and what a test wants to go wrong."""

    def __init__(self) -> None:
        self.faults = Faults()
        self.has: dict[str, bytes] = {}
        #: What was moved, in its order, with what the attempt was told.
        self.moved: list[tuple[str, str | None, bool]] = []
        #: What an attempt remembers before anything else happens.
        self.remembers: str | None = None

    def fetch(self, other: HttpFile | SharedFile, path: str, progress: Progress) -> None:
        name = self._begin(other, progress)
        self.faults.meet(self.fetch)
        with open(path, "wb") as file:
            file.write(self.has[name])

    def send(self, other: HttpFile | SharedFile, stream: RawIOBase, progress: Progress) -> None:
        name = self._begin(other, progress)
        self.faults.meet(self.send)
        self.has[name] = stream.read() or b""

    def _begin(self, other: HttpFile | SharedFile, progress: Progress) -> str:
        name = other.url if isinstance(other, HttpFile) else other.path
        self.moved.append((name, progress.resume, progress.again))
        if self.remembers is not None:
            progress.remember(self.remembers)
        return name


class World:
    """A stager and everything around it; a second one finds what the first has left."""

    def __init__(self) -> None:
        self.clock = ManualClock(1000.0)
        self.store = InMemoryJobStore(self.clock)
        self.files = InMemoryJobFiles()
        self.elsewhere = Elsewhere()
        self.job = self.store.begin(ManagerName("main"), JobId("1"), None, "/staging/1", Tool())
        self.files.create(self.job.directory, Tool())
        self.ends: list[str] = []
        self.replace()

    def replace(self) -> None:
        """Have another agent."""
        self.reactor = ManualReactor(self.clock)
        self.pool = SteppedPool()
        other = self.elsewhere
        carriers = Carriers(http=other, tus=other, shared=other, ssh=other)  # type: ignore[arg-type]  # only two kinds are used
        self.stager = PooledStager(
            files=self.files,
            mover=Mover(self.files, carriers),
            pool=self.pool,
            store=self.store,
            reactor=self.reactor,
            clock=self.clock,
            policies={Direction.IN: POLICY, Direction.OUT: POLICY},
        )

    def ended(self, problem: PulsarRuntimeError | None) -> None:
        self.ends.append(str(problem) if problem else "well")

    def stage_in(self, *transfers: Transfer) -> None:
        self.stager.stage_in(self.job, transfers, self.ended)

    def stage_out(self, *names: str, again: bool = False) -> None:
        """Let the job have outputs of these names, and send them."""
        job = self.store.get(self.job.key)
        assert job
        if job.status is not JobStatus.POSTPROCESSING:
            move(self.store, self.job, JobStatus.QUEUED, JobStatus.POSTPROCESSING)
        for name in names:
            directory, _, rest = name.partition("/")
            self.files.write(
                self.job.directory, JobFile(Directory(directory), RelativePath.parse(rest)), name.encode()
            )
        plan = StageOutPlan(
            expected=ExpectedOutputs(
                working_directory="/gx/working",
                outputs=tuple(
                    f"/gx/{name.partition('/')[2]}" for name in names if name.startswith("outputs")
                ),
                discovered=(DiscoveredFiles(pattern=".*"),),
            ),
            routes=OutputRoutes(default=Way.COPY),
        )
        self.stager.stage_out(self.job, plan, self.ended, again=again)

    def step(self) -> None:
        """Run the next task, and let its result be heard."""
        _, task = self.pool.tasks.popleft()
        task()
        self.reactor.advance(A_MOMENT)

    def work(self) -> None:
        """Run all tasks that there are."""
        while self.pool.tasks:
            self.step()

    def text(self, name: str) -> str | None:
        return self.files.read_text(
            self.job.directory, JobFile(Directory.INPUTS, RelativePath.parse(name)), None
        )


@pytest.fixture
def world() -> World:
    return World()


def given(name: str, counterpart: Counterpart | None = None) -> Transfer:
    return Transfer(
        JobFile(Directory.INPUTS, RelativePath.parse(name)), counterpart or HttpFile(f"https://gx/{name}")
    )


def available(world: World, *names: str) -> list[Transfer]:
    world.elsewhere.has |= {f"https://gx/{name}": f"text of {name}".encode() for name in names}
    return [given(name) for name in names]


# --- what can be done --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("plan", "named"),
    [
        (StagingPlan(stage_in=(given("a", Unreachable("json_transfer")),)), "json_transfer"),
        (StagingPlan(stage_in=(given("a", StoredObject(dataset_id=1)),)), "remote_object_store_copy"),
        (
            StagingPlan(
                stage_out=StageOutPlan(
                    expected=ExpectedOutputs(), routes=OutputRoutes(impossible=("no_such_action",))
                )
            ),
            "no_such_action",
        ),
    ],
)
def test_an_action_that_nobody_does_is_named_with_what_to_do(
    world: World, plan: StagingPlan, named: str
) -> None:
    with pytest.raises(StagingError, match=rf"{named}.*: set default_file_action"):
        world.stager.check(Submission(command_line="true", staging=plan))
    world.stager.check(Submission(command_line="true", staging=StagingPlan(stage_in=(given("b"),))))


# --- in ----------------------------------------------------------------------------------------------------


def test_texts_are_written_at_once(world: World) -> None:
    world.stage_in(given("a", Text("first")), given("b", Text("")), given("a", Text("\u00e9 last\n")))
    assert world.ends == ["well"]
    assert not world.pool.tasks
    assert (world.text("a"), world.text("b")) == ("\u00e9 last\n", "")


def test_a_full_disk_is_a_matter_of_time(world: World) -> None:
    world.files.faults.plan(world.files.write, DiskFull("full"))
    with pytest.raises(DiskFull):
        world.stage_in(given("a", Text("text")))


def test_a_phase_ends_when_all_files_are_there(world: World) -> None:
    world.stage_in(*available(world, "a", "b"), given("c", Text("embedded")))
    world.step()
    world.step()
    assert world.ends == []
    world.step()
    assert world.ends == ["well"]
    assert [world.text(name) for name in "abc"] == ["text of a", "text of b", "embedded"]


def test_of_two_files_for_one_place_the_last_counts(world: World) -> None:
    (a,) = available(world, "a")
    world.stage_in(given("a", Text("embedded")), a)
    world.work()
    assert (world.ends, world.text("a")) == (["well"], "text of a")


def test_the_first_input_that_cannot_be_had_ends_the_phase(world: World) -> None:
    world.elsewhere.faults.plan(world.elsewhere.fetch, TransferRefused("the files endpoint answered 404"))
    world.stage_in(*available(world, "a", "b", "c"))
    world.step()
    assert world.ends == ["input could not be moved: a: the files endpoint answered 404"]
    assert not world.pool.tasks


def test_a_place_that_cannot_be_written_ends_the_phase(world: World) -> None:
    world.files.faults.plan(world.files.placing, UnsafePath("it leads out"))
    world.stage_in(*available(world, "a"))
    world.work()
    assert world.ends == ["input could not be moved: a: it leads out"]


def test_a_phase_that_is_stopped_says_nothing_and_begins_nothing(world: World) -> None:
    world.stage_in(*available(world, "a", "b"))
    _, running = world.pool.tasks.popleft()
    world.stager.stop(world.job.key)
    running()
    world.reactor.advance(A_WHILE)
    assert (world.ends, world.pool.tasks, world.text("a")) == ([], deque(), None)


# --- what breaks off ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("problem", [TransferInterrupted("down"), DiskFull("full"), OSError(5, "I/O error")])
def test_what_breaks_off_is_tried_again_after_a_pause(world: World, problem: BaseException) -> None:
    world.elsewhere.faults.plan(world.elsewhere.fetch, problem)
    world.stage_in(*available(world, "a"))
    world.step()
    assert not world.pool.tasks
    world.reactor.advance(1.0)
    assert not world.pool.tasks
    world.reactor.advance(1.0)
    world.work()
    assert (world.ends, world.text("a")) == (["well"], "text of a")


def test_a_job_pauses_as_a_whole(world: World) -> None:
    """What one file met, the next would meet too."""
    world.elsewhere.faults.plan(world.elsewhere.fetch, TransferInterrupted("down"))
    world.stage_in(*available(world, "a", "b", "c"))
    world.step()
    assert not world.pool.tasks
    world.reactor.advance(POLICY.pause(1))
    world.work()
    assert [name for name, _, _ in world.elsewhere.moved] == [f"https://gx/{name}" for name in "abca"]
    assert world.ends == ["well"]


def test_pauses_grow_while_nothing_succeeds(world: World) -> None:
    world.elsewhere.faults.plan(world.elsewhere.fetch, *[TransferInterrupted("down")] * 3)
    world.stage_in(*available(world, "a"))
    pauses = []
    for _ in range(3):
        world.step()
        before = world.clock()
        while not world.pool.tasks:
            world.reactor.advance(0.5)
        pauses.append(world.clock() - before)
    assert pauses == [pytest.approx(seconds, abs=1.0) for seconds in (2, 4, 6)]
    assert pauses == sorted(pauses)


def test_what_breaks_off_too_often_fails_with_the_last_reason(world: World) -> None:
    world.elsewhere.faults.plan(world.elsewhere.fetch, *[TransferInterrupted("down")] * 100)
    world.stage_in(*available(world, "a"))
    for _ in range(10):
        world.work()
        world.reactor.advance(A_WHILE)
    assert world.ends == ["input could not be moved: a: down"]
    assert len(world.elsewhere.moved) == 4


def test_what_breaks_off_for_too_long_fails(world: World) -> None:
    world.elsewhere.faults.plan(world.elsewhere.fetch, *[TransferInterrupted("down")] * 100)
    world.stage_in(*available(world, "a"))
    world.step()
    world.reactor.advance(600.0)
    world.work()
    assert world.ends == ["input could not be moved: a: down"]


def test_the_next_attempt_is_told_what_the_last_one_remembered(world: World) -> None:
    world.elsewhere.remembers = '"tag"'
    world.elsewhere.faults.plan(world.elsewhere.fetch, TransferInterrupted("down"))
    world.stage_in(*available(world, "a"))
    world.step()
    world.reactor.advance(A_WHILE)
    world.work()
    assert [(resume, again) for _, resume, again in world.elsewhere.moved] == [(None, False), ('"tag"', True)]


def test_a_bug_fails_the_job_and_does_not_hold_it_for_ever(world: World) -> None:
    world.elsewhere.faults.plan(world.elsewhere.fetch, ZeroDivisionError())
    world.stage_in(*available(world, "a"))
    with pytest.raises(ZeroDivisionError):
        world.step()
    world.reactor.advance(A_MOMENT)
    (end,) = world.ends
    assert "log" in end


# --- another agent -----------------------------------------------------------------------------------------


def test_the_next_agent_does_not_move_again_what_is_moved(world: World) -> None:
    transfers = available(world, "a", "b", "c")
    world.stage_in(*transfers)
    world.step()
    world.step()
    world.replace()
    world.stage_in(*transfers)
    world.work()
    assert [name for name, _, _ in world.elsewhere.moved] == ["https://gx/a", "https://gx/b", "https://gx/c"]
    assert world.ends == ["well"]


def test_the_next_agent_goes_on_where_a_file_broke_off(world: World) -> None:
    world.elsewhere.remembers = '"tag"'
    world.elsewhere.faults.plan(world.elsewhere.fetch, TransferInterrupted("killed"))
    world.stage_in(*available(world, "a"))
    world.step()
    world.replace()
    world.stage_in(given("a"))
    world.work()
    assert [resume for _, resume, _ in world.elsewhere.moved] == [None, '"tag"']


@pytest.mark.parametrize("times", [1, 3])
def test_a_busy_store_delays_records_and_loses_none(world: World, times: int) -> None:
    transfers = available(world, "a", "b")
    world.store.faults.plan(world.store.record_transfers, *[StoreBusy("busy")] * times)
    world.stage_in(*transfers)
    world.step()
    world.reactor.advance(A_WHILE)
    world.replace()
    world.stage_in(*transfers)
    world.work()
    assert [name for name, _, _ in world.elsewhere.moved] == ["https://gx/a", "https://gx/b"]


def test_what_has_ended_is_written_down_when_the_agent_stops(world: World) -> None:
    transfers = available(world, "a", "b")
    world.stage_in(*transfers)
    _, task = world.pool.tasks.popleft()
    task()
    world.reactor.advance(0.0)
    world.stager.close()
    assert [record.done for record in world.store.transfers(world.job.key).values()] == [True]


# --- out ---------------------------------------------------------------------------------------------------


def test_outputs_are_found_and_sent(world: World) -> None:
    world.stage_out("outputs/1.dat", "working/found/x")
    world.work()
    assert world.ends == ["well"]
    assert world.elsewhere.has == {"/gx/1.dat": b"outputs/1.dat", "/gx/working/found/x": b"working/found/x"}


def test_a_job_without_outputs_is_through_at_once(world: World) -> None:
    world.stage_out()
    world.work()
    assert world.ends == ["well"]


@pytest.mark.parametrize("again", [False, True])
def test_an_attempt_is_told_whether_another_may_have_succeeded(world: World, *, again: bool) -> None:
    world.stage_out("outputs/1.dat", again=again)
    world.work()
    assert [told for _, _, told in world.elsewhere.moved] == [again]


def test_an_output_that_is_refused_does_not_keep_the_others(world: World) -> None:
    world.elsewhere.faults.plan(world.elsewhere.send, TransferRefused("no"), after=1)
    world.stage_out("outputs/1.dat", "outputs/2.dat", "outputs/3.dat")
    world.work()
    assert world.ends == ["output could not be moved: 2.dat: no"]
    assert set(world.elsewhere.has) == {"/gx/1.dat", "/gx/3.dat"}


@pytest.mark.parametrize("count", [3, 5])
def test_of_many_problems_a_few_are_told(world: World, count: int) -> None:
    world.elsewhere.faults.plan(world.elsewhere.send, *[TransferRefused("no")] * count)
    world.stage_out(*(f"outputs/{number}.dat" for number in range(count)))
    world.work()
    (end,) = world.ends
    assert end.count(".dat: no") == 3
    assert ("and 2 more" in end) is (count == 5)


def test_an_output_that_galaxy_does_not_want_is_no_problem(world: World) -> None:
    world.elsewhere.faults.plan(world.elsewhere.send, NotWanted("403"))
    world.stage_out("outputs/1.dat")
    world.work()
    assert world.ends == ["well"]


@pytest.mark.parametrize(
    ("name", "end"), [("working/x", "well"), ("outputs/x", "output could not be moved: x: out")]
)
def test_a_file_that_cannot_be_read_is_a_problem_only_among_the_declared(
    world: World, name: str, end: str
) -> None:
    """A tool may leave anything in its working directory (protocol section 3.7)."""
    world.files.faults.plan(world.files.open, UnsafePath("out"))
    world.stage_out(name)
    world.work()
    assert world.ends == [end]


def test_files_of_the_working_directory_that_galaxy_refuses_are_a_problem(world: World) -> None:
    world.elsewhere.faults.plan(world.elsewhere.send, TransferRefused("400"))
    world.stage_out("working/x")
    world.work()
    assert world.ends == ["output could not be moved: x: 400"]


def test_the_next_agent_sends_the_rest(world: World) -> None:
    names = ["outputs/1.dat", "outputs/2.dat", "outputs/3.dat"]
    world.stage_out(*names)
    for _ in range(3):
        world.step()
    world.replace()
    world.stage_out(*names, again=True)
    world.work()
    assert [name for name, _, _ in world.elsewhere.moved] == ["/gx/1.dat", "/gx/2.dat", "/gx/3.dat"]
    assert world.ends == ["well"]
