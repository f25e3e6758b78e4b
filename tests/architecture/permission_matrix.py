"""Who gets what answer from which address: one row per address, method and state of the reading.

Columns: T technologist, R reader, V reviewer, A auditor, S site administrator, all at the site that
the record belongs to; X system administrator without a membership; O signed out. ``x`` gets the
answer of the last column, ``.`` is refused. A new address fails the tests until it has a row.

State says which reading the address names: the person's own draft, another reader's (foreign), or
a signed one. 409 and 400 are the record's answer, not the role's: signed or ended already, no
images behind the invented result, nothing in the body. Projects are run by the site and being set
up; a case is on the list of whoever asks, a disagreement among those that they adjudicate, and both
projects open; ``locked`` is a project's state too. ``dicom-web/*`` stands for the address with and
without its site.
"""

from __future__ import annotations

from dataclasses import dataclass

ROLES = {
    "T": "technologist",
    "R": "reader",
    "V": "reviewer",
    "A": "auditor",
    "S": "site_admin",
    "X": "administrator",
    "O": "",
}

DICOM_LEVELS = {
    "study": "studies/<uid:study>",
    "series": "studies/<uid:study>/series/<uid:series>",
    "instance": "studies/<uid:study>/series/<uid:series>/instances/<uid:instance>",
}

MATRIX = """
address                                           method state   T R V A S X O answer
healthz                                           GET    -       x x x x x x x 200
readyz                                            GET    -       x x x x x x x 200
metrics                                           GET    -       x x x x x x x 200
accounts/login/                                   GET    -       x x x x x x x 200/302
accounts/login/                                   POST   -       x x x x x x x 200/302
accounts/logout/                                  GET    -       x x x x x x x 200/302
accounts/logout/                                  POST   -       x x x x x x x 302
accounts/password/change/                         GET    -       x x x x x x . 200
accounts/password/change/                         POST   -       x x x x x x . 200
accounts/reauthenticate/                          GET    -       x x x x x x . 200
accounts/reauthenticate/                          POST   -       x x x x x x . 200
accounts/                                         GET    -       x x x x x x . 200
accounts/2fa/                                     GET    -       x x x x x x x 302
accounts/2fa/authenticate/                        GET    -       x x x x x x x 302
accounts/2fa/authenticate/                        POST   -       x x x x x x x 302
accounts/2fa/reauthenticate/                      GET    -       x x x x x x . 302
accounts/2fa/reauthenticate/                      POST   -       x x x x x x . 302
accounts/2fa/totp/activate/                       GET    -       x x x x x x . 302
accounts/2fa/totp/activate/                       POST   -       x x x x x x . 302
accounts/2fa/totp/deactivate/                     GET    -       . . . . . . . -
accounts/2fa/recovery-codes/                      GET    -       . . . . . . . -
accounts/2fa/recovery-codes/generate/             GET    -       x x x x x x . 302
accounts/2fa/recovery-codes/generate/             POST   -       x x x x x x . 302
accounts/2fa/recovery-codes/download/             GET    -       . . . . . . . -
accounts/2fa/webauthn/                            GET    -       x x x x x x . 200
accounts/2fa/webauthn/add/                        GET    -       x x x x x x . 302
accounts/2fa/webauthn/add/                        POST   -       x x x x x x . 302
accounts/2fa/webauthn/reauthenticate/             GET    -       x x x x x x . 302
accounts/2fa/webauthn/reauthenticate/             POST   -       x x x x x x . 302
accounts/2fa/webauthn/keys/<int:pk>/remove/       POST   -       x x x x x x . 302
accounts/2fa/webauthn/keys/<int:pk>/edit/         POST   -       x x x x x x . 302
accounts/oidc/<str:provider_id>/login/            GET    -       . . . . . . . -
accounts/oidc/<str:provider_id>/login/callback/   GET    -       . . . . . . . -
accounts/oidc/cancelled/                          GET    -       x x x x x x x 200
accounts/connect/                                 POST   -       x x x x x x . 302
accounts/disconnect/                              POST   -       x x x x x x . 302
accounts/session/                                 GET    -       x x x x x x . 200
accounts/session/                                 POST   -       x x x x x x . 200
accounts/signed-in/                               GET    -       x x x x x x . 200
accounts/sessions/<int:session_id>/end/           POST   -       . . . . . . . -
accounts/tokens/                                  GET    -       x x x x x x . 302
accounts/tokens/                                  POST   -       x x x x x x . 302
accounts/tokens/<int:token_id>/revoke/            POST   -       . . . . x . . 302
accounts/welcome/<str:key>/<str:token>/           GET    -       . . . . . . . -
accounts/welcome/<str:key>/<str:token>/           POST   -       . . . . . . . -
members/                                          GET    -       . . . . x x . 200
members/<slug:slug>/                              GET    -       . . . . x x . 200
members/<slug:slug>/add/                          POST   -       . . . . x x . 400
members/<slug:slug>/settings/                     POST   -       . . . . x . . 302
members/<slug:slug>/<int:user_id>/                POST   -       . . . . x x . 302
people/                                           GET    -       . . . . . x . 200
people/add/                                       POST   -       . . . . . x . 400
people/sites/add/                                 POST   -       . . . . . x . 400
people/<int:user_id>/                             POST   -       . . . . . x . 400
api/schema/                                       GET    -       x x x x x x . 200
<>                                                GET    -       x x x x x x . 200
privacy/                                          GET    -       . . . . x . . 200
privacy/<slug:slug>/                              GET    -       . . . . x . . 200
privacy/<slug:slug>/policy/                       POST   -       . . . . x . . 400
privacy/<slug:slug>/reveal/                       POST   -       . . . . x . . 400
studies/<int:study_id>/erase/                     GET    -       . . . . x . . 200
studies/<int:study_id>/erase/                     POST   -       . . . . x . . 400
studies/<int:study_id>/hold/                      POST   -       . . . . x . . 400
studies/<int:study_id>/patient.zip                POST   -       . . . . x . . 400
studies/<int:study_id>/deidentified.zip           GET    -       . x x x . . . 200
set-aside/                                        GET    -       x x x x x . . 200
set-aside/<int:problem_id>/                       GET    -       x x x x x . . 200
set-aside/<int:problem_id>/                       POST   -       x x . . x . . 400
upload/                                           GET    -       x x . . x . . 200
status/                                           GET    -       . . . . x x . 200
network/                                          GET    -       . . . . x . . 200
network/                                          POST   -       . . . . x . . 400
trail/                                            GET    -       . . . x x x . 200
trail/trail.csv                                   GET    -       . . . x x x . 200
trail/messages.log                                GET    -       . . . x x x . 200
agreement/                                        GET    -       . x x x . . . 200
studies/<int:study_id>/                           GET    -       x x x x x . . 200
api/agreement/                                    GET    -       . x x x . . . 200
api/agreement.csv                                 GET    -       . x x x . . . 200
api/studies/                                      GET    -       x x x x x . . 200
api/studies/                                      POST   -       x x x x x . . 200
api/studies/<int:study_id>/                       GET    -       x x x x x . . 200
api/studies/<int:study_id>/priors/                GET    -       x x x x x . . 200
api/readers/                                      GET    -       . x x . x . . 200
api/studies/<int:study_id>/assignment/            POST   -       . x x . x . . 400
api/studies/<int:study_id>/series/                GET    -       x x x x x . . 200
api/studies/<int:study_id>/runs/                  GET    -       x x x x x . . 200
api/studies/<int:study_id>/runs/                  POST   -       x x x . x . . 201
api/studies/<int:study_id>/transmissions/         GET    -       x x x x x . . 200
api/studies/<int:study_id>/transmissions/         POST   -       . x x x . . . 400
api/studies/<int:study_id>/viewer/                GET    -       x x x x x . . 200
api/studies/<int:study_id>/readings/              POST   -       . x x . . . . 200
api/series/<int:series_id>/correction/            POST   -       x x . . x . . 200
api/instances/<int:instance_id>/file              GET    -       x x x x x . . 200
api/intake/problems/                              GET    -       x x x x x . . 200
api/intake/problems/<int:problem_id>/decision/    POST   -       x x . . x . . 200
api/uploads/                                      POST   -       x x . . x . . 201
api/uploads/<int:batch_id>/objects/               POST   -       x x . . x . . 200
api/uploads/<int:batch_id>/archives/<str:token>/  POST   -       x x . . x . . 200
api/uploads/<int:batch_id>/done/                  POST   -       x x . . x . . 200
api/runs/<int:run_id>/cancel/                     POST   -       x x x . x . . 409
api/runs/<int:run_id>/arrays/<str:key>            GET    -       x x x x x . . 200
api/runs/<int:run_id>/roi/                        POST   -       x x x x x . . 200
api/me/preferences/                               GET    -       x x x x x x . 200
api/me/preferences/                               PUT    -       x x x x x x . 200
api/readings/<int:reading_id>/edits/              POST   draft   . x x . . . . 200
api/readings/<int:reading_id>/edits/              POST   foreign . . . . . . . -
api/readings/<int:reading_id>/edits/              POST   signed  . x x . . . . 409
api/readings/<int:reading_id>/sign/               POST   draft   . x x . . . . 200
api/readings/<int:reading_id>/sign/               POST   foreign . . . . . . . -
api/readings/<int:reading_id>/sign/               POST   signed  . x x . . . . 409
api/readings/<int:reading_id>/discard/            POST   draft   . x x . . . . 204
api/readings/<int:reading_id>/discard/            POST   foreign . . . . . . . -
api/readings/<int:reading_id>/discard/            POST   signed  . x x . . . . 409
api/readings/<int:reading_id>/carry-over/         GET    draft   . x x . . . . 409
api/readings/<int:reading_id>/carry-over/         GET    foreign . . . . . . . -
api/readings/<int:reading_id>/carry-over/         GET    signed  . x x . . . . 409
api/readings/<int:reading_id>/carry-over/         POST   draft   . x x . . . . 409
api/readings/<int:reading_id>/carry-over/         POST   foreign . . . . . . . -
api/readings/<int:reading_id>/carry-over/         POST   signed  . x x . . . . 409
api/readings/<int:reading_id>/addenda/            POST   draft   . x x . . . . 409
api/readings/<int:reading_id>/addenda/            POST   signed  . x x . . . . 200
api/readings/<int:reading_id>/history/            GET    foreign x x x x x . . 200
api/readings/<int:reading_id>/history/            GET    signed  x x x x x . . 200
api/readings/<int:reading_id>/report.pdf          GET    foreign x x x x x . . 200
api/readings/<int:reading_id>/report.pdf          GET    signed  x x x x x . . 200
api/readings/<int:reading_id>/export.zip          GET    foreign . x x x . . . 409
api/readings/<int:reading_id>/export.zip          GET    signed  . x x x . . . 409
api/readings/<int:reading_id>/fhir.json           GET    foreign . x x x . . . 409
api/readings/<int:reading_id>/fhir.json           GET    signed  . x x x . . . 409
projects/                                         GET    -       x x x x x x . 200
projects/<int:project_id>/                        GET    -       . . x x x . . 200
projects/cases/<int:assignment_id>/               GET    -       . x x . . . . 200
projects/adjudications/<int:adjudication_id>/     GET    -       . . x . . . . 200
projects/queries/                                 GET    -       x x x x x x . 200
api/projects/                                     GET    -       x x x x x . . 200
api/projects/                                     POST   -       . . x . x . . 400
api/projects/<int:project_id>/                    GET    -       . . x x x . . 200
api/projects/<int:project_id>/                    PATCH  -       . . x . x . . 200
api/projects/<int:project_id>/setup/              GET    -       . . x . x . . 200
api/projects/<int:project_id>/cases/              POST   -       . . x . x . . 400
api/projects/<int:project_id>/cases/<int:case_id>/ POST  -       . . x . x . . 200
api/projects/<int:project_id>/cases/<int:case_id>/ DELETE -      . . x . x . . 200
api/projects/<int:project_id>/members/            POST   -       . . x . x . . 400
api/projects/<int:project_id>/members/<int:member_id>/ DELETE -  . . x . x . . 200
api/projects/<int:project_id>/open/               POST   -       . . x . x . . 409
api/projects/<int:project_id>/lock/               POST   -       . . x . x . . 409
api/projects/<int:project_id>/training/           POST   -       . . x . x . . 400
api/projects/<int:project_id>/readings.csv        GET    -       . . . . . . . -
api/projects/<int:project_id>/readings.csv        GET    locked  . . x x . . . 200
api/projects/<int:project_id>/readings.parquet    GET    -       . . . . . . . -
api/projects/<int:project_id>/readings.parquet    GET    locked  . . x x . . . 200
api/projects/cases/<int:assignment_id>/viewer/    GET    -       . x x . . . . 200
api/projects/cases/<int:assignment_id>/arrays/<str:key> GET - . x x . . . . 200
api/projects/cases/<int:assignment_id>/readings/  POST   -       . x x . . . . 200
api/projects/adjudications/<int:adjudication_id>/ GET    -       . . x . . . . 200
api/projects/adjudications/<int:adjudication_id>/decisions/ POST - . . x . . . . 400
api/projects/adjudications/<int:adjudication_id>/third/ POST -   . . x . . . . 200
api/projects/queries/                             GET    -       x x x x x . . 200
api/projects/queries/                             POST   -       x x x x x . . 400
api/projects/queries/<int:query_id>/messages/     POST   -       x x . . x . . 200
dicom-web/*studies                                GET    -       x x x x x . . 200
dicom-web/*series                                 GET    -       x x x x x . . 200
dicom-web/*instances                              GET    -       x x x x x . . 200
dicom-web/*{study}/series                         GET    -       x x x x x . . 200
dicom-web/*{study}/instances                      GET    -       x x x x x . . 200
dicom-web/*{series}/instances                     GET    -       x x x x x . . 200
dicom-web/*{study}/metadata                       GET    -       x x x x x . . 200
dicom-web/*{series}/metadata                      GET    -       x x x x x . . 200
dicom-web/*{instance}/metadata                    GET    -       x x x x x . . 200
dicom-web/*{study}                                GET    -       x x x x x . . 200
dicom-web/*{series}                               GET    -       x x x x x . . 200
dicom-web/*{instance}                             GET    -       x x x x x . . 200
dicom-web/*{instance}/rendered                    GET    -       x x x x x . . 200
dicom-web/*{instance}/frames/<str:numbers>        GET    -       x x x x x . . 200
dicom-web/*{instance}/frames/<str:numbers>/rendered GET    -       x x x x x . . 200
dicom-web/*{instance}/bulkdata/<path:place>       GET    -       x x x x x . . 200
dicom-web/*{study}/rendered                       GET    -       x x x x x . . 200
dicom-web/*{series}/rendered                      GET    -       x x x x x . . 200
dicom-web/*{study}/thumbnail                      GET    -       x x x x x . . 200
dicom-web/*{series}/thumbnail                     GET    -       x x x x x . . 200
dicom-web/*{instance}/thumbnail                   GET    -       x x x x x . . 200
dicom-web/*{instance}/frames/<str:numbers>/thumbnail GET    -       x x x x x . . 200
dicom-web/*studies                                POST   -       x x . . x . . 415
dicom-web/*{study}                                POST   -       x x . . x . . 415
"""


@dataclass(frozen=True)
class Row:
    """``allowed`` holds letters of ROLES; ``answers`` the status codes that they may get."""

    address: str
    method: str
    state: str
    allowed: frozenset[str]
    answers: frozenset[int]

    @property
    def of_a_record(self) -> bool:
        return "<" in self.address and not self.address.startswith("accounts/2fa/")

    @property
    def site_is_chosen_by_the_user(self) -> bool:
        """``/dicom-web/studies/...`` means the one site of whoever asks, whatever it names."""
        return self.address.startswith("dicom-web/") and "sites/" not in self.address

    def __str__(self) -> str:
        return f"{self.method} {self.address} {self.state}"


def rows() -> list[Row]:
    header, *lines = MATRIX.strip().splitlines()
    letters = header.split()[3:-1]
    assert letters == list(ROLES)
    found = []
    for line in lines:
        first, method, state, *marks, answer = line.split()
        allowed = {letter for letter, mark in zip(letters, marks, strict=True) if mark == "x"}
        answers = frozenset() if answer == "-" else frozenset(map(int, answer.split("/")))
        found += [
            Row(address, method, state, frozenset(allowed), answers)
            for address in _addresses(first)
        ]
    return found


def _addresses(written: str) -> list[str]:
    if written == "<>":
        return [""]
    for name, part in DICOM_LEVELS.items():
        written = written.replace(f"{{{name}}}", part)
    if "*" not in written:
        return [written]
    return [written.replace("*", service) for service in ("", "sites/<slug:slug>/")]
