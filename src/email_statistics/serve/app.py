"""The routes of the live site, and what each answers."""

import asyncio
import hashlib
import secrets
from collections.abc import Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from importlib import resources
from typing import Any
from urllib.parse import urlencode

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import (
    FileResponse,
    HTMLResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
)
from starlette.routing import Route
from starlette.types import ASGIApp

from email_statistics import paths
from email_statistics.errors import EmailStatsError, UsageError
from email_statistics.exports import content, links, mail, run
from email_statistics.exports.register import KEPT_DAYS, Export
from email_statistics.exports.writing import FORMATS
from email_statistics.paths import reports_folder
from email_statistics.reports.ask.contact_lists import BOXES, OUTCOMES
from email_statistics.reports.ask.queries import asking
from email_statistics.reports.ask.sources import TYPES
from email_statistics.reports.pieces import stylesheet
from email_statistics.reports.run.assembly import HOME
from email_statistics.reports.run.registry import Registry
from email_statistics.reports.words import formats
from email_statistics.segments import PAGE_SIZES
from email_statistics.serve import live
from email_statistics.serve.forms import (
    PERIODS,
    chosen_period,
    report_form,
    report_parameters,
)
from email_statistics.serve.guard import SIGN_IN, Attempts, Guard, Guarded, Session, local
from email_statistics.serve.rendering import Job, Renderer
from email_statistics.serve.site import Link, Site
from email_statistics.templates import templates

_LIVE = "email_analytics"
_ANALYTICS = "/analytics"
_ADDED = (Link("Reports", "/reports"), Link("Segments", "/segments"), Link("Exports", "/exports"))

_TYPES = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}
_FORMATS = {"csv": "CSV", "xlsx": "Excel"}
_EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_RENDERED = (
    "default-src 'none'; script-src {}; style-src 'unsafe-inline'; img-src data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

_templates = templates("email_statistics.serve")
_templates.globals.update(
    KEPT_DAYS=KEPT_DAYS,
    days=formats.days,
    PAGE_SIZES=PAGE_SIZES,
    PERIODS=PERIODS,
    TYPES=TYPES,
    query=urlencode,
)

_Fields = Mapping[str, str]


class LiveSite:
    """The application of ``email-stats serve``."""

    def __init__(self, registry: Registry, guard: Guard) -> None:
        """Serve the reports of a registry to those whom ``guard`` lets through."""
        self._registry, self._guard = registry, guard
        self._site = Site(reports_folder(), registry, _ADDED)
        self._renderer = Renderer(registry, self._site)
        self._attempts = Attempts()
        self._one_hash = asyncio.Semaphore(1)  # each takes a core and 32 MB
        own = resources.files(__package__).joinpath("serve.css").read_text(encoding="utf-8")
        self._style = f"{stylesheet()}\n{own}"
        self._style_version = hashlib.sha256(self._style.encode()).hexdigest()[:12]

    def app(self) -> ASGIApp:
        """Return the ASGI application."""
        app = Starlette(
            routes=[
                Route("/healthz", lambda _: PlainTextResponse("ok")),
                Route("/favicon.ico", lambda _: Response(status_code=HTTPStatus.NO_CONTENT)),
                Route("/static/site.css", self._stylesheet),
                Route(SIGN_IN, self._get(self._sign_in_page)),
                Route(SIGN_IN, self._sign_in, methods=["POST"]),
                Route("/sign-out", self._post(self._sign_out), methods=["POST"]),
                Route("/reports", self._get(self._reports)),
                Route("/reports/{name}", self._get(self._report)),
                Route("/reports/{name}", self._post(self._render), methods=["POST"]),
                Route("/jobs/{id}", self._get(self._job)),
                Route("/analytics", self._get(self._analytics)),
                Route("/contacts", self._get(self._contact)),
                Route("/segments", self._get(self._segments)),
                Route("/segments/list", self._get(self._segment)),
                Route("/exports", self._get(self._exports)),
                Route("/exports", self._post(self._export), methods=["POST"]),
                Route("/exports/details", self._post(self._export_details), methods=["POST"]),
                Route("/exports/segment", self._post(self._export_segment), methods=["POST"]),
                Route("/exports/download/{token}", self._get(self._linked)),
                Route("/exports/{id}", self._get(self._download)),
                Route("/{path:path}", self._get(self._page)),
            ],
            exception_handlers={
                EmailStatsError: self._failure,
                HTTPException: self._refusal,
                Exception: self._fault,
            },
            lifespan=self._lifespan,
        )
        app.router.redirect_slashes = False
        return Guarded(app, self._guard)

    @asynccontextmanager
    async def _lifespan(self, app: Starlette) -> Any:
        yield
        self._renderer.close()

    # How a route is answered

    def _get(self, answer: Callable[[Request], Response]) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            return await run_in_threadpool(answer, request)

        return endpoint

    def _post(self, answer: Callable[[Request, _Fields], Response]) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            fields = await self._guard.form(request)
            return await run_in_threadpool(answer, request, fields)

        return endpoint

    def _html(
        self, request: Request, template: str, status: int = HTTPStatus.OK, **values: object
    ) -> Response:
        session: Session = request.state.session
        is_in = self._guard.is_signed_in(session)
        text = _templates.get_template(f"{template}.html.j2").render(
            {
                "menu": self._menu() if is_in else [],
                "here": request.url.path,
                "style": f"/static/site.css?{self._style_version}",
                "token": self._guard.token(session),
                "can_sign_out": is_in and self._guard.password is not None,
                "refresh": 0,
                **values,
            }
        )
        return HTMLResponse(text, status)

    def _menu(self) -> list[Link]:
        """The site's own menu, with the live pages."""
        pages = self._site.menu()
        tab = self._registry.reports[_LIVE].tab
        alive = Link(tab, _ANALYTICS)
        if not any(link.text == tab for link in pages):
            pages.append(alive)
        return [*(alive if link.text == tab else link for link in pages), *_ADDED]

    def _say(self, request: Request, status: int, title: str, sentence: str) -> Response:
        return self._html(request, "sentence", status, title=title, sentence=sentence)

    def _failure(self, request: Request, error: Exception) -> Response:
        is_usage = isinstance(error, UsageError)
        title = "That can't be shown" if is_usage else "That failed"
        status = HTTPStatus.BAD_REQUEST if is_usage else HTTPStatus.SERVICE_UNAVAILABLE
        return self._say(request, status, title, str(error))

    def _refusal(self, request: Request, error: Exception) -> Response:
        if not isinstance(error, HTTPException):
            raise error
        status = HTTPStatus(error.status_code)
        sentence = error.detail if error.detail != status.phrase else status.description
        return self._say(request, status, status.phrase, sentence)

    def _fault(self, request: Request, error: Exception) -> Response:
        return PlainTextResponse(
            "Something failed; the server's log says what.", HTTPStatus.INTERNAL_SERVER_ERROR
        )

    def _stylesheet(self, request: Request) -> Response:
        headers = {"Cache-Control": "public, max-age=31536000, immutable"}
        return Response(self._style, media_type="text/css", headers=headers)

    # Who is there

    def _sign_in_page(self, request: Request) -> Response:
        following = local(request.query_params.get("next", "/"))
        if self._guard.is_signed_in(request.state.session):
            return RedirectResponse(following, HTTPStatus.SEE_OTHER)
        return self._html(request, "sign_in", next=following, name="", error="")

    async def _sign_in(self, request: Request) -> Response:
        fields = await self._guard.form(request)
        following, name = local(fields.get("next", "/")), fields.get("name", "").strip()[:80]
        password = self._guard.password
        if password is None:
            return RedirectResponse(following, HTTPStatus.SEE_OTHER)
        client = request.client.host if request.client else ""
        again = partial(self._html, request, "sign_in", next=following, name=name)
        if self._attempts.are_too_many(client):
            return again(HTTPStatus.TOO_MANY_REQUESTS, error="Too many tries: wait a minute.")
        # Counted before it is judged, for many may be judged at once.
        self._attempts.add(client)
        given = fields.get("password", "")
        async with self._one_hash:
            is_right = await run_in_threadpool(password.is_right, given)
        if not is_right:
            return again(HTTPStatus.FORBIDDEN, error="That isn't the password.")
        self._attempts.forget(client)
        response = RedirectResponse(following, HTTPStatus.SEE_OTHER)
        session = Session(secrets.token_urlsafe(16), name, password.fingerprint)
        self._guard.remember(response, session)
        return response

    def _sign_out(self, request: Request, fields: _Fields) -> Response:
        response = RedirectResponse(SIGN_IN, HTTPStatus.SEE_OTHER)
        self._guard.remember(response, Session(secrets.token_urlsafe(16)))
        return response

    # Rendered pages

    def _page(self, request: Request) -> Response:
        path = request.path_params["path"] or HOME
        if path == self._registry.reports[_LIVE].path(None):
            return RedirectResponse(_ANALYTICS)  # the same page, alive
        page = self._site.page(path)
        if page is None and path == HOME:
            return self._html(request, "nothing_rendered")
        if page is None:
            raise HTTPException(
                HTTPStatus.NOT_FOUND,
                "There is no such page. If it was an email's, the email may be gone from the data, "
                "or no longer among the most recent: look for it on the home page.",
            )
        headers = {
            "Content-Security-Policy": _RENDERED.format(page.script or "'none'"),
            "Cache-Control": "private, no-cache",
            "ETag": f'"{page.version}"',
            "Vary": "Accept-Encoding",
        }
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return HTMLResponse(page.text, headers=headers)
        return HTMLResponse(page.packed, headers=headers | {"Content-Encoding": "gzip"})

    def _reports(self, request: Request) -> Response:
        reports = [
            (name, one.title, one.shows)
            for name, one in self._registry.reports.items()
            if name not in ("home", _LIVE)
        ]
        return self._html(request, "reports", reports=reports)

    def _report(self, request: Request) -> Response:
        return self._report_page(request, request.query_params, "")

    def _report_page(self, request: Request, given: _Fields, error: str) -> Response:
        name = request.path_params["name"]
        if name not in self._registry.reports:
            raise HTTPException(HTTPStatus.NOT_FOUND, "There is no such report.")
        with asking() as asked:
            known = live.read_known(asked)
        form = report_form(self._registry, name, known, given)
        status = HTTPStatus.BAD_REQUEST if error else HTTPStatus.OK
        return self._html(request, "report", status, form=form, given=given, error=error)

    def _render(self, request: Request, fields: _Fields) -> Response:
        name = request.path_params["name"]
        if name not in self._registry.reports:
            raise HTTPException(HTTPStatus.NOT_FOUND, "There is no such report.")
        with asking() as asked:
            known, last_day = live.read_known(asked), asked.build.last_day
        try:
            form = report_form(self._registry, name, known, {})
            found = self._renderer.render(name, report_parameters(form, fields, last_day))
        except UsageError as error:
            return self._report_page(request, fields, str(error))
        url = f"/jobs/{found.id}" if isinstance(found, Job) else f"/{found}"
        return RedirectResponse(url, HTTPStatus.SEE_OTHER)

    def _job(self, request: Request) -> Response:
        job = self._renderer.job(request.path_params["id"])
        if job is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, "This page is no longer being rendered.")
        if job.state == "done":
            return RedirectResponse(f"/{job.path}", HTTPStatus.SEE_OTHER)
        if job.state == "failed":
            return self._say(request, HTTPStatus.OK, f"{job.title} couldn't be rendered", job.error)
        return self._html(request, "job", job=job, refresh=1)

    # Email Analytics, contacts, segments

    def _analytics(self, request: Request) -> Response:
        given = dict(request.query_params)
        found = live.analytics(given)
        return self._html(
            request, "analytics", found=found, given=given, all_metrics=OUTCOMES, boxes=BOXES
        )

    def _contact(self, request: Request) -> Response:
        found = live.contact_page(request.query_params.get("id", ""), self._site)
        if found is None:
            raise HTTPException(HTTPStatus.NOT_FOUND, "There is no such contact.")
        name, record = found
        return self._html(request, "contact", name=name, record=record)

    def _segments(self, request: Request) -> Response:
        listed = [
            (name, text, formats.plural(size, "contact")) for name, text, size in live.segments()
        ]
        return self._html(request, "segments", listed=listed)

    def _segment(self, request: Request) -> Response:
        given = dict(request.query_params)
        title, description, contacts = live.segment_page(given)
        return self._html(
            request,
            "segment",
            name=title,
            description=description,
            contacts=contacts,
            given=given,
        )

    # Exports

    def _exports(self, request: Request) -> Response:
        return self._exports_page(request, {}, "")

    def _exports_page(self, request: Request, given: _Fields, error: str) -> Response:
        with asking() as asked:
            zone = asked.build.timezone
        return self._html(
            request,
            "exports",
            HTTPStatus.BAD_REQUEST if error else HTTPStatus.OK,
            types={name: title for name, (title, _) in content.EMAILS.items()},
            formats=[(one, _FORMATS.get(one, one.capitalize())) for one in FORMATS],
            periods=[one for one in PERIODS.items() if one[0] != "life"],
            exports=run.register().exports(datetime.now(UTC)),
            moment=lambda at: formats.moment(at, zone),
            count=formats.count,
            given=given,
            error=error,
        )

    def _export(self, request: Request, fields: _Fields) -> Response:
        def make() -> None:
            content.refuse_unknown("export type", fields.get("type", ""), content.EMAILS)
            texts = fields.get("emails", "").replace(",", " ").split()
            addresses = tuple(dict.fromkeys(mail.checked_address(one, "Email") for one in texts))
            mailer = _mailer() if addresses else None
            with asking() as asked:
                period = chosen_period(fields, asked.build.last_day)
                made = content.emails_content(asked, fields["type"], period)
                done = self._written(request, made, asked.build, fields)
            if mailer:
                mailer.send(done, addresses)

        return self._exported(request, fields, make)

    def _export_details(self, request: Request, fields: _Fields) -> Response:
        def make() -> None:
            content.refuse_unknown("metric", fields.get("metric", ""), OUTCOMES)
            with asking() as asked:
                source = content.find_source(asked, fields.get("source", ""))
                first_day = source.first_day or asked.build.last_day
                period = chosen_period(fields, asked.build.last_day, first_day)
                made = content.details_content(asked, source, fields["metric"], period)
                self._written(request, made, asked.build, fields)

        return self._exported(request, fields, make)

    def _export_segment(self, request: Request, fields: _Fields) -> Response:
        def make() -> None:
            with live.segment_asked(fields) as (asked, segment):
                self._written(request, segment.content(asked), asked.build, fields)

        return self._exported(request, fields, make)

    def _written(
        self, request: Request, made: content.Content, build: Any, fields: _Fields
    ) -> Export:
        file_format = fields.get("format", "csv")
        content.refuse_unknown("format", file_format, FORMATS)
        session: Session = request.state.session
        user = session.name or ("site" if self._guard.password else None)
        return run.export(made, build, file_format=file_format, requested_by=user)

    def _exported(self, request: Request, fields: _Fields, make: Callable[[], None]) -> Response:
        try:
            make()
        except EmailStatsError as error:
            return self._exports_page(request, fields, str(error))
        return RedirectResponse("/exports#recent", HTTPStatus.SEE_OTHER)

    def _download(self, request: Request) -> Response:
        return self._file(request.path_params["id"], "There is no such export.")

    def _linked(self, request: Request) -> Response:
        export_id = links.export_of(request.path_params["token"])
        return self._file(
            export_id,
            f"This link isn't valid, or its export is gone: exports are kept for {KEPT_DAYS} days. "
            "Ask who sent it for a new one.",
        )

    def _file(self, export_id: str | None, sentence: str) -> Response:
        export = run.register().find(export_id, datetime.now(UTC)) if export_id else None
        folder = paths.exports_folder()
        if (
            export is None
            or export.status != "done"
            or export.is_kept_by_user
            or export.path.parent != folder
            or export.path.is_symlink()
            or not export.path.is_file()
        ):
            raise HTTPException(HTTPStatus.NOT_FOUND, sentence)
        ending = export.path.suffix.removeprefix(".")
        return FileResponse(
            export.path,
            filename=f"{export.export_type}-{export.created_at:%Y-%m-%d}.{ending}",
            media_type=_TYPES.get(ending, _EXCEL),
            content_disposition_type="attachment",
            headers={"Cache-Control": "private, no-store"},
        )


def _mailer() -> mail.Mailer:
    """The mail server; without one a sentence for who exports, not for who runs the site."""
    try:
        return mail.mailer()
    except mail.NoMailServerError as error:
        raise UsageError(
            "No mail server is set up, so no link can be sent, and nothing was exported. Leave the "
            "addresses out to download the file here."
        ) from error
