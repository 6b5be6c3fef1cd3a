"""`/auth`: registering, logging in and out, passwords."""

from litestar import Router, get, post
from litestar.datastructures import CacheControlHeader
from litestar.di import NamedDependency, Provide
from litestar.params import JSONBody
from sqlalchemy.ext.asyncio import AsyncSession

from nyumba.accounts.dependencies import provide_passwords, provide_token_keys, provide_user
from nyumba.accounts.errors import HashingBusy, InvalidCredentials, InvalidToken
from nyumba.accounts.families import end_family, rotate_family
from nyumba.accounts.guards import require_user
from nyumba.accounts.models import User
from nyumba.accounts.passwords import Passwords
from nyumba.accounts.profiles import to_read
from nyumba.accounts.schemas import (
    EmailVerification,
    ForgottenPassword,
    Login,
    Notice,
    PasswordChange,
    PasswordReset,
    RefreshToken,
    Registration,
    TokenPair,
    UserRead,
)
from nyumba.accounts.service import (
    Sessions,
    change_password,
    check_credentials,
    check_email,
    log_in,
    register,
    request_reset,
    reset_password,
    verify_email,
)
from nyumba.accounts.tokens import TokenKeys
from nyumba.bodies import StrictBody
from nyumba.limits.errors import RateLimited
from nyumba.limits.guards import AccountLimits, limit_by_address
from nyumba.limits.policies import CHANGE_PASSWORD, FORGOT_PASSWORD, LOGIN, REFRESH, REGISTER

LARGEST_BODY = 16_384
BEARER: list[dict[str, list[str]]] = [{"bearer": []}]


@post(
    "/register",
    dto=StrictBody[Registration],
    return_dto=None,
    status_code=202,
    guards=[limit_by_address(REGISTER)],
    errors=[RateLimited, HashingBusy],
    summary="Register",
)
async def register_user(
    data: JSONBody[Registration],
    session: NamedDependency[AsyncSession],
    passwords: NamedDependency[Passwords],
    account_limits: NamedDependency[AccountLimits],
) -> Notice:
    """Ask for an account. The answer is the same when the address has one; a message goes there in either case."""
    email = check_credentials(passwords, data.email, data.password)
    await account_limits.take(REGISTER, email)
    await register(session, passwords, email, data)
    return Notice("check your e-mail: we have sent you a message")


@post(
    "/login",
    dto=StrictBody[Login],
    return_dto=None,
    status_code=200,
    guards=[limit_by_address(LOGIN)],
    errors=[InvalidCredentials, RateLimited, HashingBusy],
    summary="Log in",
)
async def login(
    data: JSONBody[Login],
    session_factory: NamedDependency[Sessions],
    token_keys: NamedDependency[TokenKeys],
    passwords: NamedDependency[Passwords],
    account_limits: NamedDependency[AccountLimits],
) -> TokenPair:
    """Exchange an e-mail address and a password for tokens."""
    email = check_email(data.email)
    await account_limits.take(LOGIN, email)
    return await log_in(session_factory, token_keys, passwords, email, data.password)


@post(
    "/refresh",
    dto=StrictBody[RefreshToken],
    return_dto=None,
    status_code=200,
    guards=[limit_by_address(REFRESH)],
    errors=[InvalidToken, RateLimited],
    summary="Get fresh tokens",
)
async def refresh(
    data: JSONBody[RefreshToken],
    session: NamedDependency[AsyncSession],
    token_keys: NamedDependency[TokenKeys],
    account_limits: NamedDependency[AccountLimits],
) -> TokenPair:
    """Exchange a refresh token for new ones. Each can be used once; a retry within ten seconds gets the same answer.

    One that comes again later is taken for stolen: whoever has descendants of that login is logged out.
    """
    claims = token_keys.read("refresh", data.refresh_token)
    await account_limits.take(REFRESH, str(claims.sub))
    return await rotate_family(session, token_keys, claims)


@post(
    "/logout",
    dto=StrictBody[RefreshToken],
    return_dto=None,
    status_code=204,
    errors=[InvalidToken],
    summary="Log out",
)
async def logout(
    data: JSONBody[RefreshToken], session: NamedDependency[AsyncSession], token_keys: NamedDependency[TokenKeys]
) -> None:
    """End the login that the refresh token belongs to, its access tokens included."""
    claims = token_keys.read("refresh", data.refresh_token)
    await end_family(session, claims.sid)


@get("/me", guards=[require_user], security=BEARER, summary="Who am I?")
async def read_me(user: NamedDependency[User]) -> UserRead:
    """Your own account."""
    return to_read(user)


@post("/verify-email", dto=StrictBody[EmailVerification], return_dto=None, status_code=204, summary="Verify an address")
async def verify_address(data: JSONBody[EmailVerification], session: NamedDependency[AsyncSession]) -> None:
    """Redeem the token of the message that registering sent. It lives for 24 hours."""
    await verify_email(session, data.token)


@post(
    "/forgot-password",
    dto=StrictBody[ForgottenPassword],
    return_dto=None,
    status_code=202,
    guards=[limit_by_address(FORGOT_PASSWORD)],
    errors=[RateLimited],
    summary="Ask for a link",
)
async def forgot_password(
    data: JSONBody[ForgottenPassword],
    session: NamedDependency[AsyncSession],
    account_limits: NamedDependency[AccountLimits],
) -> Notice:
    """Have a link sent with which a new password can be set. The answer is the same when there is no such account."""
    email = check_email(data.email)
    await account_limits.take(FORGOT_PASSWORD, email)
    await request_reset(session, email)
    return Notice("if this address has an account, we have sent it a message")


@post(
    "/reset-password",
    dto=StrictBody[PasswordReset],
    return_dto=None,
    status_code=204,
    errors=[HashingBusy],
    summary="Set a new password",
)
async def set_new_password(
    data: JSONBody[PasswordReset], session_factory: NamedDependency[Sessions], passwords: NamedDependency[Passwords]
) -> None:
    """Redeem the token of the message that forgot-password sent. It lives for 30 minutes. Logs out everywhere."""
    await reset_password(session_factory, passwords, data.token, data.password)


@post(
    "/change-password",
    dto=StrictBody[PasswordChange],
    return_dto=None,
    status_code=204,
    guards=[limit_by_address(CHANGE_PASSWORD), require_user],
    security=BEARER,
    errors=[RateLimited, HashingBusy],
    summary="Change the password",
)
async def change_own_password(
    data: JSONBody[PasswordChange],
    user: NamedDependency[User],
    session_factory: NamedDependency[Sessions],
    passwords: NamedDependency[Passwords],
    account_limits: NamedDependency[AccountLimits],
) -> None:
    """Set another password. Logs out everywhere, here too."""
    await account_limits.take(CHANGE_PASSWORD, user.email)
    await change_password(session_factory, passwords, user, data)


auth_router = Router(
    "/auth",
    route_handlers=[
        register_user,
        login,
        refresh,
        logout,
        read_me,
        verify_address,
        forgot_password,
        set_new_password,
        change_own_password,
    ],
    dependencies={
        "token_keys": Provide(provide_token_keys),
        "passwords": Provide(provide_passwords),
        "user": Provide(provide_user),
    },
    tags=["auth"],
    cache_control=CacheControlHeader(no_store=True),
    request_max_body_size=LARGEST_BODY,
)
