"""Many at once, with real threads, on each engine."""

import random
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from app.actions import montage, queueing
from app.actions.labeling import Answer
from app.actions.montage import MontageWanted
from app.actions.queueing import Wanted
from app.domain.accounts import Account, Role
from app.storage.tables import Labeler
from tests.support.world import World

LABELERS, COMPONENTS = 20, 300


@dataclass
class Seen:
    """What the threads saw, under one lock."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    held: dict[int, int] = field(default_factory=dict)  # component: labeler
    twice: list[tuple[int, int, int]] = field(default_factory=list)
    acknowledged: list[tuple[UUID, int, int, int]] = field(default_factory=list)

    def granted(self, component: int, labeler: int) -> None:
        """Nobody else may hold it now."""
        with self.lock:
            if component in self.held:
                self.twice.append((component, self.held[component], labeler))
            self.held[component] = labeler


def people(world: World) -> list[Account]:
    with world.context.database.write() as session:
        rows = [
            Labeler(name=f"L{number}", role="labeler", person=True, created_at=world.clock())
            for number in range(LABELERS)
        ]
        session.add_all(rows)
        session.flush()
        return [Account(row.id, row.name, Role.LABELER) for row in rows]


def together(work: Callable[[Account], None], who: list[Account]) -> None:
    """Each in a thread of their own, starting at once. Raises what any of them raised."""
    start = threading.Barrier(len(who))

    def run(account: Account) -> None:
        start.wait()
        work(account)

    with ThreadPoolExecutor(len(who)) as pool:
        for done in [pool.submit(run, account) for account in who]:
            done.result()


def test_twenty_labelers_share_out_the_work_and_lose_nothing(world: World) -> None:
    world.recording(COMPONENTS)
    seen = Seen()

    def label_until_done(account: Account) -> None:
        chance = random.Random(account.id)
        while True:
            wanted = Wanted(chance.choice(["unlabeled", "random", "process", "entropy"]), 3)
            work, _ = queueing.next_components(world.context, account, wanted)
            if not work:
                return
            for one in work:
                seen.granted(one.component, account.id)
            answers = [
                Answer(uuid4(), one.component, chance.randint(1, 4), one.lease) for one in work
            ]
            receipts = world.post(account, *answers)
            with seen.lock:
                for answer, receipt in zip(answers, receipts, strict=True):
                    assert (receipt.status, receipt.late) == ("saved", False)
                    given = (answer.id, answer.component, account.id, answer.label)
                    seen.acknowledged.append(given)

    together(label_until_done, people(world))
    assert seen.twice == []
    assert len(seen.held) == COMPONENTS
    log = [(event.uuid, event.component_id, event.labeler_id, event.label) for event in world.log()]
    assert sorted(log) == sorted(seen.acknowledged)
    assert all(state.people == 1 for state in world.states())


def test_reloads_skips_undos_and_late_answers_do_not_lock_each_other_up(world: World) -> None:
    keys = world.recording(12)
    said: Counter[str] = Counter()

    def be_a_nuisance(account: Account) -> None:
        chance = random.Random(account.id)
        for _ in range(6):
            wanted = Wanted("unlabeled", 3, holding=[])
            work, _ = queueing.next_components(world.context, account, wanted)
            others = chance.sample(keys, 3)
            chance.shuffle(others)
            answers = [Answer(uuid4(), key, 1, uuid4()) for key in others]
            said.update(one.status for one in world.post(account, *answers))
            world.undo(account, answers[0].id)
            if work:
                world.skip(account, work[0].component)
            queueing.release_all(world.context, account)

    together(be_a_nuisance, people(world)[:8])
    assert said == {"saved": 8 * 6 * 3}
    undone = {event.undoes for event in world.log() if event.kind == "undo"}
    for state in world.states():
        standing = {
            event.labeler_id
            for event in world.log()
            if event.component_id == state.component_id
            and event.kind == "label"
            and event.uuid not in undone
        }
        assert state.people == len(standing)


def test_one_answer_sent_by_many_connections_is_there_once(world: World) -> None:
    key = world.component()
    answer = Answer(uuid4(), key, 2)
    (bob, *_) = everyone = people(world)[:8]
    said: Counter[str] = Counter()

    def post(_account: Account) -> None:
        said.update(one.status for one in world.post(bob, answer))

    together(post, everyone)
    assert said == {"saved": 1, "duplicate": 7}
    assert len(world.log()) == 1


def test_pages_of_a_montage_that_many_ask_for_at_once_share_no_component(world: World) -> None:
    keys = world.recording(60)
    world.train(dict.fromkeys(keys, (0.02, 0.94, 0.02, 0.02)))
    seen = Seen()

    def confirm_a_page(account: Account) -> None:
        page = montage.next_page(world.context, account, MontageWanted(2, 6, holding=[]))
        for one in page.work:
            seen.granted(one.component, account.id)
        answers = [Answer(uuid4(), one.component, 2, one.lease, montage=6) for one in page.work]
        assert {one.status for one in world.post(account, *answers)} == {"saved"}

    together(confirm_a_page, people(world)[:10])
    assert seen.twice == []
    assert sorted(seen.held) == keys
    assert {state.people for state in world.states()} == {1}
