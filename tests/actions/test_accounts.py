import hashlib
import threading

import pytest
from pwdlib import PasswordHash
from sqlalchemy import select

from app.actions import accounts, tokens
from app.domain.accounts import Account, Role
from app.domain.errors import Conflict, InvalidInput, NotAllowed, NotFound, NotSignedIn
from app.storage.tables import ApiToken, Labeler
from tests.support.world import ALICE, BOB, World

PASSWORD = "correct horse"


def joined(world: World, name: str, role: Role = Role.LABELER) -> Account:
    """Somebody who was invited and has signed up."""
    secret = accounts.add_person(world.context, name, role)
    return accounts.accept_invite(world.context, secret, name, PASSWORD)[0]


def row(world: World, name: str) -> Labeler:
    with world.context.database.read() as session:
        return session.execute(select(Labeler).where(Labeler.name == name)).scalar_one()


def test_an_invite_lets_somebody_in(world: World) -> None:
    secret = accounts.add_person(world.context, "Dora", Role.LABELER)
    assert accounts.invited_name(world.context, secret) == "Dora"
    account, epoch = accounts.accept_invite(world.context, secret, "Dora", PASSWORD)
    assert (account.name, account.role, account.is_admin) == ("Dora", Role.LABELER, False)
    assert accounts.account_of_session(world.context, account.id, epoch) == account
    assert accounts.sign_in(world.context, " Dora ", PASSWORD) == (account, epoch)


def test_an_invite_works_once(world: World) -> None:
    secret = accounts.add_person(world.context, "Dora", Role.LABELER)
    accounts.accept_invite(world.context, secret, "Dora", PASSWORD)
    with pytest.raises(NotFound, match="used up"):
        accounts.accept_invite(world.context, secret, "Dora", PASSWORD)


def test_an_invite_works_once_however_many_use_it_at_once(world: World) -> None:
    secret = accounts.add_person(world.context, "Dora", Role.LABELER)
    outcomes: list[object] = []
    start = threading.Barrier(4)

    def work(number: int) -> None:
        start.wait()
        try:
            accounts.accept_invite(world.context, secret, "Dora", f"{PASSWORD} {number}")
            outcomes.append(number)
        except NotFound as error:
            outcomes.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 4
    (winner,) = [one for one in outcomes if isinstance(one, int)]
    accounts.sign_in(world.context, "Dora", f"{PASSWORD} {winner}")


def test_an_invite_expires_and_can_be_made_again(world: World) -> None:
    first = accounts.add_person(world.context, "Dora", Role.LABELER)
    world.clock.forward(hours=72)
    with pytest.raises(NotFound):
        accounts.invited_name(world.context, first)
    second = accounts.invite_again(world.context, ALICE, row(world, "Dora").id)
    assert accounts.invited_name(world.context, second) == "Dora"


def test_a_second_invite_replaces_the_first(world: World) -> None:
    first = accounts.add_person(world.context, "Dora", Role.LABELER)
    second = accounts.add_person(world.context, "Dora", Role.ADMIN)
    with pytest.raises(NotFound):
        accounts.accept_invite(world.context, first, "Dora", PASSWORD)
    assert accounts.accept_invite(world.context, second, "Dora", PASSWORD)[0].is_admin


def test_a_name_is_taken_once(world: World) -> None:
    joined(world, "Dora")
    with pytest.raises(Conflict, match="already somebody named Dora"):
        accounts.add_person(world.context, "Dora", Role.ADMIN)
    secret = accounts.add_person(world.context, "Emil", Role.LABELER)
    with pytest.raises(Conflict):
        accounts.accept_invite(world.context, secret, "Dora", PASSWORD)
    world.recording(1, labels=[1], annotator="suite2p iscell")
    with pytest.raises(Conflict):
        accounts.add_person(world.context, "suite2p iscell", Role.LABELER)


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "a\nb", "a\x00b", "\u202eevil"])
def test_a_name_is_printable_and_of_a_length(world: World, name: str) -> None:
    with pytest.raises(InvalidInput, match="1 to 100 printable"):
        accounts.add_person(world.context, name, Role.LABELER)


@pytest.mark.parametrize("password", ["", "1234567", "x" * 1001])
def test_a_password_has_a_length(world: World, password: str) -> None:
    secret = accounts.add_person(world.context, "Dora", Role.LABELER)
    with pytest.raises(InvalidInput, match="at least 8"):
        accounts.accept_invite(world.context, secret, "Dora", password)
    assert accounts.invited_name(world.context, secret) == "Dora", "the invite is not used up"


def test_the_wrong_name_and_the_wrong_password_are_told_alike(world: World) -> None:
    joined(world, "Dora")
    said = set()
    world.recording(1, labels=[1], annotator="a file")
    for name, password in (
        ("Dora", "wrong password"),
        ("Nobody", PASSWORD),
        ("Bob", PASSWORD),
        ("a file", PASSWORD),
    ):
        with pytest.raises(NotSignedIn) as caught:
            accounts.sign_in(world.context, name, password)
        said.add(str(caught.value))
    assert len(said) == 1


def test_hashing_a_password_is_slow_on_purpose(usual_passwords: PasswordHash) -> None:
    assert usual_passwords.hash(PASSWORD).startswith("$argon2id$v=19$m=65536,t=3,p=4$")


def test_passwords_invites_and_tokens_are_stored_hashed(world: World) -> None:
    secret = accounts.add_person(world.context, "Dora", Role.LABELER)
    assert row(world, "Dora").invite_hash == hashlib.sha256(secret.encode()).hexdigest()
    account, _ = accounts.accept_invite(world.context, secret, "Dora", PASSWORD)
    stored = row(world, "Dora")
    assert stored.invite_hash is None
    assert (stored.password_hash or "").startswith("$argon2id$")
    token = tokens.create(world.context, account, "notebook")
    with world.context.database.read() as session:
        kept = session.execute(select(ApiToken)).scalar_one()
    assert token.startswith("somata_")
    assert kept.token_hash == hashlib.sha256(token.encode()).hexdigest()


def test_a_new_password_ends_every_other_session(world: World) -> None:
    dora = joined(world, "Dora")
    before = row(world, "Dora").session_epoch
    with pytest.raises(NotSignedIn):
        accounts.change_password(world.context, dora, "wrong password", "another one")
    epoch = accounts.change_password(world.context, dora, PASSWORD, "another one")
    assert accounts.account_of_session(world.context, dora.id, before) is None
    assert accounts.account_of_session(world.context, dora.id, epoch) == dora
    with pytest.raises(NotSignedIn):
        accounts.sign_in(world.context, "Dora", PASSWORD)


def test_signing_out_everywhere_ends_every_session(world: World) -> None:
    accounts.sign_out_everywhere(world.context, BOB)
    assert accounts.account_of_session(world.context, BOB.id, 0) is None
    assert accounts.account_of_session(world.context, BOB.id, 1) == BOB
    assert accounts.account_of_session(world.context, 99, 0) is None


def test_a_token_works_until_it_is_revoked(world: World) -> None:
    token = tokens.create(world.context, BOB, "notebook")
    assert tokens.account_of(world.context, token) == BOB
    assert tokens.account_of(world.context, token + "x") is None
    (listed,) = tokens.listed(world.context, BOB)
    assert listed.name == "notebook"
    with pytest.raises(NotFound):
        tokens.revoke(world.context, ALICE, listed.id)
    tokens.revoke(world.context, BOB, listed.id)
    assert tokens.account_of(world.context, token) is None
    assert tokens.listed(world.context, BOB) == []
    with pytest.raises(NotFound):
        tokens.revoke(world.context, BOB, listed.id)


def test_who_is_kept_out_has_neither_session_nor_token_nor_password(world: World) -> None:
    dora = joined(world, "Dora")
    token = tokens.create(world.context, dora, "notebook")
    epoch = row(world, "Dora").session_epoch
    accounts.set_active(world.context, ALICE, dora.id, False)
    assert accounts.account_of_session(world.context, dora.id, epoch) is None
    assert tokens.account_of(world.context, token) is None
    with pytest.raises(NotSignedIn):
        accounts.sign_in(world.context, "Dora", PASSWORD)
    secret = accounts.invite_again(world.context, ALICE, dora.id)
    with pytest.raises(NotFound):
        accounts.invited_name(world.context, secret)
    accounts.set_active(world.context, ALICE, dora.id, True)
    assert accounts.account_of_session(world.context, dora.id, epoch) is None, "for good"
    assert tokens.account_of(world.context, token) == dora


def test_a_role_counts_at_once(world: World) -> None:
    accounts.set_role(world.context, ALICE, BOB.id, Role.ADMIN)
    seen = accounts.account_of_session(world.context, BOB.id, 0)
    assert seen is not None
    assert seen.is_admin


def test_labelers_reach_nothing_of_this(world: World) -> None:
    for forbidden in (
        lambda: accounts.people(world.context, BOB),
        lambda: accounts.invite_again(world.context, BOB, ALICE.id),
        lambda: accounts.set_role(world.context, BOB, BOB.id, Role.ADMIN),
        lambda: accounts.set_active(world.context, BOB, ALICE.id, False),
    ):
        with pytest.raises(NotAllowed):
            forbidden()


def test_no_admin_shuts_themselves_out(world: World) -> None:
    with pytest.raises(Conflict, match="own role"):
        accounts.set_role(world.context, ALICE, ALICE.id, Role.LABELER)
    with pytest.raises(Conflict, match="yourself"):
        accounts.set_active(world.context, ALICE, ALICE.id, False)


def test_of_two_admins_who_shut_each_other_out_one_stays(world: World) -> None:
    other = joined(world, "Dora", Role.ADMIN)
    start = threading.Barrier(2)
    refused: list[NotAllowed] = []

    def work(by: Account, whom: Account) -> None:
        start.wait()
        try:
            accounts.set_active(world.context, by, whom.id, False)
        except NotAllowed as error:
            refused.append(error)

    threads = [
        threading.Thread(target=work, args=pair) for pair in ((ALICE, other), (other, ALICE))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    assert [row(world, name).active for name in ("Alice", "Dora")].count(True) == 1


def test_the_first_admin_is_invited_until_there_is_one(world: World) -> None:
    first = accounts.first_admin_invite(world.context)
    second = accounts.first_admin_invite(world.context)
    assert first is not None
    assert second is not None
    with pytest.raises(NotFound):
        accounts.invited_name(world.context, first)
    account, _ = accounts.accept_invite(world.context, second, "Greta", PASSWORD)
    assert (account.name, account.is_admin) == ("Greta", True)
    assert accounts.first_admin_invite(world.context) is None


def test_a_file_whose_labels_are_filed_under_admin_locks_nobody_out(world: World) -> None:
    key = world.component()
    world.recording(1, labels=[2], annotator="admin")
    secret = accounts.first_admin_invite(world.context)
    assert secret is not None
    account, _ = accounts.accept_invite(world.context, secret, "admin", PASSWORD)
    assert accounts.sign_in(world.context, "admin", PASSWORD)[0] == account
    world.label(account, key, 1)
    world.recording(1, labels=[3], annotator="admin")
    assert [event.labeler_id == account.id for event in world.log()] == [False, True, False]


def test_a_program_gets_an_account_of_its_own(world: World) -> None:
    account, made = accounts.account_for_program(world.context, "pipeline", Role.LABELER)
    assert made
    assert accounts.account_for_program(world.context, "pipeline", Role.ADMIN) == (account, False)
    accounts.set_active(world.context, ALICE, account.id, False)
    with pytest.raises(NotAllowed):
        accounts.account_for_program(world.context, "pipeline", Role.LABELER)


def test_people_are_listed_by_name_without_files(world: World) -> None:
    world.recording(1, labels=[1], annotator="a file")
    listed = accounts.people(world.context, ALICE)
    assert [(one.name, one.role.value, one.signed_up) for one in listed] == [
        ("Alice", "admin", False),
        ("Bob", "labeler", False),
        ("Carol", "labeler", False),
    ]
