"""The application: routes, dependencies, errors and what lives as long as the process.

Invariant: this is the only wiring. Everything else gets what it needs as an argument.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from litestar import Litestar, Router
from litestar.config.compression import CompressionConfig
from litestar.config.cors import CORSConfig
from litestar.di import Provide
from litestar.static_files import create_static_files_router

from nyumba.accounts.dependencies import require_admin
from nyumba.accounts.passwords import Passwords
from nyumba.accounts.routes import auth_router
from nyumba.accounts.tokens import TokenKeys
from nyumba.accounts.user_routes import users_router
from nyumba.agents.routes import agents_router
from nyumba.cors import build_cors, vary_by_origin
from nyumba.db import close_engine, create_engine, create_session_factory, parse_url
from nyumba.dependencies import provide_search_engine, provide_session, provide_session_factory
from nyumba.discovery.routes import discovery_router
from nyumba.documentation import ASSETS, ASSETS_FOLDER, RouteDocumentation, build_document_config
from nyumba.elastic import SearchEngine, create_client
from nyumba.events.query_ids import QueryIds
from nyumba.events.recorder import Recorder
from nyumba.events.routes import events_router
from nyumba.events.search_log import SearchLog
from nyumba.events.service import Intake
from nyumba.health.routes import check_live, check_ready
from nyumba.http_pool import HttpPool
from nyumba.images.processing import Decoders
from nyumba.images.removals import Remover
from nyumba.images.routes import images_router, serve_image
from nyumba.images.service import Imaging
from nyumba.images.storage import open_storage
from nyumba.limits.guards import RateLimits, add_rate_limit_fields, provide_account_limits
from nyumba.limits.service import RateLimiter
from nyumba.mail.sealing import TokenSeal
from nyumba.mail.service import SEAL
from nyumba.outbox import watch_outbox
from nyumba.problems import EXCEPTION_HANDLERS
from nyumba.properties.routes import properties_router
from nyumba.properties.user_routes import user_properties_router
from nyumba.properties.waiting import SearchWatch, answer_when_shown
from nyumba.saved.routes import saved_router
from nyumba.search.freshness import Freshness
from nyumba.search.routes import search_router
from nyumba.settings import Settings, split_nodes
from nyumba.trending.publishing import keep_trends
from nyumba.views.folding import count_views
from nyumba.views.routes import views_router
from nyumba.views.service import Visitors

SEARCH_TIMEOUT_S = 5.0
SEARCHES_AT_ONCE = 32
GZIP_LEVEL = 3  # of a page, a tenth larger than at 9 for less than half of the time


def create_app(settings: Settings) -> Litestar:
    """Build the API. Connections are made when it starts and closed when it stops.

    Raises:
        SettingMissing: there is no database or no Elasticsearch to work with.
        SettingInvalid: the URL of the database is none.
    """
    database_url, elasticsearch_url = settings.require_database_url(), settings.require_elasticsearch_url()
    parse_url(database_url)

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        engine = create_engine(database_url)
        limits_engine = create_engine(database_url, pool_size=5).execution_options(isolation_level="AUTOCOMMIT")
        client = create_client(elasticsearch_url, timeout_s=SEARCH_TIMEOUT_S, api_key=settings.elasticsearch_api_key)
        app.state.session_factory = create_session_factory(engine)
        app.state.session_factory.configure(info={SEAL: TokenSeal(settings.secret_key, settings.secret_key_previous)})
        limiter = RateLimiter(limits_engine, settings.secret_key)
        app.state.rate_limits = RateLimits(limiter, settings.rate_limit_factor, settings.trusted_proxies)
        app.state.token_keys = TokenKeys(settings.secret_key, settings.secret_key_previous)
        app.state.passwords = Passwords(cost=settings.bcrypt_cost, min_length=settings.password_min_length)
        app.state.cursor_secret = settings.secret_key
        app.state.visitors = Visitors(settings.secret_key)
        imaging = Imaging(app.state.session_factory, open_storage(settings), Decoders())
        app.state.imaging = imaging
        pool = HttpPool(
            split_nodes(elasticsearch_url),
            size=SEARCHES_AT_ONCE,
            timeout_s=SEARCH_TIMEOUT_S,
            api_key=settings.elasticsearch_api_key,
        )
        events_key = settings.elasticsearch_events_api_key
        recorder = Recorder(client.options(api_key=events_key) if events_key else client, settings.events_prefix)
        query_ids = QueryIds(settings.secret_key)
        app.state.search_log = SearchLog(recorder, query_ids)
        app.state.intake = Intake(recorder, query_ids, app.state.visitors)
        app.state.require_admin = require_admin
        app.state.search_engine = SearchEngine(client, pool, settings.search_alias, settings.secret_key)
        app.state.search_watch = SearchWatch(app.state.session_factory, app.state.search_engine)
        app.state.freshness = Freshness()
        watching = watch_outbox(limits_engine, app.state.freshness)
        try:
            async with (
                Remover(engine, imaging.storage).work(),
                count_views(engine),
                keep_trends(engine),
                recorder.work(),
                watching,
            ):
                yield
        finally:
            imaging.decoders.close()
            imaging.storage.close()
            app.state.passwords.close()
            pool.close()
            await client.close()
            await close_engine(limits_engine)
            await close_engine(engine)

    return _assemble(lifespan, build_cors(settings))


def _assemble(lifespan: Callable[[Litestar], AbstractAsyncContextManager[None]], cors: CORSConfig) -> Litestar:
    api = Router(
        "/api/v1",
        route_handlers=[
            search_router,
            properties_router,
            auth_router,
            users_router,
            user_properties_router,
            saved_router,
            agents_router,
            images_router,
            views_router,
            events_router,
            discovery_router,
        ],
    )
    assets = create_static_files_router(ASSETS, directories=[ASSETS_FOLDER], include_in_schema=False)
    return Litestar(
        route_handlers=[api, check_live, check_ready, serve_image, assets],
        dependencies={
            "session": Provide(provide_session),
            "session_factory": Provide(provide_session_factory),
            "search_engine": Provide(provide_search_engine),
            "account_limits": Provide(provide_account_limits, sync_to_thread=False),
        },
        before_send=[add_rate_limit_fields, answer_when_shown, vary_by_origin],
        exception_handlers=EXCEPTION_HANDLERS,
        lifespan=[lifespan],
        compression_config=CompressionConfig(
            "gzip", minimum_size=1000, gzip_compress_level=GZIP_LEVEL, exclude_opt_key="is_compressed"
        ),
        cors_config=cors,
        openapi_config=build_document_config(),
        plugins=[RouteDocumentation()],
        logging_config=None,
    )
