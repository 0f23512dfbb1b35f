"""The built-in policy: what the two source documents ask, one rule for each sentence, each naming its requirement."""

from __future__ import annotations

from wardmail.model.classification import Sensitivity
from wardmail.model.decision import Protection
from wardmail.model.integration import IntegrationState
from wardmail.model.refusal import Refusal
from wardmail.model.route import RouteKind, TlsLevel
from wardmail.model.standing import Standing
from wardmail.policy.conditions import (
    AgreementAllows,
    AllOf,
    AnyOf,
    Condition,
    IntegrationIsActive,
    IsTimeCritical,
    Not,
    RecipientIs,
    RequiresTls,
    RouteHasSecureTag,
    RouteIsAccredited,
    RouteKindIs,
    SensitivityAtLeast,
    StandingIs,
)
from wardmail.policy.conditions_of_register import HasIamsReference, IntegrationStateIs, RecipientIsOnTheTeam
from wardmail.policy.conditions_of_traffic import IntegrationIsPaused, IsBulk, IsSuppressed, RouteCarriesBulk
from wardmail.policy.effects import Hold, Protect, Refuse, RequireTls, RouteByIntegration
from wardmail.policy.evaluate import Rule
from wardmail.policy.facts import Cover

POLICY_VERSION = "built-in-2"

_SENSITIVE = SensitivityAtLeast(Sensitivity.OFFICIAL_SENSITIVE)
_NOT_KNOWN_SECURE: Condition = Not(StandingIs(Standing.SECURE))
_AGREED_TLS = AgreementAllows(Cover.VERIFIED_TLS)
_MATTERS: Condition = AnyOf((_SENSITIVE, IsTimeCritical()))
_ON_SANDBOX = RouteKindIs(RouteKind.SANDBOX)

SECRET_REFUSED = Refusal(
    550,
    "5.7.1",
    "Information at SECRET or above must not be sent by this service; contact your security team",
    "WM-POLICY-SECRET",
)
SUSPENDED_REFUSED = Refusal(
    550, "5.7.1", "This integration is suspended; contact the mail team", "WM-INTEGRATION-SUSPENDED"
)
NOT_SECURE_REFUSED = Refusal(
    550,
    "5.7.1",
    "This recipient's domain must not be sent sensitive information",
    "WM-POLICY-NOT-SECURE",
)
BULK_REFUSED = Refusal(
    550,
    "5.7.1",
    "This is mass mail, and the integration has no bulk route; ask the mail team for one",
    "WM-BULK-NO-ROUTE",
)
SUPPRESSED_REFUSED = Refusal(
    550,
    "5.1.0",
    "Mail to this address failed for good or was complained about before; ask the mail team to take it off the list",
    "WM-SUPPRESSED",
)
PAUSED_REFUSED = Refusal(
    451,
    "4.7.0",
    "This integration is paused, because too much of its mail was refused; the mail team knows why",
    "WM-INTEGRATION-PAUSED",
)
DRAFT_REFUSED = Refusal(
    550, "5.7.1", "This integration is a draft, and may not send until its trial begins", "WM-INTEGRATION-DRAFT"
)
TRIAL_REFUSED = Refusal(
    550,
    "5.7.1",
    "This integration is in its trial, and may write only to its named team until it goes live",
    "WM-INTEGRATION-TRIAL",
)
LAPSED_REFUSED = Refusal(
    550,
    "5.7.1",
    "This integration's record has lapsed: it must be reviewed and completed before it may send",
    "WM-INTEGRATION-LAPSED",
)
RETIRED_REFUSED = Refusal(550, "5.7.1", "This integration is retired", "WM-INTEGRATION-RETIRED")

BUILT_IN_RULES: tuple[Rule, ...] = (
    Rule("route", "SEND-2", Not(IsBulk()), RouteByIntegration(), "it goes by the integration's route"),
    Rule(
        "suspended",
        "SEND-6",
        Not(IntegrationIsActive()),
        Refuse(SUSPENDED_REFUSED),
        "the integration is suspended",
    ),
    Rule(
        "secret",
        "SEC-4",
        SensitivityAtLeast(Sensitivity.SECRET),
        Refuse(SECRET_REFUSED),
        "information at SECRET or above needs other handling",
    ),
    Rule(
        "not-secure",
        "SHARE-1",
        AllOf((_SENSITIVE, StandingIs(Standing.NOT_SECURE))),
        Refuse(NOT_SECURE_REFUSED),
        "it is sensitive, and the recipient's domain is known not to be secure",
    ),
    Rule(
        "sensitive-tls",
        "SHARE-9",
        _SENSITIVE,
        RequireTls(TlsLevel.VERIFIED),
        "it is sensitive, so TLS with a verified name is required",
    ),
    Rule(
        "require-tls",
        "SEC-1",
        RequiresTls(),
        RequireTls(TlsLevel.VERIFIED),
        "the sender asked for TLS on every hop",
    ),
    Rule(
        "accredited-route",
        "SEC-2",
        AllOf((_SENSITIVE, Not(RouteIsAccredited()), Not(_ON_SANDBOX))),
        Hold(),
        "it is sensitive, and the route has no DCB1596 accreditation that is in date",
    ),
    Rule(
        "agreement",
        "SHARE-6",
        AllOf((_SENSITIVE, _NOT_KNOWN_SECURE, _AGREED_TLS)),
        RequireTls(TlsLevel.VERIFIED),
        "a sharing agreement covers it, and is content with verified TLS",
    ),
    Rule(
        "tag",
        "SHARE-1",
        AllOf((_SENSITIVE, _NOT_KNOWN_SECURE, Not(_AGREED_TLS), RouteHasSecureTag())),
        Protect(Protection.SECURE_TAG),
        "it is sensitive and the recipient's domain is not known to be secure: the upstream encrypts it",
    ),
    Rule(
        "unknown-domain",
        "SHARE-6",
        AllOf((_SENSITIVE, _NOT_KNOWN_SECURE, Not(_AGREED_TLS), Not(RouteHasSecureTag()))),
        Hold(),
        "it is sensitive, the recipient's domain is not known to be secure, and no sharing agreement lets it go",
    ),
    Rule(
        "time-critical",
        "SHARE-9",
        AllOf((_SENSITIVE, _NOT_KNOWN_SECURE, Not(_AGREED_TLS), Not(RouteHasSecureTag()), IsTimeCritical())),
        Hold(urgent=True),
        "it is time-critical and cannot be sent securely: a named person must look at once",
    ),
    Rule(
        "simulator-held",
        "SEND-2",
        AllOf((_ON_SANDBOX, RecipientIs("held@sandbox.invalid"))),
        Hold(),
        "the sandbox's held@ address is always held",
    ),
    Rule(
        "bulk-route",
        "SEND-4",
        AllOf((IsBulk(), RouteCarriesBulk())),
        RouteByIntegration(),
        "it is mass mail: it goes by the integration's bulk route",
    ),
    Rule(
        "bulk",
        "SEND-4",
        AllOf((IsBulk(), Not(RouteCarriesBulk()))),
        Refuse(BULK_REFUSED),
        "it is mass mail, and the integration has no bulk route",
    ),
    Rule(
        "suppressed",
        "SEND-3",
        AllOf((IsSuppressed(), Not(_MATTERS))),
        Refuse(SUPPRESSED_REFUSED),
        "the recipient is on the suppression list",
    ),
    Rule(
        "suppressed-held",
        "SEND-3",
        AllOf((IsSuppressed(), _MATTERS)),
        Hold(),
        "the recipient is on the suppression list, and the message matters too much to be refused unseen",
    ),
    Rule(
        "paused",
        "SEND-3",
        AllOf((IntegrationIsPaused(), Not(IsTimeCritical()))),
        Refuse(PAUSED_REFUSED),
        "too much of the integration's mail was refused lately, so it is paused",
    ),
    Rule(
        "paused-held",
        "SEND-3",
        AllOf((IntegrationIsPaused(), IsTimeCritical())),
        Hold(urgent=True),
        "the integration is paused, and the message is time-critical: a person must look at once",
    ),
    Rule(
        "draft",
        "RECV-7",
        IntegrationStateIs(IntegrationState.DRAFT),
        Refuse(DRAFT_REFUSED),
        "the integration is a draft",
    ),
    Rule(
        "trial",
        "RECV-7",
        AllOf((IntegrationStateIs(IntegrationState.TRIAL), Not(_ON_SANDBOX), Not(RecipientIsOnTheTeam()))),
        Refuse(TRIAL_REFUSED),
        "the integration is in its trial, and the recipient is not one of its named team",
    ),
    Rule(
        "due",
        "RECV-8",
        IntegrationStateIs(IntegrationState.DUE),
        Hold(releasable=False),
        "the integration's record is overdue: mend it, or have an override approved",
    ),
    Rule(
        "lapsed",
        "RECV-8",
        IntegrationStateIs(IntegrationState.LAPSED),
        Refuse(LAPSED_REFUSED),
        "the integration's record has lapsed",
    ),
    Rule(
        "retired",
        "RECV-8",
        IntegrationStateIs(IntegrationState.RETIRED),
        Refuse(RETIRED_REFUSED),
        "the integration is retired",
    ),
    Rule(
        "iams",
        "SEC-3",
        AllOf((_SENSITIVE, Not(HasIamsReference()), Not(_ON_SANDBOX))),
        Hold(),
        "it is sensitive, and the integration has no IAMS reference on record",
    ),
)
