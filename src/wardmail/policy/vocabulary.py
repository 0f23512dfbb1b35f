"""Every condition and effect there is: what a rule can be written with."""

from __future__ import annotations

from wardmail.policy import conditions as c
from wardmail.policy import conditions_of_register as r
from wardmail.policy import conditions_of_traffic as t
from wardmail.policy import effects as e

CONDITIONS: tuple[type, ...] = (
    c.Always,
    c.SensitivityAtLeast,
    c.StandingIs,
    c.RouteKindIs,
    c.RouteIsAccredited,
    c.RouteHasSecureTag,
    c.IntegrationIs,
    c.IntegrationIsActive,
    c.IsTimeCritical,
    c.RequiresTls,
    c.AgreementAllows,
    c.RecipientIs,
    c.RecipientIsAt,
    t.IsBulk,
    t.RouteCarriesBulk,
    t.RouteIsUserFacing,
    t.IsSuppressed,
    t.IntegrationIsPaused,
    r.IntegrationStateIs,
    r.RecipientIsOnTheTeam,
    r.HasIamsReference,
    c.Not,
    c.AllOf,
    c.AnyOf,
)

EFFECTS: tuple[type, ...] = (e.Refuse, e.Hold, e.Protect, e.RequireTls, e.RouteByIntegration)
