//! Who may sign in: shown, added, changed.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::session::{broken, unreadable};
use super::{Caller, Gate, Problem, with_right};
use crate::clock;
use crate::model::Wall;
use crate::people::{self, Change, NotAdded, Person, PersonName, Right, Role, one_time};

/// The pages of this file.
pub(super) fn pages(gate: &Gate) -> OpenApiRouter<Gate> {
    let pages =
        OpenApiRouter::new().routes(routes!(list, add)).routes(routes!(change)).routes(routes!(reset));
    with_right(gate, Right::People, pages)
}

/// Somebody who may sign in.
#[derive(Debug, Serialize, ToSchema)]
struct User {
    name: PersonName,
    full_name: String,
    role: Role,
    /// What they may do.
    rights: BTreeSet<Right>,
    /// Their own rights, where they are not those of the role.
    own_rights: Option<BTreeSet<Right>>,
    /// The only cameras (at the province: centres) that they see; null is all.
    only: Option<BTreeSet<String>>,
    /// Whether they may not sign in any more.
    disabled: bool,
    /// Whether they have not yet replaced the password that was made for them.
    must_change: bool,
    made_at: Wall,
    signed_in_at: Option<Wall>,
}

impl From<Person> for User {
    fn from(person: Person) -> Self {
        let rights = person.rights();
        let Person { name, full_name, role, own_rights, only, disabled, must_change, made_at, signed_in_at } =
            person;
        Self { name, full_name, role, rights, own_rights, only, disabled, must_change, made_at, signed_in_at }
    }
}

/// Everybody.
#[derive(Debug, Serialize, ToSchema)]
struct Users {
    users: Vec<User>,
}

/// Somebody new.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewUser {
    name: PersonName,
    full_name: String,
    role: Role,
    /// Rights instead of the role's.
    rights: Option<BTreeSet<Right>>,
    /// Only these cameras (at the province: centres).
    only: Option<BTreeSet<String>>,
}

/// Somebody who was added, and the password to sign in with once. It is not shown again.
#[derive(Debug, Serialize, ToSchema)]
struct Added {
    user: User,
    password: String,
}

/// What is to be different; what is not there stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ChangedUser {
    full_name: Option<String>,
    role: Option<Role>,
    /// Rights instead of the role's; null for those of the role.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<BTreeSet<Right>>)]
    rights: Option<Option<BTreeSet<Right>>>,
    /// Only these cameras (at the province: centres); null for all.
    #[serde(default, deserialize_with = "said")]
    #[schema(value_type = Option<BTreeSet<String>>)]
    only: Option<Option<BTreeSet<String>>>,
    disabled: Option<bool>,
}

/// A password to sign in with once. It is not shown again.
#[derive(Debug, Serialize, ToSchema)]
struct OneTime {
    password: String,
}

/// Tells a null that was said from nothing said.
fn said<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Everybody who may sign in.
#[utoipa::path(get, path = "/api/users", tag = "people", responses((status = 200, body = Users)))]
async fn list(State(gate): State<Gate>, _: Caller) -> Result<Json<Users>, Problem> {
    let users = gate.register.all().await?.into_iter().map(User::from).collect();
    Ok(Json(Users { users }))
}

/// Adds somebody.
#[utoipa::path(post, path = "/api/users", tag = "people", request_body = NewUser, responses(
    (status = 201, body = Added), (status = 400, body = super::ProblemBody), (status = 409, body = super::ProblemBody)))]
async fn add(
    State(gate): State<Gate>,
    caller: Caller,
    asked: Result<Json<NewUser>, JsonRejection>,
) -> Result<(StatusCode, Json<Added>), Problem> {
    let Json(asked) = asked.map_err(unreadable)?;
    let new = Person {
        name: asked.name,
        full_name: full_name(&asked.full_name)?,
        role: asked.role,
        own_rights: asked.rights,
        only: asked.only.map(places).transpose()?,
        disabled: false,
        must_change: true,
        made_at: clock::now().wall,
        signed_in_at: None,
    };
    let password = one_time().map_err(broken)?;
    let digest = gate.secrets.digest(&password).await.map_err(broken)?;
    gate.register.add(&new, &digest, (caller.name(), &caller.from)).await.map_err(refused)?;
    Ok((StatusCode::CREATED, Json(Added { user: new.into(), password })))
}

/// Changes somebody. Who loses a right loses it at once.
#[utoipa::path(patch, path = "/api/users/{name}", tag = "people", request_body = ChangedUser,
    params(("name" = String, Path)), responses(
    (status = 200, body = User), (status = 400, body = super::ProblemBody), (status = 404, body = super::ProblemBody),
    (status = 409, body = super::ProblemBody)))]
async fn change(
    State(gate): State<Gate>,
    caller: Caller,
    Path(name): Path<String>,
    asked: Result<Json<ChangedUser>, JsonRejection>,
) -> Result<Json<User>, Problem> {
    let name = known(&name)?;
    let Json(asked) = asked.map_err(unreadable)?;
    let only = match asked.only {
        Some(Some(only)) => Some(Some(places(only)?)),
        other => other,
    };
    let change = Change {
        full_name: asked.full_name.map(|text| full_name(&text)).transpose()?,
        role: asked.role,
        own_rights: asked.rights,
        only,
        disabled: asked.disabled,
    };
    let by = (caller.name(), &*caller.from);
    let person = gate.register.change(&name, change, by, clock::now().wall).await.map_err(refused)?;
    if person.disabled {
        gate.sessions().end_all_of(&name, None);
    }
    Ok(Json(person.into()))
}

/// Makes a new password for somebody to sign in with once; the old one is of no use from now on.
#[utoipa::path(post, path = "/api/users/{name}/password", tag = "people", params(("name" = String, Path)), responses(
    (status = 200, body = OneTime), (status = 404, body = super::ProblemBody)))]
async fn reset(
    State(gate): State<Gate>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<OneTime>, Problem> {
    let name = known(&name)?;
    let password = one_time().map_err(broken)?;
    let digest = gate.secrets.digest(&password).await.map_err(broken)?;
    let by = (caller.name(), &*caller.from);
    gate.register.set_password(&name, &digest, false, by, clock::now().wall).await.map_err(refused)?;
    gate.sessions().end_all_of(&name, None);
    Ok(Json(OneTime { password }))
}

fn known(name: &str) -> Result<PersonName, Problem> {
    PersonName::new(name).map_err(|_| Problem::not_found("there is nobody of this name"))
}

fn full_name(text: &str) -> Result<String, Problem> {
    people::full_name(text).map_err(|why| Problem::bad_request(format!("full_name: {why}")))
}

fn places(only: BTreeSet<String>) -> Result<BTreeSet<String>, Problem> {
    people::places(only).map_err(Problem::bad_request)
}

pub(super) fn refused(why: NotAdded) -> Problem {
    match why {
        NotAdded::Taken(_) => Problem::conflict(why.to_string()).code("taken"),
        NotAdded::Last(_) => Problem::conflict(why.to_string()).code("last"),
        NotAdded::Unknown(_) => Problem::not_found(why.to_string()),
        NotAdded::Failed(e) => e.into(),
    }
}
