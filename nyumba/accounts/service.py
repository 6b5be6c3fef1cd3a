"""Registering, logging in and passwords.

Invariants: whether an address has an account shows in no answer, nor in the work that an answer takes; and no database
connection is held while bcrypt works, or a flood of logins would leave none for the rest.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from nyumba.accounts.emails import NOT_AN_ADDRESS, normalise_email
from nyumba.accounts.errors import EmailTaken, InvalidCredentials
from nyumba.accounts.families import end_families, start_family
from nyumba.accounts.links import find_link_user, issue_link, redeem_link
from nyumba.accounts.models import OneTimeToken, User
from nyumba.accounts.passwords import Passwords
from nyumba.accounts.schemas import PasswordChange, Registration, TokenPair
from nyumba.accounts.tokens import TokenKeys, now
from nyumba.errors import FieldError, InvalidRequest
from nyumba.mail.service import queue_mail

Sessions = async_sessionmaker[AsyncSession]


def check_email(text: str) -> str:
    """The address as it is stored.

    Raises:
        InvalidRequest: it is no address.
    """
    email = normalise_email(text)
    if email is None:
        raise InvalidRequest([NOT_AN_ADDRESS])
    return email


def check_credentials(passwords: Passwords, email_text: str, password: str) -> str:
    """The address as it is stored, if it and the password will do for a new account.

    Raises:
        InvalidRequest: with all that is wrong with either.
    """
    email = normalise_email(email_text)
    fault = passwords.find_fault(password, email or "")
    errors = [] if email is not None else [NOT_AN_ADDRESS]
    if fault is not None:
        errors.append(FieldError(fault, pointer="/password"))
    if email is None or errors:
        raise InvalidRequest(errors)
    return email


async def register(session: AsyncSession, passwords: Passwords, email: str, registration: Registration) -> None:
    """Add an account and mail it a link; an account that has the address is told so by mail instead.

    What only one of the two needs is done for the other as well, and taken back.
    """
    password_hash = await passwords.hash(registration.password)
    name, role = registration.full_name.strip(), registration.role
    new_id = await _insert_user(session, email=email, password_hash=password_hash, full_name=name, role=role)
    user_id = (await session.execute(select(User.id).where(User.email == email))).scalar_one()
    async with session.begin_nested() as attempt:
        token = await issue_link(session, user_id, "verify_email")
        if new_id is None:
            await attempt.rollback()
    if new_id is None:
        await queue_mail(session, user_id=user_id, kind="already_registered", token=None)
    else:
        await queue_mail(session, user_id=user_id, kind="verify_email", token=token)


async def create_admin(
    session: AsyncSession, passwords: Passwords, *, email: str, full_name: str, password: str
) -> UUID:
    """Add an administrator, whose address counts as verified.

    Raises:
        InvalidRequest: the address or the password will not do.
        EmailTaken: an account has the address.
    """
    email = check_credentials(passwords, email, password)
    password_hash = await passwords.hash(password)
    user_id = await _insert_user(
        session, email=email, password_hash=password_hash, full_name=full_name, role="admin", is_verified=True
    )
    if user_id is None:
        raise EmailTaken("an account has this e-mail address already; choose another")
    return user_id


async def log_in(sessions: Sessions, keys: TokenKeys, passwords: Passwords, email: str, password: str) -> TokenPair:
    """Start a family of tokens. Brings the hash to today's cost when it has another.

    Raises:
        InvalidCredentials: no such account, another password, or the account is deactivated.
    """
    async with sessions() as session:
        columns = select(User.id, User.password_hash, User.password_changed_at, User.is_active)
        found = (await session.execute(columns.where(User.email == email))).one_or_none()
    matches = await passwords.verify(password, None if found is None else found.password_hash)
    if found is None or not matches or not found.is_active:
        raise InvalidCredentials("the e-mail address or the password is wrong")
    rehashed = await passwords.hash(password) if passwords.is_outdated(found.password_hash) else None
    async with sessions.begin() as session:
        user = await _lock_user(session, found.id, found.password_changed_at)
        user.password_hash = rehashed or user.password_hash
        return await start_family(session, keys, user.id)


async def verify_email(session: AsyncSession, token: str) -> None:
    """Note that whoever has the token reads the mail of its account.

    Raises:
        InvalidRequest: the token is not one, or it was used, or it is too old.
    """
    user = await redeem_link(session, token, "verify_email")
    user.is_verified = True
    await session.flush()


async def request_reset(session: AsyncSession, email: str) -> None:
    """Mail a link to the account of this address, if there is one.

    For an address without an account the same is done for somebody else and taken back, so that the time it takes does
    not tell.
    """
    user_id, somebody_id = await _find_subjects(session, email)
    subject_id = user_id or somebody_id
    if subject_id is None:
        return
    async with session.begin_nested() as attempt:
        token = await issue_link(session, subject_id, "reset_password")
        await queue_mail(session, user_id=subject_id, kind="reset_password", token=token)
        if user_id is None:
            await attempt.rollback()


async def reset_password(sessions: Sessions, passwords: Passwords, token: str, password: str) -> None:
    """Give the account of a mailed token a new password, and log it out everywhere. Its address counts as verified.

    Raises:
        InvalidRequest: the token or the password will not do. The token stays good when it is the password.
    """
    async with sessions() as session:
        user = await find_link_user(session, token, "reset_password")
    _check_password(passwords, password, user.email)
    password_hash = await passwords.hash(password)
    async with sessions.begin() as session:
        user = await redeem_link(session, token, "reset_password")
        user.is_verified = True
        await _set_password(session, user, password_hash)


async def change_password(sessions: Sessions, passwords: Passwords, user: User, change: PasswordChange) -> None:
    """Give a user who knows the password a new one, and log them out everywhere.

    Raises:
        InvalidRequest: the current password is another, or the new one will not do.
        InvalidCredentials: somebody else has changed it in the meantime.
    """
    _check_password(passwords, change.password, user.email)
    if not await passwords.verify(change.current_password, user.password_hash):
        raise InvalidRequest([FieldError("is not your password", pointer="/current_password")])
    password_hash = await passwords.hash(change.password)
    async with sessions.begin() as session:
        locked = await _lock_user(session, user.id, user.password_changed_at)
        await _set_password(session, locked, password_hash)


def _check_password(passwords: Passwords, password: str, email: str) -> None:
    fault = passwords.find_fault(password, email)
    if fault is not None:
        raise InvalidRequest([FieldError(fault, pointer="/password")])


async def _insert_user(session: AsyncSession, **values: str | bool) -> UUID | None:
    """The id, or None when the address is taken."""
    statement = insert(User).values(values).on_conflict_do_nothing(index_elements=["email"]).returning(User.id)
    user_id: UUID | None = await session.scalar(statement)
    return user_id


async def _find_subjects(session: AsyncSession, email: str) -> tuple[UUID | None, UUID | None]:
    """The active user of an address, and anybody: both are looked up, whether or not they are needed."""
    known = select(User.id).where(User.email == email, User.is_active).scalar_subquery()
    anybody = select(User.id).order_by(User.id).limit(1).scalar_subquery()
    found = (await session.execute(select(known, anybody))).one()
    return found[0], found[1]


async def _lock_user(session: AsyncSession, user_id: UUID, password_changed_at: datetime) -> User:
    """The user, if still active and with the password that was verified before this transaction.

    Whoever ends families locks the user first as well, so none can begin behind their back.
    """
    statement = select(User).where(User.id == user_id, User.password_changed_at == password_changed_at, User.is_active)
    user: User | None = await session.scalar(statement.with_for_update(key_share=True))
    if user is None:
        raise InvalidCredentials("the e-mail address or the password is wrong")
    return user


async def _set_password(session: AsyncSession, user: User, password_hash: str) -> None:
    """End all that the old password, or a mailed link, could still be used for. The user is locked."""
    user.password_hash, user.password_changed_at = password_hash, now()
    await session.flush()
    await end_families(session, user.id)
    await session.execute(
        delete(OneTimeToken).where(OneTimeToken.user_id == user.id, OneTimeToken.kind == "reset_password")
    )
    await queue_mail(session, user_id=user.id, kind="password_changed", token=None)
