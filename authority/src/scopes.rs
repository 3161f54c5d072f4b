//! What each operation needs, and what the audit trail calls it: one table.
//!
//! The vendor publishes no scope for access tokens, roles, users and external token validators. Those here are *inferred* from the names of its
//! other scopes and of its permissions, and marked so; nobody has proved them on a live server.

use gatepass::{Api, Area, Level, Scope};

/// What a caller must show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needs {
    /// Nothing, or what the operation asks for by itself.
    Nothing,
    /// A credential that is good, whatever it permits.
    Credential,
    /// The scope of an area at a level.
    Area(Area, Level),
    /// A scope that stands alone.
    Scope(Scope),
    /// The permission to verify tokens of some API.
    Verify,
    /// Being on this machine, or else this scope.
    LoopbackOr(Area, Level),
    /// A token of this API, for what is no part of the authority itself: the sandbox.
    Opens(Api),
    /// What nobody has: the table has no line for it.
    Impossible,
}

impl Needs {
    /// The scope that is needed, where it is one.
    pub(crate) fn scope(self) -> Option<Scope> {
        match self {
            Self::Area(area, level) | Self::LoopbackOr(area, level) => area.scope(level),
            Self::Scope(scope) => Some(scope),
            Self::Nothing | Self::Credential | Self::Verify | Self::Opens(_) | Self::Impossible => None,
        }
    }
}

/// A line of the table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rule {
    /// The operation's id, the vendor's own where it is the vendor's.
    pub(crate) operation: &'static str,
    pub(crate) needs: Needs,
    /// Whether the scope is a guess.
    pub(crate) inferred: bool,
    /// What the audit trail calls it when it is refused.
    pub(crate) action: &'static str,
}

const fn published(operation: &'static str, action: &'static str, needs: Needs) -> Rule {
    Rule { operation, needs, inferred: false, action }
}

const fn inferred(operation: &'static str, action: &'static str, needs: Needs) -> Rule {
    Rule { operation, needs, inferred: true, action }
}

const SEE_TOKENS: Needs = Needs::Area(Area::AccessTokens, Level::View);
const CHANGE_TOKENS: Needs = Needs::Area(Area::AccessTokens, Level::Edit);
const SEE_ROLES: Needs = Needs::Area(Area::Roles, Level::View);
const CHANGE_ROLES: Needs = Needs::Area(Area::Roles, Level::Edit);
const SEE_USERS: Needs = Needs::Area(Area::Users, Level::View);
const CHANGE_USERS: Needs = Needs::Area(Area::Users, Level::Edit);
/// The vendor's settings, one of which validators are.
const SEE_SETTINGS: Needs = Needs::Area(Area::Settings, Level::View);
const CHANGE_SETTINGS: Needs = Needs::Area(Area::Settings, Level::Edit);
/// The trail tells who did what from where: what those see who look after access.
const SEE_AUDIT: Needs = Needs::Area(Area::AccessControl, Level::View);

const REST: Needs = Needs::Opens(Api::Rest);
const SCIM: Needs = Needs::Opens(Api::Scim);

pub(crate) const RULES: &[Rule] = &[
    inferred("get-access-token-list", "token.list", SEE_TOKENS),
    inferred("create-access-token", "token.create", CHANGE_TOKENS),
    inferred("get-access-token", "token.get", SEE_TOKENS),
    inferred("delete-access-token", "token.delete", CHANGE_TOKENS),
    published("post-login", "session.begin", Needs::Nothing),
    published("post-login-v2", "session.begin", Needs::Nothing),
    published("put-token-refresh", "session.refresh", Needs::Nothing),
    published("delete-auth-token", "session.end", Needs::Scope(Scope::REVOKE_TOKENS)),
    published("validate-adap-token", "token.validate", Needs::Nothing),
    inferred("get-role-list", "role.list", SEE_ROLES),
    inferred("create-role", "role.create", CHANGE_ROLES),
    inferred("get-role", "role.get", SEE_ROLES),
    inferred("update-role", "role.update", CHANGE_ROLES),
    inferred("delete-role", "role.delete", CHANGE_ROLES),
    inferred("get-user-list", "user.list", SEE_USERS),
    inferred("create-user", "user.create", CHANGE_USERS),
    inferred("get-user", "user.get", SEE_USERS),
    inferred("update-user", "user.update", CHANGE_USERS),
    inferred("delete-user", "user.delete", CHANGE_USERS),
    inferred("update-user-roles", "user.update", CHANGE_USERS),
    inferred("get-external-token-validator-list", "validator.list", SEE_SETTINGS),
    inferred("create-external-token-validator", "validator.create", CHANGE_SETTINGS),
    inferred("get-external-token-validator", "validator.get", SEE_SETTINGS),
    inferred("update-external-token-validator", "validator.update", CHANGE_SETTINGS),
    inferred("delete-external-token-validator", "validator.delete", CHANGE_SETTINGS),
    inferred("test-external-token-validator", "validator.test", CHANGE_SETTINGS),
    published("server-info", "server.info", Needs::Nothing),
    inferred("list-tokens", "token.list", SEE_TOKENS),
    inferred("list-expiring-tokens", "token.list", SEE_TOKENS),
    inferred("rotate-token", "token.rotate", CHANGE_TOKENS),
    inferred("settle-rotation", "token.settle", CHANGE_TOKENS),
    inferred("revoke-token", "token.revoke", CHANGE_TOKENS),
    inferred("revoke-tokens", "token.revoke", CHANGE_TOKENS),
    inferred("purge-tokens", "token.purge", CHANGE_TOKENS),
    published("get-self", "self.get", Needs::Credential),
    published("end-own-session", "session.end", Needs::Credential),
    published("list-audit", "audit.list", SEE_AUDIT),
    published("report-leak", "token.leaked", Needs::Nothing),
    published("introspect", "token.introspect", Needs::Verify),
    published("get-snapshot", "feed.snapshot", Needs::Verify),
    published("get-changes", "feed.changes", Needs::Verify),
    published("report-usage", "usage.report", Needs::Verify),
    inferred("list-replicas", "replica.list", SEE_TOKENS),
    published("get-metrics", "metrics.get", Needs::LoopbackOr(Area::Dashboard, Level::View)),
    published("get-health", "health.get", Needs::Nothing),
    published("get-readiness", "health.get", Needs::Nothing),
    published("get-openapi", "openapi.get", Needs::Nothing),
    // The console's own: each looks for the cookie by itself, so that nothing but the console is asked for it.
    published("get-console", "console.get", Needs::Nothing),
    published("get-console-file", "console.get", Needs::Nothing),
    published("get-console-session", "session.get", Needs::Nothing),
    published("begin-console-session", "session.begin", Needs::Nothing),
    published("renew-console-session", "session.refresh", Needs::Nothing),
    published("end-console-session", "session.end", Needs::Nothing),
    published("change-own-password", "user.password", Needs::Nothing),
    published("adap-bind", "adap.bind", REST),
    published("adap-add", "adap.add", REST),
    published("adap-rename", "adap.rename", REST),
    published("adap-rootdse", "adap.search", REST),
    published("adap-bulk", "adap.bulk", REST),
    published("adap-search", "adap.search", REST),
    published("adap-replace", "adap.replace", REST),
    published("adap-modify", "adap.modify", REST),
    published("adap-delete", "adap.delete", REST),
    published("scim-config", "scim.discover", SCIM),
    published("scim-schemas", "scim.discover", SCIM),
    published("scim-schema", "scim.discover", SCIM),
    published("scim-types", "scim.discover", SCIM),
    published("scim-type", "scim.discover", SCIM),
    published("scim-types-of-vendor", "scim.discover", SCIM),
    published("scim-list", "scim.list", SCIM),
    published("scim-search", "scim.search", SCIM),
    published("scim-bulk", "scim.bulk", SCIM),
    published("scim-list-users", "scim.list", SCIM),
    published("scim-create-user", "scim.create", SCIM),
    published("scim-search-users", "scim.search", SCIM),
    published("scim-get-user", "scim.get", SCIM),
    published("scim-replace-user", "scim.replace", SCIM),
    published("scim-patch-user", "scim.patch", SCIM),
    published("scim-delete-user", "scim.delete", SCIM),
    published("scim-list-groups", "scim.list", SCIM),
    published("scim-create-group", "scim.create", SCIM),
    published("scim-search-groups", "scim.search", SCIM),
    published("scim-get-group", "scim.get", SCIM),
    published("scim-replace-group", "scim.replace", SCIM),
    published("scim-patch-group", "scim.patch", SCIM),
    published("scim-delete-group", "scim.delete", SCIM),
];

/// The line of an operation. One without a line is closed to everybody.
pub(crate) fn rule(operation: &'static str) -> Rule {
    let found = RULES.iter().find(|rule| rule.operation == operation).copied();
    found.unwrap_or(published(operation, "unknown", Needs::Impossible))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_has_one_line_and_every_line_an_operation() {
        let all = crate::endpoint::all().into_iter().chain(crate::sandbox::endpoints());
        let mut endpoints: Vec<_> = all.map(|endpoint| endpoint.id).collect();
        let mut lines: Vec<_> = RULES.iter().map(|rule| rule.operation).collect();
        endpoints.sort_unstable();
        lines.sort_unstable();
        assert_eq!(endpoints, lines);
    }

    #[test]
    fn every_area_that_is_needed_has_a_scope() {
        for rule in RULES {
            let of_area = matches!(rule.needs, Needs::Area(..) | Needs::LoopbackOr(..));
            assert!(!of_area || rule.needs.scope().is_some(), "{}", rule.operation);
        }
    }
}
