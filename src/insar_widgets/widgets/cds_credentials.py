"""The accounts that weather data need: what state they are in, and storing a token without ever showing it."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import traitlets

from insar_widgets.credentials import (
    CdsStatus,
    EarthdataStatus,
    Secret,
    cds_status,
    earthdata_status,
    migrate_cds,
    write_cds,
    write_earthdata,
)
from insar_widgets.credentials.cds import LICENCE_PAGE, TOKEN_PAGE
from insar_widgets.credentials.earthdata import REGISTER_PAGE
from insar_widgets.errors import CredentialsError, InsarWidgetsError
from insar_widgets.widgets._base import Widget
from insar_widgets.widgets._jobs import Job, Jobs
from insar_widgets.widgets._messages import Request, Requests, describe_error

__all__ = ["CdsCredentials"]

Status = CdsStatus | EarthdataStatus


class CdsCredentials(Widget):
    """State of the Climate Data Store account (ERA5) and the Earthdata login (OPERA), and a place to enter them.

    A token travels from the browser to the kernel in one message and from there into the file; it is in no
    trait, so no notebook, widget state or log ever holds it. Services are asked on threads of their own;
    `wait` waits for them.

    Parameters
    ----------
    home
        Folder of ``.cdsapirc`` and ``.netrc``; the user's home by default.
    check
        Whether to ask the services at once. Otherwise only the files are looked at until somebody asks.
    timeout
        Seconds after which to give up asking.
    base_url, earthdata_url
        Addresses of the services; by default the official ones.

    Examples
    --------
    >>> import tempfile
    >>> accounts = CdsCredentials(tempfile.mkdtemp(), check=False)
    >>> accounts.wait()
    True
    >>> accounts.state
    'missing'
    """

    _bundle = "cds-credentials"

    state = traitlets.Unicode(help="State of the CDS account; see `credentials.CdsStatus`.").tag(sync=True)
    ready = traitlets.Bool(help="Whether the CDS has confirmed token and licence.").tag(sync=True)
    earthdata_state = traitlets.Unicode(help="State of the Earthdata login.").tag(sync=True)
    earthdata_ready = traitlets.Bool(help="Whether Earthdata has confirmed the login.").tag(sync=True)

    _cds = traitlets.Dict(help="What is shown of the CDS account.").tag(sync=True)
    _earthdata = traitlets.Dict(help="What is shown of the Earthdata login.").tag(sync=True)
    _links = traitlets.Dict(help="Pages on which token, licence and login are found.").tag(sync=True)

    def __init__(
        self,
        home: str | os.PathLike[str] | None = None,
        *,
        check: bool = True,
        timeout: float = 10,
        base_url: str | None = None,
        earthdata_url: str | None = None,
    ) -> None:
        self._home = home
        self._timeout = timeout
        self._base_url = base_url
        self._earthdata_url = earthdata_url
        self._jobs = Jobs(lambda _fraction, _text: None)
        super().__init__(
            _links={"token": TOKEN_PAGE, "licence": LICENCE_PAGE, "earthdata": REGISTER_PAGE},
        )
        self._requests = Requests(
            self,
            {
                "check": self._check_request,
                "store_token": self._store_token_request,
                "store_login": self._store_login_request,
                "migrate": lambda request: self.migrate(consent=bool(request.payload["consent"])),
            },
        )
        self._look("cds", check)
        self._look("earthdata", check)

    def __repr__(self) -> str:
        return f"CdsCredentials(state={self.state!r}, earthdata_state={self.earthdata_state!r})"

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until no service is being asked; tells whether that was so within `timeout` seconds."""
        return self._jobs.wait(timeout)

    def check(self) -> None:
        """Ask both services in the background."""
        self._look("cds", True)
        self._look("earthdata", True)

    def store_token(self, token: str | Secret, *, migrate: bool = False) -> None:
        """Store a personal access token of the CDS and have it checked in the background.

        Raises
        ------
        CredentialsError
            The token cannot be one, or the file is in the old format and `migrate` is False.
        """
        secret = Secret(token)
        del token
        write_cds(secret, self._home, migrate=migrate)
        self._look("cds", True)

    def migrate(self, *, consent: bool = False) -> None:
        """Bring an old ``.cdsapirc`` into today's form; the old file is kept beside it.

        Raises
        ------
        CredentialsError
            There is no such file, or `consent` is False.
        """
        migrate_cds(self._home, consent=consent)
        self._look("cds", True)

    def store_login(self, login: str, password: str | Secret) -> None:
        """Store an Earthdata login and have it checked in the background.

        Raises
        ------
        CredentialsError
            Name or password cannot stand in a netrc file.
        """
        name, word = Secret(login), Secret(password)
        del login, password
        write_earthdata(name.reveal(), word, self._home)
        self._look("earthdata", True)

    # ------------------------------------------------------------------ asking

    def _look(self, which: str, check: bool) -> None:
        """Say at once what the file tells, then what the service says."""
        ask: Callable[[bool], Status] = self._ask_cds if which == "cds" else self._ask_earthdata

        def work(job: Job) -> None:
            try:
                status = ask(False)
                if check and status.state == "unchecked":
                    first = status
                    job.apply(lambda: self._show(which, first, busy=True))
                    status = ask(True)
            except InsarWidgetsError as error:
                words = describe_error(error)
                job.apply(lambda: self._fail(which, words))
            except Exception as error:  # noqa: BLE001 - shown in the widget, which nobody waits for
                self.log.debug("CdsCredentials: asking failed with %s", type(error).__name__)
                words = {"message": "The account could not be looked at.", "remedy": "Try again."}
                job.apply(lambda: self._fail(which, words))
            else:
                last = status
                job.apply(lambda: self._show(which, last, busy=False))

        self._jobs.start(which, work)

    def _ask_cds(self, check: bool) -> Status:
        return cds_status(self._home, check, self._timeout, self._base_url)

    def _ask_earthdata(self, check: bool) -> Status:
        return earthdata_status(self._home, check, self._timeout, self._earthdata_url)

    def _show(self, which: str, status: Status, *, busy: bool) -> None:
        shown = {
            "state": status.state,
            "message": status.message,
            "remedy": status.remedy,
            "link": status.link,
            "path": str(status.path),
            "busy": busy,
        }
        self._set(which, status.state, status.ready, shown)

    def _fail(self, which: str, words: dict[str, str]) -> None:
        shown = {"state": "malformed", **words, "link": "", "path": "", "busy": False}
        self._set(which, "malformed", False, shown)

    def _set(self, which: str, state: str, ready: bool, shown: dict[str, Any]) -> None:
        names = ("state", "ready") if which == "cds" else ("earthdata_state", "earthdata_ready")
        with self.hold_sync():
            self.set_trait(names[0], state)
            self.set_trait(names[1], ready)
            self.set_trait(f"_{which}", shown)

    # ------------------------------------------------------------------ requests of the front end

    def _check_request(self, request: Request) -> None:
        self._look("earthdata" if request.payload["which"] == "earthdata" else "cds", True)

    def _store_token_request(self, request: Request) -> None:
        # Taken out of the message, so that nothing that is kept of the request has it.
        token = Secret(str(request.payload.pop("token")))
        migrate = bool(request.payload.get("migrate"))
        _guarded(lambda: self.store_token(token, migrate=migrate))

    def _store_login_request(self, request: Request) -> None:
        login = Secret(str(request.payload.pop("login")))
        password = Secret(str(request.payload.pop("password")))
        _guarded(lambda: self.store_login(login.reveal(), password))


def _guarded(act: Callable[[], None]) -> None:
    """Let no error through whose words, unlike those of this package, could hold what was entered."""
    try:
        act()
    except InsarWidgetsError:
        raise
    except Exception as error:  # noqa: BLE001 - another library's message may quote what it was given
        name = type(error).__name__
        raise CredentialsError(
            f"This could not be stored ({name}). Check the home folder and try again."
        ) from None
